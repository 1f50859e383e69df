//! The report as one JSON document.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::escape::is_treacherous;
use super::model::{RunReport, SweepSummary};

/// Writes the report as indented JSON with a final newline. Characters that a terminal would obey
/// or not show are written as `\uXXXX`, so the document may be printed as it is and is still exact.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    serialize(report, PrettyFormatter::new(), out)
}

/// Writes the numbers of a sweep in the same way.
///
/// # Errors
/// Those of `out`.
pub fn write_sweep_summary(summary: &SweepSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
    serialize(summary, PrettyFormatter::new(), out)
}

/// Writes one document in the form that `layout` gives it, and a newline.
pub(super) fn serialize(
    value: &impl Serialize,
    layout: impl Formatter,
    out: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Careful(layout));
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Another layout, with strings that are safe to print.
struct Careful<F>(F);

impl<F: Formatter> Formatter for Careful<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly all is, and all bytes are looked at together.
        if fragment.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
            return writer.write_all(fragment.as_bytes());
        }
        for part in fragment.split_inclusive(is_treacherous) {
            let Some(last) = part.chars().next_back().filter(|c| is_treacherous(*c)) else {
                writer.write_all(part.as_bytes())?;
                continue;
            };
            let before = part.len() - last.len_utf8();
            writer.write_all(part.as_bytes().get(..before).unwrap_or_default())?;
            for unit in last.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(w, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(w, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
