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
