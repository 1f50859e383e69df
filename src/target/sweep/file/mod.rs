//! Files of targets: which form one has, and reading it.
//!
//! The form is told by the content, not by the name: a list may come from standard input. Each
//! reader goes through the file once and hands on what it finds.
mod error;
mod masscan;
mod nmap;
mod plain;
mod zmap;

use std::fmt;
use std::io::{BufRead, Cursor, Read};
use std::net::IpAddr;

pub use error::{Problem, ReadError};

/// The most bytes of a file: 256 MiB.
pub const LONGEST: u64 = 256 << 20;

/// How much of a file is looked at to tell its form, in bytes, if it begins with comments.
const HEAD: usize = 64 << 10;

/// The form of a file of targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Targets one a line, or several with blanks between; exclusions one a line. `#` begins a comment.
    Plain,
    /// XML of `nmap -oX`, or of `masscan -oX`.
    Nmap,
    /// JSON of `masscan -oJ` or `-oD`, also of old versions that end in a comma or `{finished: 1}`.
    Masscan,
    /// CSV of `zmap`, with a header that names `saddr`. Without a header it is a plain list.
    Zmap,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain list",
            Self::Nmap => "nmap XML",
            Self::Masscan => "masscan JSON",
            Self::Zmap => "zmap CSV",
        })
    }
}

/// What a scan's report says about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostState {
    /// It is up, and a wanted port is open, or no port is told of.
    Wanted,
    /// It is not up.
    Down,
    /// It is up, but no wanted port is open.
    Closed,
}

/// Takes what a reader finds.
pub(super) trait Sink {
    /// Whether a plain list may have no more than one word on a line.
    const ONE_A_LINE: bool;

    /// A word of a plain list.
    fn text(&mut self, text: &str) -> Result<(), Problem>;

    /// An address of a scan's report.
    fn host(&mut self, address: IpAddr, state: HostState);
}

/// A problem at a line, counted from 1, or with the whole file.
#[derive(Debug)]
struct Fault {
    line: Option<u64>,
    problem: Problem,
}

impl Fault {
    fn at(line: u64, problem: Problem) -> Self {
        Self { line: Some(line), problem }
    }
}

/// Reads a file of any form to its end.
pub(super) fn read(
    file: &str,
    input: impl BufRead,
    wanted: &[u16],
    sink: &mut impl Sink,
) -> Result<Form, ReadError> {
    read_limited(input, LONGEST, wanted, sink).map_err(|Fault { line, problem }| {
        let file = file.escape_debug().to_string();
        ReadError { file, line, problem }
    })
}

fn read_limited(
    input: impl BufRead,
    longest: u64,
    wanted: &[u16],
    sink: &mut impl Sink,
) -> Result<Form, Fault> {
    let mut input = input.take(longest + 1);
    let read = read_any(&mut input, wanted, sink);
    // What is too long also seems cut short, so this is asked first.
    match input.limit() {
        0 => Err(Fault { line: None, problem: Problem::TooLong }),
        _ => read,
    }
}

fn read_any(mut input: impl BufRead, wanted: &[u16], sink: &mut impl Sink) -> Result<Form, Fault> {
    let (head, first) = head(&mut input)?;
    let form = first.map_or(Form::Plain, |first| form_of(&first));
    let whole = Cursor::new(head).chain(input);
    match form {
        Form::Plain => plain::read(whole, sink),
        Form::Nmap => nmap::read(whole, wanted, sink),
        Form::Masscan => masscan::read(whole, wanted, sink),
        Form::Zmap => zmap::read(whole, wanted, sink),
    }?;
    Ok(form)
}

/// Reads up to the first line that is neither blank nor a comment: everything read, less a byte
/// order mark, and that line.
fn head(input: &mut impl BufRead) -> Result<(Vec<u8>, Option<String>), Fault> {
    let whole = |problem| Fault { line: None, problem };
    let mut head = Vec::new();
    while head.len() < HEAD {
        let start = head.len();
        let left = (HEAD - start) as u64;
        let read = input.by_ref().take(left).read_until(b'\n', &mut head);
        if read.map_err(|error| whole(Problem::Io(error)))? == 0 {
            break;
        }
        if start == 0 {
            match head.as_slice() {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(whole(Problem::Utf16)),
                [0xef, 0xbb, 0xbf, ..] => drop(head.drain(..3)),
                _ => {}
            }
        }
        let line = head.get(start.min(head.len())..).unwrap_or_default();
        let line = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        if !line.is_empty() && !line.starts_with('#') {
            return Ok((head, Some(line)));
        }
    }
    Ok((head, None))
}

/// The form of a file whose first line with content this is.
fn form_of(line: &str) -> Form {
    if line.starts_with('<') {
        return Form::Nmap;
    }
    // A bracket may also begin an IPv6 address.
    let list = line.strip_prefix('[').map(str::trim_start);
    if line.starts_with('{')
        || list.is_some_and(|rest| rest.is_empty() || rest.starts_with(['{', ']']))
    {
        return Form::Masscan;
    }
    match zmap::is_header(line) {
        true => Form::Zmap,
        false => Form::Plain,
    }
}

/// The state of a host that is up, by its open ports; none where ports are not told of.
fn by_ports(open: Option<&[u16]>, wanted: &[u16]) -> HostState {
    match open {
        Some(open) if !open.iter().any(|port| wanted.contains(port)) => HostState::Closed,
        _ => HostState::Wanted,
    }
}

/// An address as a report writes it.
fn address(text: &str) -> Result<IpAddr, Problem> {
    let text = text.trim();
    text.parse().map_err(|_| Problem::Address(shown(text)))
}

/// Something of the file as a message shows it: control characters escaped, and not too long.
fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
