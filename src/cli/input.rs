//! Files and standard input that the user names, read whole and never without an end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// One mebibyte: more than any file that is written by hand.
pub(super) const BY_HAND: u64 = 1 << 20;

/// The bytes of a file of at most `most` bytes.
///
/// # Errors
/// Those of the file system; a larger file, or one without an end, is [`io::ErrorKind::FileTooLarge`].
pub(super) fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    of(File::open(path)?, most)
}

/// The same of anything that is open already.
pub(super) fn of(source: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        let text = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// The text of a file of at most `most` bytes.
///
/// # Errors
/// As [`bytes`]; what is not UTF-8 is [`io::ErrorKind::InvalidData`].
pub(super) fn text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_an_end() {
        let endless = bytes(Path::new("/dev/zero"), 5).unwrap_err();
        assert_eq!(endless.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(endless.to_string(), "it is larger than 5 bytes");
        assert_eq!(of(&b"12345"[..], 5).unwrap(), b"12345");
        assert!(of(&b"123456"[..], 5).is_err());
    }

    #[test]
    fn text_is_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"a\xffb").unwrap();
        assert_eq!(text(&file, BY_HAND).unwrap_err().to_string(), "it is not UTF-8 text");
        std::fs::write(&file, "é").unwrap();
        assert_eq!(text(&file, BY_HAND).unwrap(), "é");
    }
}
