//! Tokens in a stream of bytes.

/// How every token begins.
pub const TOKEN_PREFIX: &str = "mxa1";
/// The length of a token, its beginning included.
pub const TOKEN_LENGTH: usize = 28;
/// How many different tokens of one message are kept; a message of ours has one.
const MOST: usize = 16;

/// True for a text that has the form of a token.
pub fn is_token(text: &str) -> bool {
    is_token_bytes(text.as_bytes())
}

fn is_token_bytes(word: &[u8]) -> bool {
    word.len() == TOKEN_LENGTH
        && word
            .strip_prefix(TOKEN_PREFIX.as_bytes())
            .is_some_and(|rest| rest.iter().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')))
}

/// Finds tokens in bytes that come in pieces. A token is a whole word: neither a letter nor a digit
/// stands beside it.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// The word at hand, up to one byte more than a token has.
    word: Vec<u8>,
    found: Vec<String>,
}

impl Scanner {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if !byte.is_ascii_alphanumeric() {
                self.end_word();
            } else if self.word.len() <= TOKEN_LENGTH {
                self.word.push(*byte);
            }
        }
    }

    /// The different tokens, in the order of their first appearance.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.end_word();
        self.found
    }

    fn end_word(&mut self) {
        if is_token_bytes(&self.word) && self.found.len() < MOST {
            let token = String::from_utf8_lossy(&self.word).into_owned();
            if !self.found.contains(&token) {
                self.found.push(token);
            }
        }
        self.word.clear();
    }
}
