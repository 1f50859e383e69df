//! The command line that asks one form by hand.

use crate::evidence::Envelope;
use crate::smtp::Command;
use crate::target::Target;

use super::escape::{is_treacherous, shell_word};

/// A `swaks` line that ends at RCPT; `None` when a value cannot be typed.
pub(super) fn swaks(
    target: &Target,
    inside_tls: bool,
    helo: Option<&str>,
    envelope: &Envelope,
) -> Option<String> {
    let typed = |bytes| {
        let text: &str = std::str::from_utf8(bytes).ok()?;
        (!text.contains(is_treacherous)).then_some(text)
    };
    let from = match typed(envelope.reverse_path.as_bytes())? {
        "" => "<>",
        path => path,
    };
    let to = typed(envelope.forward_path.as_bytes())?;
    let mut line = format!("swaks --server {} --port {}", target.address(), target.port());
    if target.is_tls_at_once() {
        line.push_str(" --tls-on-connect");
    } else if inside_tls {
        line.push_str(" --tls");
    }
    if let Some(claimed) = envelope.claimed {
        let command = Command::xclient(claimed);
        let claim = std::str::from_utf8(command.line()).ok()?.strip_prefix("XCLIENT ")?;
        line.push_str(&format!(" --xclient {}", shell_word(claim)));
    }
    for (flag, value) in [("--ehlo", helo), ("--from", Some(from)), ("--to", Some(to))] {
        if let Some(value) = value {
            line.push_str(&format!(" {flag} {}", shell_word(value)));
        }
    }
    line.push_str(" --quit-after RCPT");
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Via;
    use crate::target::scope::{Candidate, Scope};

    #[test]
    fn the_context_is_in_the_line() {
        let line = |port, inside, claimed: Option<&str>| {
            let candidate = Candidate {
                name: None,
                address: std::net::Ipv4Addr::LOCALHOST.into(),
                port,
                mail_domain: None,
                via: Via::Address,
                named_by_user: true,
            };
            let target = Scope::loopback_only().admit(candidate).unwrap();
            let envelope = Envelope {
                claimed: claimed.map(|address| address.parse().unwrap()),
                forward_path: b"c@far.test".to_vec().into(),
                ..Envelope::default()
            };
            swaks(&target, inside, None, &envelope).unwrap()
        };
        let start = "swaks --server 127.0.0.1 --port";
        let end = "--from '<>' --to 'c@far.test' --quit-after RCPT";
        assert_eq!(line(25, false, None), format!("{start} 25 {end}"));
        assert_eq!(line(25, true, None), format!("{start} 25 --tls {end}"));
        assert_eq!(line(465, true, None), format!("{start} 465 --tls-on-connect {end}"));
        let claim = |address| format!("--xclient 'NAME=[UNAVAILABLE] ADDR={address}'");
        let (four, six) = (claim("127.0.0.1"), claim("IPV6:::1"));
        assert_eq!(line(25, false, Some("127.0.0.1")), format!("{start} 25 {four} {end}"));
        assert_eq!(line(25, true, Some("::1")), format!("{start} 25 --tls {six} {end}"));
    }
}
