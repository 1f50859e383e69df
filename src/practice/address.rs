//! How a mail server reads the paths of MAIL and RCPT.

/// How many routing signs are resolved before the path counts as foreign.
const MAX_HOPS: usize = 32;

/// What follows the colon of `MAIL FROM:` or `RCPT TO:`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Argument<'a> {
    /// The path without its angle brackets.
    pub(super) path: &'a [u8],
    /// The parameters, not yet split.
    pub(super) parameters: &'a [u8],
}

impl<'a> Argument<'a> {
    /// Reads `<path> parameters`; a path without brackets ends at the first space. `None` when a
    /// bracket is not closed or something is glued behind it.
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let Some(inner) = text.strip_prefix(b"<") else {
            let end = position(text, |byte| byte.is_ascii_whitespace()).unwrap_or(text.len());
            let (path, parameters) = text.split_at_checked(end)?;
            return Some(Self { path, parameters: parameters.trim_ascii() });
        };
        let (path, rest) = inner.split_at_checked(position(inner, |byte| byte == b'>')?)?;
        let rest = rest.strip_prefix(b">")?;
        let separated = rest.first().is_none_or(u8::is_ascii_whitespace);
        separated.then(|| Self { path, parameters: rest.trim_ascii() })
    }
}

/// A path taken apart: the source route, then the mailbox split at its last `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    /// The hops of the source route, first hop first.
    pub(super) route: Vec<Vec<u8>>,
    /// Everything before the last `@`, quotes kept.
    pub(super) local_part: Vec<u8>,
    /// Everything behind it; empty in `user@`, absent without an `@`.
    pub(super) domain: Option<Vec<u8>>,
}

impl Mailbox {
    /// Takes a path apart; comments outside quotes are dropped. `None` for an empty path, a route
    /// without an end, or an empty local part.
    pub(super) fn read(path: &[u8]) -> Option<Self> {
        let path = without_comments(path);
        let (route, mailbox) = match path.strip_prefix(b"@") {
            None => (Vec::new(), path.as_slice()),
            Some(routed) => {
                let (hops, mailbox) = routed.split_at_checked(route_end(routed)?)?;
                let hops = hops.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
                let hops = hops.map(|hop| hop.strip_prefix(b"@").unwrap_or(hop).to_vec());
                (hops.collect(), mailbox.strip_prefix(b":")?)
            }
        };
        let (local_part, domain) = match last_position(mailbox, |byte| byte == b'@') {
            Some(at) => {
                let (local_part, domain) = mailbox.split_at_checked(at)?;
                (local_part, Some(domain.strip_prefix(b"@")?.to_vec()))
            }
            None => (mailbox, None),
        };
        let local_part = local_part.to_vec();
        (!local_part.is_empty()).then_some(Self { route, local_part, domain })
    }

    /// Where the mail goes once every routing sign (a second `@`, `!`, `%`) behind a local or
    /// absent domain is resolved, quoted or not, as Postfix does.
    pub(super) fn resolve(&self, is_local: impl Fn(&[u8]) -> bool) -> Destination {
        let mut domain = self.domain.clone();
        let mut local_part = self.local_part.clone();
        for _ in 0..MAX_HOPS {
            if domain.as_deref().is_some_and(|name| !name.is_empty() && !is_local(name)) {
                return Destination::Foreign;
            }
            let plain = dequote(&local_part);
            let next = cut(&plain, b'@', Side::Last)
                .or_else(|| cut(&plain, b'!', Side::First).map(|(site, user)| (user, site)))
                .or_else(|| cut(&plain, b'%', Side::Last));
            let Some((user, site)) = next else { return Destination::Local(plain) };
            (local_part, domain) = (user.to_vec(), Some(site.to_vec()));
        }
        Destination::Foreign
    }

    /// Whether a percent sign behind a local or absent domain leads to a foreign one.
    pub(super) fn percent_leads_abroad(&self, is_local: impl Fn(&[u8]) -> bool) -> bool {
        if self.domain.as_deref().is_some_and(|name| !is_local(name)) {
            return false;
        }
        let plain = dequote(&self.local_part);
        let mut rest = plain.as_slice();
        while let Some((user, site)) = cut(rest, b'%', Side::Last) {
            if !is_local(site) {
                return !site.is_empty() && !site.contains(&b'@') && !user.is_empty();
            }
            rest = user;
        }
        false
    }
}

/// Where a resolved path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// To this local part, dequoted, at a domain of the server.
    Local(Vec<u8>),
    /// Elsewhere.
    Foreign,
}

/// The local part without its quotes and backslashes.
pub(super) fn dequote(local_part: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(local_part.len());
    let mut bytes = local_part.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => plain.extend(bytes.next()),
            _ => plain.push(*byte),
        }
    }
    plain
}

/// The place of the first byte outside quotes that `wanted` is true for.
pub(super) fn position(text: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    unquoted(text).find(|(_, byte)| wanted(*byte)).map(|(at, _)| at)
}

/// The place of the last byte outside quotes that `wanted` is true for.
fn last_position(text: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    unquoted(text).filter(|(_, byte)| wanted(*byte)).last().map(|(at, _)| at)
}

/// The bytes outside quoted strings, with their places.
fn unquoted(text: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let (mut quoted, mut escaped) = (false, false);
    text.iter().copied().enumerate().filter(move |(_, byte)| {
        let literal = std::mem::take(&mut escaped);
        match byte {
            _ if literal => false,
            b'\\' => {
                escaped = true;
                false
            }
            b'"' => {
                quoted = !quoted;
                false
            }
            _ => !quoted,
        }
    })
}

/// The colon that ends a source route; those inside an address literal do not.
fn route_end(routed: &[u8]) -> Option<usize> {
    let mut inside = false;
    routed.iter().position(|byte| {
        match byte {
            b'[' => inside = true,
            b']' => inside = false,
            _ => {}
        }
        *byte == b':' && !inside
    })
}

fn without_comments(path: &[u8]) -> Vec<u8> {
    let outside: Vec<(usize, u8)> = unquoted(path).collect();
    let mut outside = outside.iter().peekable();
    let mut depth = 0_usize;
    let mut kept = Vec::with_capacity(path.len());
    for (at, byte) in path.iter().enumerate() {
        let sign = outside.next_if(|(place, _)| *place == at).map(|(_, sign)| *sign);
        match sign {
            Some(b'(') => depth += 1,
            Some(b')') if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(*byte),
            _ => {}
        }
    }
    kept
}

enum Side {
    First,
    Last,
}

/// The parts before and behind the first or last `sign`.
fn cut(text: &[u8], sign: u8, side: Side) -> Option<(&[u8], &[u8])> {
    let at = match side {
        Side::First => text.iter().position(|byte| *byte == sign),
        Side::Last => text.iter().rposition(|byte| *byte == sign),
    }?;
    let (before, behind) = text.split_at_checked(at)?;
    Some((before, behind.strip_prefix(&[sign])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_local(domain: &[u8]) -> bool {
        let domain = domain.strip_suffix(b".").unwrap_or(domain);
        [b"local.test".as_slice(), b"[192.0.2.1]"].contains(&domain)
    }

    #[test]
    fn arguments_are_read_with_and_without_brackets() {
        let table: &[(&str, Option<(&str, &str)>)] = &[
            ("<a@b> SIZE=1 BODY=7BIT", Some(("a@b", "SIZE=1 BODY=7BIT"))),
            (" <a@b>", Some(("a@b", ""))),
            ("a@b SIZE=1", Some(("a@b", "SIZE=1"))),
            ("<\"a>b\"@c>", Some(("\"a>b\"@c", ""))),
            ("<>", Some(("", ""))),
            ("<a@b", None),
            ("<a@b>SIZE=1", None),
        ];
        for (text, expected) in table {
            let read = Argument::read(text.as_bytes());
            let read = read.map(|argument| (argument.path, argument.parameters));
            assert_eq!(read, expected.map(|(p, q)| (p.as_bytes(), q.as_bytes())), "{text}");
        }
    }

    #[test]
    fn source_routes_and_comments_are_set_apart() {
        let routed = Mailbox::read(b"@one.test,@[IPv6:::1]:u@two.test").unwrap();
        assert_eq!(routed.route, [b"one.test".to_vec(), b"[IPv6:::1]".to_vec()]);
        assert_eq!(routed.domain.as_deref(), Some(b"two.test".as_slice()));
        let commented = Mailbox::read(b"u@local.test(@two.test)").unwrap();
        assert_eq!(commented.domain.as_deref(), Some(b"local.test".as_slice()));
        for broken in ["", "@", "@two.test", "@one.test:", "@one.test:@two.test"] {
            assert_eq!(Mailbox::read(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn every_routing_sign_behind_a_local_domain_is_resolved() {
        let foreign = [
            "u@far.test",
            "u%far.test@local.test",
            "u%far.test@[192.0.2.1]",
            "u%far.test",
            "\"u@far.test\"",
            "\"u%far.test\"",
            "u@far.test@local.test",
            "\"u@far.test\"@local.test",
            "@local.test:u@far.test",
            "far.test!u",
            "far.test!u@local.test",
            "u@far.test@",
            "local.test!far.test!u",
            "far.test!u%local.test",
            "u@far.test.",
            "u@[198.51.100.1]",
            "u%far.test@local.test.",
            "\"SMTP:u@far.test\"@local.test",
            "u@sub.local.test",
            "local.test:u@far.test",
        ];
        for path in foreign {
            let mailbox = Mailbox::read(path.as_bytes()).unwrap();
            assert_eq!(mailbox.resolve(is_local), Destination::Foreign, "{path}");
        }
        let local = [
            ("u", "u"),
            ("u@local.test", "u"),
            ("u@[192.0.2.1]", "u"),
            ("u@", "u"),
            ("u%local.test@local.test", "u"),
            ("\"a b\"@local.test", "a b"),
            ("u@local.test(@far.test)", "u"),
            ("far.test::u@local.test", "far.test::u"),
            ("IMCEASMTP-u+40far.test@local.test", "IMCEASMTP-u+40far.test"),
        ];
        for (path, user) in local {
            let mailbox = Mailbox::read(path.as_bytes()).unwrap();
            let expected = Destination::Local(user.into());
            assert_eq!(mailbox.resolve(is_local), expected, "{path}");
        }
    }

    #[test]
    fn endless_routing_ends() {
        let path = [b"u".to_vec(), b"%local.test".repeat(100)].concat();
        assert_eq!(Mailbox::read(&path).unwrap().resolve(is_local), Destination::Foreign);
    }

    #[test]
    fn only_percent_signs_lead_through_the_percent_hack() {
        for (path, expected) in [
            ("u%far.test@local.test", true),
            ("u%far.test", true),
            ("u%far.test@local.test.", true),
            ("\"u%far.test\"@local.test", true),
            ("u%far.test%local.test@local.test", true),
            ("u%local.test@local.test", false),
            ("u@far.test", false),
            ("u%a.test@far.test", false),
            ("far.test!u@local.test", false),
            ("u@far.test@local.test", false),
            ("u", false),
            ("far.test!u%local.test", false),
        ] {
            let mailbox = Mailbox::read(path.as_bytes()).unwrap();
            assert_eq!(mailbox.percent_leads_abroad(is_local), expected, "{path}");
        }
    }
}
