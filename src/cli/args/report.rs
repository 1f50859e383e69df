//! The arguments of a report and of the exit code, exactly as typed.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::finding::Severity;

#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(in crate::cli) struct ReportArgs {
    /// Form of the report; may be given several times, each but one with its file
    #[arg(long = "format", value_name = "FORMAT[=FILE]", help = formats_help::<Format>())]
    pub(in crate::cli) formats: Vec<FormatArg>,

    /// File for the report whose --format names none; an older one is replaced when the new one is
    /// whole [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// A page of your own for --format html, as a minijinja template; it may extend "page.html"
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) template: Option<PathBuf>,

    /// Only the summary lines, and no progress
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}

impl ReportArgs {
    /// The files that reports go to.
    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = &Path> {
        let of_formats = self.formats.iter().filter_map(|wanted| wanted.file.as_deref());
        of_formats.chain(self.output.as_deref())
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(in crate::cli) struct ListsReportArgs {
    /// Form of the report; may be given several times, each but one with its file
    #[arg(long = "format", value_name = "FORMAT[=FILE]", help = formats_help::<ListsFormat>())]
    pub(in crate::cli) formats: Vec<FormatArg<ListsFormat>>,

    /// File for the report whose --format names none; an older one is replaced when the new one is
    /// whole [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Only one line for each subject (with --health, for each list), and no progress
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For reading
    Terminal,
    /// For machines: the v1 model
    Json,
    /// One host a line, and the summary in the last one
    Jsonl,
    /// One row a host, for spreadsheets
    CsvHosts,
    /// One row a finding
    CsvFindings,
    /// One row a question to a block list
    CsvListings,
    /// One row a cell of the relay matrix
    CsvMatrix,
    /// One page for a browser
    Html,
    /// A test suite a host, for CI
    Junit,
    /// Metrics, for the textfile collector of node_exporter
    Prometheus,
    /// Results of analysis, for code scanning
    Sarif,
}

/// The forms of a report on lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ListsFormat {
    /// For reading
    Terminal,
    /// For machines: the v1 model
    Json,
    /// The run in the first line, then one line a subject
    Jsonl,
    /// One row a subject and list, for spreadsheets
    Csv,
}

/// A form, and the file that it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct FormatArg<F = Format> {
    pub(in crate::cli) format: F,
    pub(in crate::cli) file: Option<PathBuf>,
}

impl<F: ValueEnum> FromStr for FormatArg<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = match text.split_once('=') {
            Some((_, "")) => return Err("name a file behind the =".into()),
            Some((word, file)) => (word, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = F::from_str(word, true)
            .map_err(|_| format!("the forms are {}", format_words::<F>()))?;
        Ok(Self { format, file })
    }
}

fn format_words<F: ValueEnum>() -> String {
    let words = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    words.map(|word| word.get_name().to_owned()).collect::<Vec<_>>().join(", ")
}

fn formats_help<F: ValueEnum>() -> String {
    format!(
        "Form of the report, one of {}; may be given several times, each but one with its file \
         [default: terminal]",
        format_words::<F>()
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl FailOn {
    pub(in crate::cli) fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}
