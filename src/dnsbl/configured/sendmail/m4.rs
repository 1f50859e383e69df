//! As much of m4 as finds the macro calls in a .mc file.

/// A call `NAME(argument, …)`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) line: usize,
    pub(super) name: String,
    /// The arguments, without their quotes.
    pub(super) arguments: Vec<String>,
    /// The call as it is written.
    pub(super) text: String,
    /// Whether it is within the quotes of another call, such as an `ifdef`.
    pub(super) quoted: bool,
}

/// The calls of the named macros. Comments (`dnl`, `#`) are skipped; quotes are the default ones.
pub(super) fn calls(text: &str, names: &[&str]) -> Vec<Call> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut level = 0_usize;
    let mut rest = text;
    let mut inside_word = false;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let word_end = match inside_word {
            true => 0,
            false => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
        };
        let word = rest.get(..word_end).unwrap_or_default();
        if word == "dnl" || (c == '#' && level == 0) {
            rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default();
            continue;
        }
        let open = rest.get(word_end..).unwrap_or_default();
        if names.contains(&word) && open.starts_with('(') {
            let (arguments, length) = arguments(open.get(1..).unwrap_or_default());
            let text = rest.get(..word_end + 1 + length).unwrap_or(rest);
            found.push(Call {
                line,
                name: word.to_owned(),
                arguments,
                text: text.to_owned(),
                quoted: level > 0,
            });
            line += text.matches('\n').count();
            rest = rest.get(text.len()..).unwrap_or_default();
            inside_word = false;
            continue;
        }
        match c {
            '`' => level += 1,
            '\'' => level = level.saturating_sub(1),
            '\n' => line += 1,
            _ => {}
        }
        inside_word = is_word(c);
        rest = after;
    }
    found
}

/// The arguments up to the closing parenthesis, and the length of their text with it.
fn arguments(text: &str) -> (Vec<String>, usize) {
    let mut found = vec![String::new()];
    let mut quotes = 0_usize;
    let mut parentheses = 0_usize;
    for (at, c) in text.char_indices() {
        let Some(argument) = found.last_mut() else { break };
        match c {
            '`' => {
                quotes += 1;
                if quotes > 1 {
                    argument.push(c);
                }
                continue;
            }
            '\'' if quotes > 0 => {
                quotes -= 1;
                if quotes > 0 {
                    argument.push(c);
                }
                continue;
            }
            _ if quotes > 0 => {}
            '(' => parentheses += 1,
            ')' if parentheses == 0 => return (found, at + 1),
            ')' => parentheses -= 1,
            ',' if parentheses == 0 => {
                found.push(String::new());
                continue;
            }
            c if c.is_whitespace() && argument.is_empty() => continue,
            _ => {}
        }
        argument.push(c);
    }
    (found, text.len())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
