//! Errors that point into a text file.

use std::fmt;
use std::ops::Range;

/// What is wrong in a file, and where.
///
/// `{}` is one line, `file:line:column: message`; `{:#}` adds the line and a caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The file as the user named it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong, and the remedy.
    pub message: String,
    text: String,
}

impl SourceError {
    /// An error at a byte range of `source`; the start of the file where none is known.
    pub fn new(file: &str, source: &str, span: Option<Range<usize>>, message: String) -> Self {
        let start = span.map_or(0, |span| span.start.min(source.len()));
        let before = source.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let text = source.lines().nth(line - 1).unwrap_or_default().chars().map(visible).collect();
        let file = file.chars().map(visible).collect();
        Self { file, line, column, message: String::new(), text }.saying(message)
    }

    /// The same place with another message.
    pub fn saying(self, message: String) -> Self {
        Self { message: message.chars().map(visible).collect(), ..self }
    }

    /// The same for an error of the TOML reader.
    pub fn from_toml(file: &str, source: &str, error: &toml::de::Error) -> Self {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        Self::new(file, source, error.span(), message)
    }
}

/// A character that a terminal would obey is shown by one of the same width, so that the caret stays in place: the file
/// may be a stranger's.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        '\u{61c}' | '\u{200e}' | '\u{200f}' => char::REPLACEMENT_CHARACTER,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if f.alternate() {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let indent = " ".repeat(self.column - 1);
            write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}^", self.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for SourceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_line_and_column() {
        let source = "a = 1\nbé = 2\n";
        let error = SourceError::new("x.toml", source, Some(10..11), "no".into());
        assert_eq!(error.to_string(), "x.toml:2:4: no");
        assert_eq!(format!("{error:#}"), "x.toml:2:4: no\n  |\n2 | bé = 2\n  |    ^");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let source = "a = \u{1b}[2J\u{9b}\u{202e}\t1";
        let error = SourceError::new("x.toml", source, Some(4..5), "no \u{7f}\n".into());
        assert_eq!(error.to_string(), "x.toml:1:5: no \u{2421}\u{240a}");
        let shown = format!("{:#}", error.saying("\u{1b}c".into()));
        assert_eq!(
            shown,
            "x.toml:1:5: \u{241b}c\n  |\n1 | a = \u{241b}[2J\u{fffd}\u{fffd} 1\n  |     ^"
        );
    }

    #[test]
    fn a_span_behind_the_end_is_the_end() {
        assert_eq!(SourceError::new("x", "", Some(9..9), "no".into()).to_string(), "x:1:1: no");
    }
}
