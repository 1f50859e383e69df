//! The command line that asks one form by hand.

use crate::evidence::Envelope;
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
        line.push_str(&format!(" --xclient-addr {claimed}"));
    }
    for (flag, value) in [("--ehlo", helo), ("--from", Some(from)), ("--to", Some(to))] {
        if let Some(value) = value {
            line.push_str(&format!(" {flag} {}", shell_word(value)));
        }
    }
    line.push_str(" --quit-after RCPT");
    Some(line)
}
