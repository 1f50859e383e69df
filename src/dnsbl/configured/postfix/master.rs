//! The overrides `-o name=value` of master.cf.

use super::super::reading::Reading;
use super::syntax::{Logical, Parameter, logical_lines};

/// Reads a `master.cf`: each service has its own settings.
pub(in super::super) fn read_master(text: &str, reading: &mut Reading) {
    for logical in logical_lines(text) {
        super::read_parameters(&overrides(&logical), reading);
    }
}

/// The settings behind the `-o` of a service. A value with white space is in braces.
fn overrides(logical: &Logical<'_>) -> Vec<Parameter> {
    let mut found = Vec::new();
    let mut words = words(logical).into_iter();
    while let Some((_, word)) = words.next() {
        let (line, setting) = match word.strip_prefix("-o") {
            Some("") => match words.next() {
                Some((line, next)) => (line, next),
                None => break,
            },
            _ => continue,
        };
        let braced = setting.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        let Some((name, value)) = braced.unwrap_or(&setting).split_once('=') else { continue };
        found.push(Parameter {
            name: name.trim().to_owned(),
            line,
            value: vec![(line, value.trim().to_owned())],
        });
    }
    found
}

/// The words of an entry with their lines; braces hold words together.
fn words(logical: &Logical<'_>) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut level = 0_usize;
    let mut open = false;
    for (line, text) in &logical.lines {
        for c in text.chars().chain(['\n']) {
            if c.is_whitespace() && level == 0 {
                open = false;
                continue;
            }
            match c {
                '{' => level += 1,
                '}' => level = level.saturating_sub(1),
                _ => {}
            }
            match found.last_mut() {
                Some((_, word)) if open => word.push(c),
                _ => found.push((*line, c.to_string())),
            }
            open = true;
        }
    }
    found
}
