//! A buffer that holds so much and no more.

use std::io::{self, Write};

/// Takes all that is written, and forgets it where it is more than fits.
#[derive(Debug)]
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Bounded {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, is_over: false }
    }

    /// What was written; none where it was too much.
    pub(super) fn whole(self) -> Option<Vec<u8>> {
        (!self.is_over).then_some(self.bytes)
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_over |= self.bytes.len() + bytes.len() > self.limit;
        if self.is_over {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text of which the beginning is kept, up to the end of a line.
#[derive(Debug)]
pub(super) struct Beginning {
    text: Vec<u8>,
    limit: usize,
    is_cut: bool,
}

impl Beginning {
    pub(super) fn new(limit: usize) -> Self {
        Self { text: Vec::new(), limit, is_cut: false }
    }

    /// A way in that drops colours.
    pub(super) fn plain(&mut self) -> anstream::StripStream<&mut (dyn Write + 'static)> {
        anstream::StripStream::new(self)
    }

    /// The text, and whether it is not all.
    pub(super) fn text(self) -> (String, bool) {
        (String::from_utf8_lossy(&self.text).into_owned(), self.is_cut)
    }
}

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_cut {
            return Ok(bytes.len());
        }
        self.text.extend_from_slice(bytes);
        if self.text.len() > self.limit {
            self.is_cut = true;
            self.text.truncate(self.limit);
            let end = self.text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.text.truncate(end);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is written.
#[derive(Debug, Default)]
pub(super) struct Count(pub(super) usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_holds_all_or_nothing() {
        let written = |parts: &[&str]| {
            let mut buffer = Bounded::new(5);
            parts.iter().for_each(|part| buffer.write_all(part.as_bytes()).unwrap());
            buffer.whole()
        };
        assert_eq!(written(&["ab", "cde"]), Some(b"abcde".to_vec()));
        assert_eq!(written(&["ab", "cdef"]), None);
        assert_eq!(written(&["abcdef", "a"]), None, "what is lost stays lost");
    }

    #[test]
    fn a_text_is_cut_at_a_line() {
        let written = |parts: &[&str]| {
            let mut text = Beginning::new(6);
            parts.iter().for_each(|part| text.write_all(part.as_bytes()).unwrap());
            text.text()
        };
        assert_eq!(written(&["a\n", "bcd\n"]), ("a\nbcd\n".to_owned(), false));
        assert_eq!(written(&["a\n", "bcdef\n", "g\n"]), ("a\n".to_owned(), true));
        assert_eq!(written(&["abcdefgh"]), (String::new(), true));
    }
}
