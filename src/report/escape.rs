//! The one place where foreign text is made safe to print.

use std::fmt::Write as _;

/// True for a character that a terminal obeys instead of showing, or that cannot be seen: C0 and
/// C1 controls, marks of writing direction, characters without width, line and paragraph
/// separators.
pub(super) fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with everything that a terminal would obey, or not show, written as `\u{202e}`. Other
/// text stays as it is.
pub fn terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_treacherous(c) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// At most `max` characters of the text; what is cut off is counted: `… (12 more)`.
pub fn capped(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => {
            let rest = text.get(end..).unwrap_or_default().chars().count();
            format!("{}… ({rest} more)", text.get(..end).unwrap_or_default())
        }
    }
}

/// Characters of a spreadsheet cell that are kept; spreadsheets hold 32,767.
const CELL: usize = 4000;

/// The text as a cell of a CSV file that a spreadsheet shows and never computes. Where the cell
/// begins with a character that begins a formula, or with a tab or a line end, an apostrophe is
/// put before it; and also behind every semicolon, at which spreadsheets of some countries cut a
/// line into cells. What a terminal would obey is made visible, so a cell is one line, and a cell
/// of more than 4000 characters is cut off.
pub fn csv_cell(text: &str) -> String {
    let mut shielded = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins && begins_formula(c) {
            shielded.push('\'');
        }
        // Readers drop spaces and quotes before what they compute.
        begins = c == ';' || begins && !begins_formula(c) && (c.is_whitespace() || c == '"');
        shielded.push(c);
    }
    capped(&terminal(&shielded), CELL)
}

/// True for what makes a spreadsheet compute a cell, in all widths that are taken for the same.
fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '\t'
            | '\r'
            | '\n'
            | '\u{ff1d}'
            | '\u{ff0b}'
            | '\u{ff0d}'
            | '\u{ff20}'
            | '\u{fe66}'
            | '\u{fe62}'
            | '\u{fe63}'
            | '\u{fe6b}'
            | '\u{2212}'
    )
}

/// The text as one word of a POSIX shell: as it is when it holds nothing but letters, digits and
/// `.:_-`, else between single quotes.
pub fn shell_word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".:_-".contains(&b);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_made_visible() {
        let table = [
            ("plain", "250 ok", "250 ok"),
            ("letters of all kinds", "Grüße, 日本 «x»", "Grüße, 日本 «x»"),
            ("ansi", "\u{1b}[31mred", r"\u{1b}[31mred"),
            ("c1", "a\u{9b}31m", r"a\u{9b}31m"),
            ("line ends", "a\r\nb\tc\u{7f}", r"a\u{d}\u{a}b\u{9}c\u{7f}"),
            ("bidi", "\u{202e}moc\u{2066}\u{200f}\u{61c}", r"\u{202e}moc\u{2066}\u{200f}\u{61c}"),
            ("no width", "a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
            ("separators", "a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
        ];
        for (case, text, want) in table {
            assert_eq!(terminal(text), want, "{case}");
        }
    }

    #[test]
    fn cells_are_never_computed() {
        let table = [
            ("plain", "250 2.1.5 ok", "250 2.1.5 ok"),
            ("signs inside", "a=b+c-d@e", "a=b+c-d@e"),
            ("equals", "=1+1", "'=1+1"),
            ("plus", "+1", "'+1"),
            ("minus", "-1", "'-1"),
            ("at", "@SUM(1)", "'@SUM(1)"),
            ("tab", "\t=1", r"'\u{9}=1"),
            ("cr", "\r=1", r"'\u{d}=1"),
            ("lf", "a\n=1", r"a\u{a}=1"),
            ("full width", "\u{ff1d}1", "'\u{ff1d}1"),
            ("full width plus", "\u{ff0b}1", "'\u{ff0b}1"),
            ("full width minus", "\u{ff0d}1", "'\u{ff0d}1"),
            ("full width at", "\u{ff20}1", "'\u{ff20}1"),
            ("after spaces", " \u{3000}=1", " \u{3000}'=1"),
            ("in quotes", "\"=1\"", "\"'=1\""),
            ("another separator", "250 ok; \"=cmd|' /C calc'!A0", "250 ok; \"'=cmd|' /C calc'!A0"),
            ("ansi", "\u{1b}[31m", r"\u{1b}[31m"),
            ("empty", "", ""),
        ];
        for (case, text, want) in table {
            assert_eq!(csv_cell(text), want, "{case}");
        }
        let long = csv_cell(&"=".repeat(5000));
        assert!(long.starts_with("'==") && long.ends_with("=… (1001 more)"), "{long}");
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(capped("äöü", 3), "äöü");
        assert_eq!(capped("äöüß", 3), "äöü… (1 more)");
        assert_eq!(capped("", 0), "");
    }

    #[test]
    fn shell_words_hold_one_word() {
        let table = [
            ("mx1.example.test", "mx1.example.test"),
            ("2001:db8::1", "2001:db8::1"),
            ("", "''"),
            ("<>", "'<>'"),
            ("-rf", "'-rf'"),
            ("u@example.test", "'u@example.test'"),
            ("[192.0.2.1]", "'[192.0.2.1]'"),
            ("a'; rm $(x) `y` \"@b", r#"'a'\''; rm $(x) `y` "@b'"#),
        ];
        for (text, want) in table {
            assert_eq!(shell_word(text), want, "{text}");
        }
    }
}
