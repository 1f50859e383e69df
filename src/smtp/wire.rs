//! Bytes as they went over the wire, with a printable form that is an exact round trip.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A line, or part of a line, of an SMTP dialogue: any bytes at all.
///
/// [`fmt::Display`] writes printable ASCII as it is, `\` as `\\`, CR, LF and TAB as `\r`, `\n` and
/// `\t`, and every other byte as `\xNN`. [`FromStr`] reads that form back. It serialises in that
/// form too, so evidence is text and still exact.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WireText(Vec<u8>);

/// Why a text is not the printable form of a [`WireText`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireTextError {
    /// A backslash is followed by something that is no escape.
    #[error("byte {at}: `\\` must be followed by `\\`, `r`, `n`, `t` or `x` and two hex digits")]
    BadEscape {
        /// Offset of the backslash, in bytes.
        at: usize,
    },
    /// A byte outside printable ASCII stands unescaped.
    #[error("byte {at}: a byte outside printable ASCII must be written as `\\xNN`")]
    NotPrintable {
        /// Offset of the byte.
        at: usize,
    },
}

impl WireTextError {
    /// Where in the text, in bytes.
    pub fn at(&self) -> usize {
        match self {
            Self::BadEscape { at } | Self::NotPrintable { at } => *at,
        }
    }
}

impl WireText {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn as_str(&self) -> WireStr<'_> {
        WireStr(&self.0)
    }

    /// True when there is no byte.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<Vec<u8>>> From<T> for WireText {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

/// True for a byte that is printed as it is.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\'
}

impl fmt::Display for WireText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// The same, borrowed: [`fmt::Display`] and serialisation give the form of a [`WireText`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WireStr<'a>(&'a [u8]);

impl<'a> WireStr<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The printable form, where that is what the bytes are.
    fn plain(&self) -> Option<&'a str> {
        let is_plain = self.0.iter().fold(true, |all, byte| all & is_plain(*byte));
        if is_plain { std::str::from_utf8(self.0).ok() } else { None }
    }
}

impl fmt::Display for WireStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.plain() {
            return f.write_str(text);
        }
        for run in self.0.chunk_by(|one, next| is_plain(*one) && is_plain(*next)) {
            match run {
                b"\\" => f.write_str("\\\\")?,
                b"\r" => f.write_str("\\r")?,
                b"\n" => f.write_str("\\n")?,
                b"\t" => f.write_str("\\t")?,
                [byte] if !is_plain(*byte) => write!(f, "\\x{byte:02x}")?,
                // Printable ASCII.
                plain => f.write_str(&String::from_utf8_lossy(plain))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for WireStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for WireStr<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.plain() {
            // Nearly all are, and need not be written twice.
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

impl fmt::Debug for WireText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl FromStr for WireText {
    type Err = WireTextError;

    fn from_str(text: &str) -> Result<Self, WireTextError> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes().enumerate();
        while let Some((at, byte)) = rest.next() {
            let bad = WireTextError::BadEscape { at };
            match byte {
                b'\\' => bytes.push(match rest.next().map(|(_, b)| b) {
                    Some(b'\\') => b'\\',
                    Some(b'r') => b'\r',
                    Some(b'n') => b'\n',
                    Some(b't') => b'\t',
                    Some(b'x') => match (hex(rest.next()), hex(rest.next())) {
                        (Some(high), Some(low)) => high << 4 | low,
                        _ => return Err(bad),
                    },
                    _ => return Err(bad),
                }),
                b' '..=b'~' => bytes.push(byte),
                _ => return Err(WireTextError::NotPrintable { at }),
            }
        }
        Ok(Self(bytes))
    }
}

fn hex(byte: Option<(usize, u8)>) -> Option<u8> {
    let digit = char::from(byte?.1).to_digit(16)?;
    u8::try_from(digit).ok()
}

impl Serialize for WireText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_bytes_are_visible() {
        let text = WireText::from(&b"220 \x1b[31mred\\ \xe2\x80\xae\r\n"[..]);
        assert_eq!(text.to_string(), r"220 \x1b[31mred\\ \xe2\x80\xae\r\n");
    }

    #[test]
    fn what_is_not_the_form_is_refused() {
        assert_eq!("a\\q".parse::<WireText>(), Err(WireTextError::BadEscape { at: 1 }));
        assert_eq!("\\x4".parse::<WireText>(), Err(WireTextError::BadEscape { at: 0 }));
        assert_eq!("é".parse::<WireText>(), Err(WireTextError::NotPrintable { at: 0 }));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = WireText::from(bytes);
            prop_assert_eq!(text.to_string().parse::<WireText>(), Ok(text));
        }
    }
}
