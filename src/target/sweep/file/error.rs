//! What can be wrong with a file of targets.

use std::io;

use thiserror::Error;

use super::{Form, LONGEST};
use crate::target::sweep::exclusion::ExclusionError;
use crate::target::sweep::spec::SweepSpecError;

/// A problem and its place. The text is one line: `targets.txt:12: problem; remedy`.
#[derive(Debug, Error)]
#[error("{file}{}: {problem}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ReadError {
    /// The file's name as the caller gave it.
    pub file: String,
    /// The line, counted from 1; none where the whole file is at fault.
    pub line: Option<u64>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a file of targets. The message names the remedy.
#[derive(Debug, Error)]
pub enum Problem {
    /// The operating system does not let it be read.
    #[error("cannot read it: {0}")]
    Io(io::Error),
    /// More bytes than a list has.
    #[error("it holds more than {} MiB; split it, or give networks instead of addresses", LONGEST >> 20)]
    TooLong,
    /// A line or an element so long that it is no list.
    #[error("a single {what} is longer than {} KiB; give one target a line", .limit >> 10)]
    LongPart {
        /// The part: a line or an element.
        what: &'static str,
        /// The most bytes that one may have.
        limit: usize,
    },
    /// UTF-16, as some shells write it.
    #[error("it is UTF-16 text; save it as UTF-8")]
    Utf16,
    /// Neither UTF-8 nor UTF-16.
    #[error("it is not UTF-8 text; unpack it if it is compressed, or save it as UTF-8")]
    NotText,
    /// A target that is none.
    #[error(transparent)]
    Target(#[from] SweepSpecError),
    /// An exclusion that is none.
    #[error(transparent)]
    Exclusion(#[from] ExclusionError),
    /// More than one exclusion on a line: two addresses there may be meant as the ends of a range.
    #[error(
        "`{0}` is a second word on the line; give one exclusion a line, and a range as FIRST-LAST or as a prefix such as 192.0.2.0/24"
    )]
    SecondWord(String),
    /// The end is missing, so that hosts may be missing too.
    #[error(
        "the {0} is cut short, so hosts may be missing; let the scan write it to its end, or give the addresses one a line"
    )]
    CutShort(Form),
    /// The scanner says that it did not finish.
    #[error("the scan did not finish (`{0}`), so hosts may be missing; scan again")]
    Unfinished(String),
    /// Broken XML.
    #[error("it is no well-formed XML: {0}; give the file as nmap -oX wrote it")]
    Xml(String),
    /// XML of another kind.
    #[error("it is XML, but begins with <{0}> and not with <nmaprun>; give a report of nmap -oX")]
    OtherXml(String),
    /// Broken JSON, or JSON of another kind.
    #[error(
        "it is no JSON that masscan writes: {0}; give the file as masscan -oJ wrote it, or the addresses one a line"
    )]
    Json(String),
    /// A row that does not match the header.
    #[error("{0}; give the file as zmap wrote it, or the addresses one a line")]
    Row(String),
    /// An address of a report that is none.
    #[error("`{0}` is no address; correct it, or remove the entry")]
    Address(String),
    /// A host of a report without an address.
    #[error("the host has no IPv4 or IPv6 address; give it one, or remove the entry")]
    NoAddress,
    /// A port of a report that is none.
    #[error("`{0}` is no port; correct it, or remove the entry")]
    Port(String),
}
