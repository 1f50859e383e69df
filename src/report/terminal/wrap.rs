//! Text set into lines.

use std::io::{self, Write};

use anstyle::Style;

/// The narrowest page that text is set for.
const NARROWEST: usize = 40;

/// Breaks text at spaces: the first line begins at column `first`, the others at `rest`. A word
/// that is too long stands alone and is not broken.
pub(super) fn wrap(text: &str, first: usize, rest: usize, width: usize) -> Vec<String> {
    let width = width.max(NARROWEST);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut column = first;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if !line.is_empty() && column + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            column = rest;
        }
        if !line.is_empty() {
            line.push(' ');
            column += 1;
        }
        line.push_str(word);
        column += length;
    }
    lines.push(line);
    lines
}

/// Writes a plain paragraph whose lines after the first are indented by `indent`.
pub(super) fn paragraph(
    out: &mut dyn Write,
    text: &str,
    indent: usize,
    width: usize,
) -> io::Result<()> {
    let lead = text.len() - text.trim_start_matches(' ').len();
    for (at, line) in wrap(text, lead, indent, width).iter().enumerate() {
        let margin = if at == 0 { lead } else { indent };
        writeln!(out, "{:margin$}{line}", "")?;
    }
    Ok(())
}

/// Writes a text in a style that ends with it.
pub(super) fn styled(out: &mut dyn Write, style: Style, text: &str) -> io::Result<()> {
    write!(out, "{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_keep_long_words() {
        let text = "one two three four five six seven eight nine";
        assert_eq!(wrap(text, 0, 0, 40), ["one two three four five six seven eight", "nine"]);
        assert_eq!(wrap(text, 2, 30, 40)[1], "eight nine");
        let long = format!("a {} b", "x".repeat(60));
        assert_eq!(wrap(&long, 0, 0, 40).len(), 3);
        assert_eq!(wrap("", 0, 0, 40), [""]);
    }
}
