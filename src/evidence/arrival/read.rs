//! From the bytes of a message to its arrivals, without keeping the message.

use super::head::{Field, Head};
use super::report::{Lines, Report};
use super::token::Scanner;
use super::{Arrival, Handover};

/// How many Received lines are kept.
const MOST_RECEIVED: usize = 30;
/// How many Delivered-To fields are kept.
const MOST_PATHS: usize = 100;

/// Reads a message that comes in pieces. It keeps a bounded part, however long the message is.
#[derive(Debug, Default)]
pub struct ArrivalReader {
    head: Head,
    scanner: Scanner,
    lines: Lines,
    size: u64,
}

impl ArrivalReader {
    /// Takes the next piece.
    pub fn take(&mut self, bytes: &[u8]) {
        self.head.take(bytes);
        self.scanner.take(bytes);
        self.lines.take(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
    }

    /// How many bytes were taken.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One arrival for each token.
    pub fn finish(self, handover: Handover) -> Vec<Arrival> {
        let tokens = self.scanner.finish();
        if tokens.is_empty() {
            return Vec::new();
        }
        let fields = self.head.fields();
        let Handover { at, client, helo, envelope } = handover;
        let from_outside = envelope.is_some();
        let (reverse_path, forward_paths) = envelope.unwrap_or_else(|| envelope_of(&fields));
        let null_path = if from_outside {
            reverse_path.is_empty()
        } else {
            values(&fields, "return-path").next().is_some_and(|value| bare(value).is_empty())
        };
        let report = self.lines.finish();
        let like = Arrival {
            token: String::new(),
            at,
            client,
            helo,
            reverse_path,
            forward_paths,
            received: values(&fields, "received").take(MOST_RECEIVED).map(str::to_owned).collect(),
            bounce: null_path || reports(&fields),
            report,
            size: self.size,
        };
        // The message itself names its token in its own header, whoever its sender is. Everything else quotes it, and
        // what quotes it and is no report says nothing: an answer by a person, or by a machine for one.
        let itself = |token: &str| {
            values(&fields, "x-mxaudit-token").any(|own| own == token)
                || values(&fields, "message-id").any(|id| id.contains(token))
        };
        // Reports call themselves so too.
        let answers = !reports(&fields)
            && values(&fields, "auto-submitted")
                .any(|value| value.to_ascii_lowercase().starts_with("auto-replied"));
        let arrival = |token: String| {
            let bounce = !itself(&token);
            let unsettled = like.report.unsettled || answers || !like.bounce;
            let report = match bounce {
                true => Report { unsettled, ..like.report.clone() },
                false => Report::default(),
            };
            Arrival { token, bounce, report, ..like.clone() }
        };
        tokens.into_iter().map(arrival).collect()
    }
}

fn values<'a>(fields: &'a [Field], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_str())
}

/// The path without its brackets.
fn bare(path: &str) -> &str {
    path.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(path)
}

/// The envelope as the server that delivered the message noted it in the message.
fn envelope_of(fields: &[Field]) -> (String, Vec<String>) {
    let reverse = values(fields, "return-path").next().map(bare).unwrap_or_default();
    let forward = values(fields, "delivered-to").take(MOST_PATHS).map(bare);
    (reverse.to_owned(), forward.map(str::to_owned).collect())
}

/// True for a message whose header says that it reports about another.
fn reports(fields: &[Field]) -> bool {
    const REPORT: &str = "multipart/report";
    values(fields, "content-type").any(|value| {
        value.get(..REPORT.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(REPORT))
    }) || values(fields, "x-failed-recipients").next().is_some()
}
