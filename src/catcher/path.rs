//! Which recipients are the canary's.

/// The longest path that is taken (RFC 5321 section 4.5.3.1.3).
const LONGEST: usize = 256;

/// Whose a forward-path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A mailbox of the canary's domain and nothing else.
    Canary,
    /// Anyone else's, or one that some server would send on to someone else.
    Other,
    /// No path at all.
    Nobody,
}

/// What stands between the brackets of `MAIL FROM:<…>` and `RCPT TO:<…>`, quoted brackets left
/// aside.
pub(super) fn bracketed(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let path = line.get(colon + 1..)?.trim_ascii_start().strip_prefix(b"<")?;
    let (mut quoted, mut escaped) = (false, false);
    let end = path.iter().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        b'"' => {
            quoted = !quoted;
            false
        }
        b'>' => !quoted,
        _ => false,
    })?;
    path.get(..end).filter(|path| path.len() <= LONGEST)
}

/// Judges a forward-path without its brackets. A source route, and a local part that itself holds
/// an address (`user%host`, `host!user`, `"user@host"`), are never the canary's.
pub(super) fn owner(path: &[u8], domain: &str) -> Owner {
    let Some(at) = path.iter().rposition(|byte| *byte == b'@') else {
        return if path.is_empty() { Owner::Nobody } else { Owner::Other };
    };
    let (local, rest) = path.split_at(at);
    let host = rest.get(1..).unwrap_or_default();
    if local.is_empty() || host.is_empty() {
        return Owner::Nobody;
    }
    if !host.eq_ignore_ascii_case(domain.as_bytes()) {
        return Owner::Other;
    }
    let inner = local.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
    let text = inner.unwrap_or(local);
    if text.iter().any(|byte| matches!(byte, b'@' | b'%' | b'!' | b':' | b',')) {
        return Owner::Other;
    }
    let sound = match inner {
        Some(inner) => inner.iter().all(|b| matches!(b, b' '..=b'~') && !b"\"\\".contains(b)),
        None => {
            local.iter().all(|b| b.is_ascii_alphanumeric() || b".#$&'*+-/=?^_`{|}~".contains(b))
        }
    };
    if sound { Owner::Canary } else { Owner::Nobody }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_mailboxes_of_the_domain_are_the_canarys() {
        use Owner::{Canary, Nobody, Other};
        let table = [
            ("u@audit.test", Canary),
            ("u+tag.x-y_z@AUDIT.Test", Canary),
            ("postmaster@audit.test", Canary),
            ("\"john doe\"@audit.test", Canary),
            ("u@target.test", Other),
            ("u@sub.audit.test", Other),
            ("u@xaudit.test", Other),
            ("u@audit.test.", Other),
            ("u@[127.0.0.1]", Other),
            ("postmaster", Other),
            ("u%target.test@audit.test", Other),
            ("target.test!u@audit.test", Other),
            ("\"u@target.test\"@audit.test", Other),
            ("\"u%target.test\"@audit.test", Other),
            ("\"target.test!u\"@audit.test", Other),
            ("u@target.test@audit.test", Other),
            ("@audit.test:u@target.test", Other),
            ("@target.test:u@audit.test", Other),
            ("@target.test,@b.test:u@audit.test", Other),
            ("u:x@audit.test", Other),
            ("\"u@audit.test\"", Other),
            ("", Nobody),
            ("@audit.test", Nobody),
            ("u@", Nobody),
            ("a b@audit.test", Nobody),
            ("\"a\\\"b\"@audit.test", Nobody),
            ("\"a\u{1}b\"@audit.test", Nobody),
            ("\u{e4}@audit.test", Nobody),
            ("\"@audit.test", Nobody),
        ];
        for (path, want) in table {
            assert_eq!(owner(path.as_bytes(), "audit.test"), want, "{path:?}");
        }
    }

    #[test]
    fn paths_stand_in_brackets() {
        let long = format!("RCPT TO:<{}@audit.test>", "u".repeat(300));
        let table = [
            ("MAIL FROM:<>", Some("")),
            ("mail from: <a@b> SIZE=1", Some("a@b")),
            ("RCPT TO:<\"a>b\"@c>", Some("\"a>b\"@c")),
            ("RCPT TO:<a\\>b@c>", Some("a\\>b@c")),
            ("RCPT TO:<@a,@b:u@c>", Some("@a,@b:u@c")),
            ("RCPT TO:a@b", None),
            ("RCPT TO:<a@b", None),
            ("RCPT <a@b>", None),
            (long.as_str(), None),
        ];
        for (line, want) in table {
            assert_eq!(bracketed(line.as_bytes()), want.map(str::as_bytes), "{line}");
        }
    }
}
