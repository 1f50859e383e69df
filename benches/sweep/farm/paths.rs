//! Where the path of MAIL or RCPT leads, read without a copy.

use super::names::Names;

/// Where a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Somewhere else.
    Abroad,
    /// The server's own postmaster, the one user that it has.
    Postmaster,
    /// A user of the server's own whom it does not know.
    Stranger,
}

/// The path in `FROM:<path> parameters` or `TO:<path> parameters`.
pub(super) fn path_of(argument: &[u8]) -> &[u8] {
    let colon = argument.iter().position(|byte| *byte == b':').map_or(0, |at| at + 1);
    let text = argument.get(colon..).unwrap_or_default().trim_ascii();
    match text.strip_prefix(b"<") {
        Some(inner) => {
            let end = inner.iter().rposition(|byte| *byte == b'>').unwrap_or(inner.len());
            inner.get(..end).unwrap_or_default()
        }
        None => text.split(u8::is_ascii_whitespace).next().unwrap_or_default(),
    }
}

/// A mailbox without its source route, split at the last `@` outside quotes.
pub(super) fn split(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mailbox = without_route(path);
    let (mut quoted, mut last) = (false, None);
    for (at, byte) in mailbox.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'@' if !quoted => last = Some(at),
            _ => {}
        }
    }
    match last.and_then(|at| mailbox.split_at_checked(at)) {
        Some((local_part, domain)) => (local_part, domain.get(1..)),
        None => (mailbox, None),
    }
}

/// Where the path leads once every routing sign (a second `@`, `!`, `%`) behind a domain of the
/// server's own is resolved, quoted or not, as Postfix does.
pub(super) fn resolve(path: &[u8], names: &Names) -> Way {
    let (mut local_part, mut domain) = split(path);
    loop {
        if domain.is_some_and(|name| !name.is_empty() && !names.is_local(name)) {
            return Way::Abroad;
        }
        local_part = unquoted(local_part);
        let next = cut_last(local_part, b'@')
            .or_else(|| cut_first(local_part, b'!').map(|(site, user)| (user, site)))
            .or_else(|| cut_last(local_part, b'%'));
        match next {
            Some((user, site)) => (local_part, domain) = (user, Some(site)),
            None if local_part.eq_ignore_ascii_case(b"postmaster") => return Way::Postmaster,
            None => return Way::Stranger,
        }
    }
}

/// Whether a percent sign behind a domain of the server's own leads to a foreign one.
pub(super) fn percent_leads_abroad(path: &[u8], names: &Names) -> bool {
    let (local_part, domain) = split(path);
    if domain.is_some_and(|name| !names.is_local(name)) {
        return false;
    }
    let mut rest = unquoted(local_part);
    while let Some((user, site)) = cut_last(rest, b'%') {
        if !names.is_local(site) {
            return !site.is_empty() && !site.contains(&b'@') && !user.is_empty();
        }
        rest = user;
    }
    false
}

/// The local part without the quotes around it.
pub(super) fn unquoted(local_part: &[u8]) -> &[u8] {
    let inner = local_part.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    inner.unwrap_or(local_part)
}

fn without_route(path: &[u8]) -> &[u8] {
    if path.first() != Some(&b'@') {
        return path;
    }
    let end = path.iter().rposition(|byte| *byte == b':').map_or(0, |at| at + 1);
    path.get(end..).unwrap_or_default()
}

fn cut_last(text: &[u8], sign: u8) -> Option<(&[u8], &[u8])> {
    cut(text, text.iter().rposition(|byte| *byte == sign)?)
}

fn cut_first(text: &[u8], sign: u8) -> Option<(&[u8], &[u8])> {
    cut(text, text.iter().position(|byte| *byte == sign)?)
}

fn cut(text: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn names() -> Names {
        Names::new(Ipv4Addr::new(127, 1, 35, 69))
    }

    #[test]
    fn paths_stand_in_brackets_or_alone() {
        for (argument, path) in [
            (" FROM:<a@b.test> SIZE=10", "a@b.test"),
            (" TO:<\"a>b\"@c.test>", "\"a>b\"@c.test"),
            (" FROM:<>", ""),
            (" TO: a@b.test X=1", "a@b.test"),
            (" TO:<@farm.test:a@b.test>", "@farm.test:a@b.test"),
        ] {
            assert_eq!(path_of(argument.as_bytes()), path.as_bytes(), "{argument}");
        }
    }

    #[test]
    fn every_routing_sign_behind_a_local_domain_is_resolved() {
        for (path, way) in [
            ("c@audit.test", Way::Abroad),
            ("c%audit.test@farm.test", Way::Abroad),
            ("c%audit.test@[127.1.35.69]", Way::Abroad),
            ("c%audit.test", Way::Abroad),
            ("\"c@audit.test\"", Way::Abroad),
            ("\"c@audit.test\"@farm.test", Way::Abroad),
            ("\"c%audit.test\"", Way::Abroad),
            ("c@audit.test@farm.test", Way::Abroad),
            ("@farm.test:c@audit.test", Way::Abroad),
            ("audit.test!c", Way::Abroad),
            ("audit.test!c@mx-7f012345.farm.test", Way::Abroad),
            ("c@mx-7f012346.farm.test", Way::Abroad),
            ("c@[192.0.2.1]", Way::Abroad),
            ("c@[127.1.35.69]", Way::Stranger),
            ("c@localhost", Way::Stranger),
            ("c@FARM.test.", Way::Stranger),
            ("c", Way::Stranger),
            ("Postmaster", Way::Postmaster),
            ("postmaster@MX-7F012345.farm.test", Way::Postmaster),
        ] {
            assert_eq!(resolve(path.as_bytes(), &names()), way, "{path}");
        }
    }

    #[test]
    fn only_percent_signs_lead_through_the_percent_hack() {
        for (path, leads) in [
            ("c%audit.test@farm.test", true),
            ("\"c%audit.test\"", true),
            ("c%audit.test%farm.test@localhost", true),
            ("c%farm.test@farm.test", false),
            ("c%a.test@audit.test", false),
            ("\"c@audit.test\"@farm.test", false),
            ("audit.test!c", false),
        ] {
            assert_eq!(percent_leads_abroad(path.as_bytes(), &names()), leads, "{path}");
        }
    }
}
