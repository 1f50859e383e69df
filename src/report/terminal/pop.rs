//! What is known of POP-before-SMTP, in a sentence.

use std::io::{self, Write};

use crate::report::escape::{capped, terminal};
use crate::report::model::{PopLoginReport, PopReport, Seconds};

use super::wrap::paragraph;

/// Characters of a line of the POP3 server that are shown.
const SHOWN: usize = 120;

/// Writes the sentence, and where there was no login the last words of the POP3 server.
pub(super) fn write(pop: &PopReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let mut after = pop.checks.iter().filter_map(|check| check.after_seconds);
    let (count, last) = (after.clone().count(), after.next_back().map(shown).unwrap_or_default());
    let text = match (pop.outcome, &pop.window, pop.reason.zip(pop.remedy)) {
        ("granted", Some(window), _) => match window.below_seconds {
            Some(below) => format!(
                "yes: relaying is granted after a POP3 login, for {} s to {} s",
                shown(window.at_least_seconds),
                shown(below)
            ),
            None => format!(
                "yes: relaying is granted after a POP3 login, for at least {} s",
                shown(window.at_least_seconds)
            ),
        },
        ("not-granted", ..) => format!(
            "no: relaying is refused after a POP3 login as before it (asked {count} times in {last} s)"
        ),
        (_, _, Some((reason, remedy))) => {
            let word = if pop.outcome == "not-measured" { "not measured" } else { "not known" };
            format!("{word} ({reason}): {remedy}")
        }
        _ => "not known".to_owned(),
    };
    paragraph(out, &terminal(&format!("    POP-before-SMTP: {text}")), 6, width)?;
    let refused = pop.logins.last().filter(|login| login.result != "logged-in");
    match refused.and_then(last_words) {
        Some(words) => {
            let words = capped(&terminal(&words), SHOWN);
            paragraph(out, &format!("      the POP3 server: {words}"), 8, width)
        }
        None => Ok(()),
    }
}

fn last_words(login: &PopLoginReport) -> Option<String> {
    let said = |exchange: &crate::report::model::PopExchangeReport| {
        let refusal = exchange.reply.as_ref().filter(|reply| reply.starts_with("-ERR"));
        refusal.or(exchange.lost.as_ref()).cloned()
    };
    let words = login.exchanges.iter().rev().find_map(said);
    words.or_else(|| login.failure.clone())
}

/// Tenths of a second.
fn shown(time: Seconds) -> String {
    format!("{}.{}", time.0 / 1000, time.0 % 1000 / 100)
}
