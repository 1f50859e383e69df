//! What the form of a path means for the server's patience.

use std::net::IpAddr;

/// The address literal of RFC 5321 section 4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
pub fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }
}

/// True when a sound server may call this path a syntax error: no domain, a final dot, a second
/// unquoted `@`, or an address literal.
///
/// Some servers end the session after three such errors, so the planner counts them beforehand.
pub fn is_syntax_risk(path: &[u8]) -> bool {
    if path.is_empty() {
        return false;
    }
    let mut quoted = false;
    let mut escaped = false;
    let mut ats = 0;
    let mut after_at = 0;
    // A source route is valid syntax; what counts is the mailbox behind it.
    let mailbox = match path.first() {
        Some(b'@') => path.splitn(2, |b| *b == b':').nth(1).unwrap_or(path),
        _ => path,
    };
    for (index, byte) in mailbox.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'@' if !quoted => {
                ats += 1;
                after_at = index + 1;
            }
            _ => {}
        }
    }
    let domain = mailbox.get(after_at..).unwrap_or_default();
    ats != 1 || domain.is_empty() || domain.ends_with(b".") || domain.starts_with(b"[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_follow_the_rfc() {
        assert_eq!(literal("192.0.2.1".parse().unwrap()), "[192.0.2.1]");
        assert_eq!(literal("2001:db8::1".parse().unwrap()), "[IPv6:2001:db8::1]");
    }

    #[test]
    fn risks() {
        let table: [(&str, bool); 13] = [
            ("", false),
            ("u@example.test", false),
            ("u%e@h.test", false),
            ("\"u@e\"@h.test", false),
            ("@h.test:u@e.test", false),
            ("e!u@h.test", false),
            ("u", true),
            ("\"u@e.test\"", true),
            ("e.test!u", true),
            ("u@e@h", true),
            ("u@e.test.", true),
            ("u@[192.0.2.1]", true),
            ("u@e@", true),
        ];
        for (path, want) in table {
            assert_eq!(is_syntax_risk(path.as_bytes()), want, "{path}");
        }
    }
}
