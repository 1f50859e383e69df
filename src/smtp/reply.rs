//! One reply of a server (RFC 5321 section 4.2), with its bytes kept.

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{WireStr, WireText};

/// A complete reply: one code, one or more lines, and what was odd about its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    code: u16,
    lines: Lines,
    #[serde(default, skip_serializing_if = "is_false")]
    bare_lf: bool,
}

/// The lines of a reply, with LF between them, which none of them holds. They are shared, since a
/// reply is recorded and read at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lines(Arc<[u8]>);

impl Lines {
    fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'\n')
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(WireStr::new))
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let lines = Vec::<WireText>::deserialize(deserializer)?;
        if lines.is_empty() || lines.iter().any(|line| line.as_bytes().contains(&b'\n')) {
            return Err(D::Error::custom("a reply is one line or more, none of which holds LF"));
        }
        let lines: Vec<_> = lines.iter().map(WireText::as_bytes).collect();
        Ok(Self(lines.join(&b'\n').into()))
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The first digit of a reply code, as RFC 5321 section 4.2.1 reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// 2yz: done.
    Positive,
    /// 3yz: go on.
    Intermediate,
    /// 4yz: not now.
    Transient,
    /// 5yz: no.
    Permanent,
}

/// An enhanced status code such as `5.7.1` (RFC 3463 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedStatus {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about, 0 to 999.
    pub subject: u16,
    /// The detail, 0 to 999.
    pub detail: u16,
}

/// Why bytes are no SMTP reply. After one of these the dialogue has lost its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum ReplyFault {
    /// The line does not begin with a reply code of 200 to 599.
    #[error("a line that is no SMTP reply: {line}")]
    NotAReply {
        /// The start of the line.
        line: WireText,
    },
    /// The lines of one reply carry two codes, against RFC 5321 section 4.2.1.
    #[error("one reply with two codes, {first} and {then}")]
    CodeMismatch {
        /// The code of the first line.
        first: u16,
        /// The code that differs.
        then: u16,
    },
    /// A line is longer than the cap.
    #[error("a reply line of more than {limit} bytes")]
    LineTooLong {
        /// The cap, in bytes.
        limit: usize,
    },
    /// A reply has more lines than the cap.
    #[error("a reply of more than {limit} lines")]
    TooManyLines {
        /// The cap.
        limit: usize,
    },
    /// A reply is larger than the cap.
    #[error("a reply of more than {limit} bytes")]
    ReplyTooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// The server sent more in this session than the cap.
    #[error("more than {limit} bytes in one session")]
    SessionTooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// A reply came although no command was waiting for one.
    #[error("a reply that no command asked for: {line}")]
    Unsolicited {
        /// Its first line.
        line: WireText,
    },
}

impl Reply {
    /// Builds a reply from whole lines without their line ends; `None` unless all of them carry
    /// one valid code. `"250-a\n250 b"` is one reply of two lines.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parser = super::ReplyParser::default();
        for line in text.split('\n') {
            parser.feed(line.as_bytes());
            parser.feed(b"\r\n");
        }
        let reply = parser.next_reply()?.ok()?;
        parser.is_idle().then_some(reply)
    }

    /// A reply of these lines, with LF between them.
    pub(super) fn new(code: u16, lines: &[u8], bare_lf: bool) -> Self {
        Self { code, lines: Lines(lines.into()), bare_lf }
    }

    /// The same reply with other texts behind its codes. They hold no LF.
    #[must_use]
    pub fn with_texts(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let line = |line: &[u8]| {
            let (code, text) = line.split_at_checked(4).unwrap_or((line, b""));
            [code, &change(text)].concat()
        };
        let lines: Vec<_> = self.lines.iter().map(line).collect();
        Self::new(self.code, &lines.join(&b'\n'), self.bare_lf)
    }

    /// The reply code, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// What the first digit says.
    pub fn severity(&self) -> Severity {
        match self.code / 100 {
            2 => Severity::Positive,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    /// How many bytes it has, line ends not counted in full.
    pub fn size(&self) -> usize {
        self.lines.0.len()
    }

    /// True for 221, which answers QUIT and nothing else.
    pub fn is_goodbye(&self) -> bool {
        self.code == 221
    }

    /// True for 4yz and 5yz.
    pub fn is_refusal(&self) -> bool {
        matches!(self.severity(), Severity::Transient | Severity::Permanent)
    }

    /// The lines as received, codes included, line ends not.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = WireStr<'_>> {
        self.lines.iter().map(WireStr::new)
    }

    /// How many lines there are: one or more.
    pub fn line_count(&self) -> usize {
        self.lines.iter().count()
    }

    /// True when a line ended with LF alone, against RFC 5321 section 2.3.8.
    pub fn has_bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// What stands behind the code in each line, as bytes.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(|line| line.get(4..).unwrap_or_default())
    }

    /// The texts joined by one space, bytes that are no UTF-8 replaced.
    pub fn text(&self) -> String {
        let texts: Vec<_> = self.texts().map(String::from_utf8_lossy).collect();
        texts.join(" ")
    }

    /// The enhanced status code at the start of the text, if there is one of the same class.
    pub fn enhanced(&self) -> Option<EnhancedStatus> {
        let text = self.texts().next()?;
        let word = text.split(|b| *b == b' ').next()?;
        let mut parts = word.split(|b| *b == b'.');
        let class: u8 = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let subject = number(parts.next()?)?;
        let detail = number(parts.next()?)?;
        let same_class = u16::from(class) == self.code / 100;
        (parts.next().is_none() && same_class).then_some(EnhancedStatus { class, subject, detail })
    }
}

/// One to three decimal digits.
fn number(text: &[u8]) -> Option<u16> {
    let digits = (1..=3).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |number, digit| 10 * number + u16::from(digit - b'0')))
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines().enumerate() {
            let gap = if index == 0 { "" } else { " | " };
            write!(f, "{gap}{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::from_text(text).expect(text)
    }

    #[test]
    fn enhanced_status_is_read_only_where_it_is_one() {
        let table = [
            ("550 5.7.1 Relaying denied", Some((5, 7, 1))),
            ("454 4.7.1 <x@y>: Relay access denied", Some((4, 7, 1))),
            ("550 4.7.1 class does not match", None),
            ("553 sorry, rcpthosts (#5.7.1)", None),
            ("550 5.7.1.1 four parts", None),
            ("550 5.7777.1 too long", None),
            ("550 5.7. two parts", None),
            ("550 5.7.025 zeros", Some((5, 7, 25))),
            ("550 5.7.1\ta tab", None),
            ("550", None),
        ];
        for (text, want) in table {
            let got = reply(text).enhanced().map(|e| (e.class, e.subject, e.detail));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn two_replies_are_not_one() {
        assert_eq!(Reply::from_text("250 ok\n250 again"), None);
        assert_eq!(Reply::from_text("250-open"), None);
    }

    #[test]
    fn a_record_of_lines_is_the_reply() {
        let said = reply("250-a\n250 \\");
        let json = r#"{"code":250,"lines":["250-a","250 \\\\"]}"#;
        assert_eq!(serde_json::to_string(&said).unwrap(), json);
        assert_eq!(serde_json::from_str::<Reply>(json).unwrap(), said);
        assert_eq!((said.line_count(), said.texts().count()), (2, 2));
        for none in [r#"{"code":250,"lines":[]}"#, r#"{"code":250,"lines":["250-a\\n250 b"]}"#] {
            assert!(serde_json::from_str::<Reply>(none).is_err(), "{none}");
        }
    }

    #[test]
    fn text_joins_lines() {
        assert_eq!(reply("550-5.7.1 one\n550 5.7.1 two").text(), "5.7.1 one 5.7.1 two");
    }
}
