//! The numbered dialogue of a connection, and the part of it that shows one exchange.
//!
//! Lines are numbered as if the whole connection were written down: the greeting, then each
//! command and the lines of its reply. So a number names the same line wherever it is shown.

use crate::evidence::{Answer, Exchange, Transcript};
use crate::smtp::{Phase, Reply};

use super::DialogueLine;

/// Lines of one reply that are shown.
const SHOWN: usize = 6;
/// Lines of a reply to EHLO from which on only the first and the last are shown.
const LONG_GREETING: usize = 4;

/// The lines that show exchange `index`: its context and itself, with `mark` under its answer.
/// `greeting` says whether the EHLO is part of the context of a RCPT.
pub(super) fn excerpt(
    transcript: &Transcript,
    index: usize,
    greeting: bool,
    mark: Option<String>,
) -> Vec<DialogueLine> {
    let context = transcript.context_of(index);
    let phase = |at: &usize| transcript.exchanges.get(*at).map(|exchange| exchange.phase);
    let has_mail = context.iter().any(|at| *at != index && phase(at) == Some(Phase::Mail));
    let mut lines = Vec::new();
    let mut number = 1;
    for (at, exchange) in transcript.exchanges.iter().enumerate() {
        let greets = at != index && is_greeting(exchange);
        if context.contains(&at) && (greeting || !has_mail || !greets) {
            let mark = if at == index { mark.clone() } else { None };
            lines.extend(draw(exchange, number, mark));
        }
        number += count(exchange);
    }
    lines
}

fn is_greeting(exchange: &Exchange) -> bool {
    matches!(exchange.phase, Phase::Ehlo | Phase::Helo)
}

/// How many lines an exchange has.
fn count(exchange: &Exchange) -> usize {
    let answered = exchange.answer.reply().map_or(1, Reply::line_count);
    usize::from(!exchange.sent.is_empty()) + answered
}

/// The lines of one exchange, the first of them numbered `number`.
fn draw(exchange: &Exchange, number: usize, mark: Option<String>) -> Vec<DialogueLine> {
    let line =
        |line, direction, text| DialogueLine { line, direction, text, mark: None, omitted: 0 };
    let mut lines = Vec::new();
    if !exchange.sent.is_empty() {
        lines.push(line(number, "C", exchange.sent.to_string()));
    }
    let number = number + lines.len();
    match &exchange.answer {
        Answer::Lost(loss) => lines.push(line(number, "S", format!("({loss})"))),
        Answer::Reply(reply) => {
            let total = reply.line_count();
            let (head, tail) = match exchange.phase {
                Phase::Ehlo if total >= LONG_GREETING => (1, 1),
                _ if total > SHOWN => (SHOWN, 0),
                _ => (total, 0),
            };
            for (at, text) in reply.lines().enumerate() {
                if at < head || at + tail >= total {
                    lines.push(line(number + at, "S", text.to_string()));
                }
                if at + 1 == head
                    && let Some(last) = lines.last_mut()
                {
                    last.omitted = total - head - tail;
                }
            }
        }
    }
    if let Some(last) = lines.last_mut() {
        last.mark = mark;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Loss;
    use crate::report::fixtures::{conversation, lost};

    fn shown(lines: &[DialogueLine]) -> Vec<String> {
        let show = |line: &DialogueLine| {
            let mark = line.mark.as_deref().unwrap_or_default();
            format!("{} {} {} {} {mark}", line.line, line.direction, line.text, line.omitted)
        };
        lines.iter().map(show).collect()
    }

    #[test]
    fn numbers_count_every_line_of_the_connection() {
        let transcript = conversation(&[
            ("", "220-mx\n220 ready"),
            ("EHLO a.test", "250-mx\n250-A\n250-B\n250 C"),
            ("MAIL FROM:<>", "250 ok"),
            ("RCPT TO:<a@b.test>", "550 no"),
            ("RCPT TO:<c@d.test>", "550-no\n550 never"),
        ]);
        let got = excerpt(&transcript, 4, true, Some("here".into()));
        let want = [
            "3 C EHLO a.test 0 ",
            "4 S 250-mx 2 ",
            "7 S 250 C 0 ",
            "8 C MAIL FROM:<> 0 ",
            "9 S 250 ok 0 ",
            "12 C RCPT TO:<c@d.test> 0 ",
            "13 S 550-no 0 ",
            "14 S 550 never 0 here",
        ];
        assert_eq!(shown(&got), want);
        let without = excerpt(&transcript, 4, false, None);
        assert_eq!(without.first().map(|line| line.line), Some(8));
        let of_ehlo = excerpt(&transcript, 1, false, None);
        assert_eq!(of_ehlo.first().map(|line| line.line), Some(3));
    }

    #[test]
    fn long_replies_and_losses_are_short() {
        let reply = "550-a\n550-b\n550-c\n550-d\n550-e\n550-f\n550-g\n550 h";
        let mut transcript = conversation(&[("", "220 mx"), ("RCPT TO:<a>", reply)]);
        transcript.exchanges.push(lost("RCPT TO:<b>", Loss::Closed));
        let got = excerpt(&transcript, 1, true, None);
        assert_eq!(got.len(), 7);
        assert_eq!(got.last().map(|line| (line.line, line.omitted)), Some((8, 2)));
        let got = excerpt(&transcript, 2, true, None);
        assert_eq!(
            shown(&got),
            ["11 C RCPT TO:<b> 0 ", "12 S (the server closed the connection) 0 "]
        );
    }
}
