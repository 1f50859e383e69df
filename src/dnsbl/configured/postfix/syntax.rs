//! The lines of main.cf and master.cf.

use super::super::reading::{Reading, mentions_lists};

/// One setting `name = value`.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Its name; with the service before it in the output of `postconf -P`.
    pub(super) name: String,
    /// The line of the name.
    pub(super) line: usize,
    /// The physical lines of the value.
    pub(super) value: Vec<(usize, String)>,
}

impl Parameter {
    /// The name of the parameter without a service.
    pub(super) fn setting(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// The setting as it is shown.
    pub(super) fn text(&self) -> String {
        format!("{} = {}", self.name, self.raw())
    }

    /// The value in one line, nothing expanded.
    pub(super) fn raw(&self) -> String {
        let lines: Vec<_> = self.value.iter().map(|(_, text)| text.trim()).collect();
        lines.join(" ").trim().to_owned()
    }
}

/// A logical line: what begins at the margin and the lines behind it that begin with white space. Empty lines and
/// comments between them do not end it.
pub(super) struct Logical<'a> {
    pub(super) lines: Vec<(usize, &'a str)>,
}

/// The logical lines of a file.
pub(super) fn logical_lines(text: &str) -> Vec<Logical<'_>> {
    let mut found: Vec<Logical<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let continues = line.starts_with(char::is_whitespace);
        match found.last_mut() {
            Some(last) if continues => last.lines.push((index + 1, line)),
            _ => found.push(Logical { lines: vec![(index + 1, line)] }),
        }
    }
    found
}

/// The parameters of a file in the form of main.cf.
pub(super) fn parameters(text: &str, reading: &mut Reading) -> Vec<Parameter> {
    let mut found = Vec::new();
    for logical in logical_lines(text) {
        let mut lines = logical.lines.into_iter();
        let Some((line, first)) = lines.next() else { continue };
        let Some((name, value)) = first.split_once('=') else {
            let rest = lines.map(|(_, text)| text).collect::<Vec<_>>().join(" ");
            if mentions_lists(first) || mentions_lists(&rest) {
                let message = "it names lists and is no `name = value`, so Postfix refuses it";
                reading.not_followed(line, first, message);
            }
            continue;
        };
        let mut parameter =
            Parameter { name: name.trim().to_owned(), line, value: vec![(line, value.to_owned())] };
        parameter.value.extend(lines.map(|(line, text)| (line, text.to_owned())));
        found.push(parameter);
    }
    found
}
