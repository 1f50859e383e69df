//! The reports that a command writes: which forms, and where each goes.

use std::io::Write;
use std::path::PathBuf;

use crate::report::lists::{self, ListsReport};
use crate::report::model::RunReport;
use crate::report::{csv, json, jsonl, terminal};

use super::args::{Format, FormatArg, ListsFormat, ListsReportArgs, ReportArgs};
use super::exit::Failure;
use super::output::Output;

/// All reports of a command, their places proved to be writable before anything is sent.
#[derive(Debug)]
pub(super) struct Reports {
    places: Vec<(Format, Output)>,
    quiet: bool,
}

impl Reports {
    /// Opens every place.
    pub(super) fn prepare(args: &ReportArgs) -> Result<Self, Failure> {
        let places = places(&args.formats, args.output.as_ref(), Format::Terminal)?;
        Ok(Self { places, quiet: args.quiet })
    }

    /// Writes them all; `epilogue` follows a terminal report.
    pub(super) fn write(&mut self, report: &RunReport, epilogue: &str) -> Result<(), Failure> {
        for (format, output) in &mut self.places {
            let mut bytes = render(report, *format, self.quiet, output.is_standard())?;
            if *format == Format::Terminal {
                bytes.extend_from_slice(epilogue.as_bytes());
            }
            output.write(&bytes)?;
        }
        Ok(())
    }
}

/// All reports on lists of a command.
#[derive(Debug)]
pub(super) struct ListsReports {
    places: Vec<(ListsFormat, Output)>,
    quiet: bool,
}

impl ListsReports {
    /// Opens every place.
    pub(super) fn prepare(args: &ListsReportArgs) -> Result<Self, Failure> {
        let places = places(&args.formats, args.output.as_ref(), ListsFormat::Terminal)?;
        Ok(Self { places, quiet: args.quiet })
    }

    /// Writes them all.
    pub(super) fn write(&mut self, report: &ListsReport) -> Result<(), Failure> {
        let options = terminal::Options { quiet: self.quiet, width: 100 };
        for (format, output) in &mut self.places {
            let mut out = Vec::new();
            let written = match format {
                ListsFormat::Json => lists::json::write(report, &mut out),
                ListsFormat::Jsonl => lists::json::write_lines(report, &mut out),
                ListsFormat::Csv => lists::csv::write(report, &mut out),
                ListsFormat::Terminal => on_screen(output.is_standard(), &mut out, |out| {
                    terminal::lists::write(report, out, options)
                }),
            };
            written.map_err(fault)?;
            output.write(&out)?;
        }
        Ok(())
    }
}

/// Opens the place of every form, each another one.
fn places<F: Copy>(
    formats: &[FormatArg<F>],
    output: Option<&PathBuf>,
    usual: F,
) -> Result<Vec<(F, Output)>, Failure> {
    let usual = [FormatArg { format: usual, file: None }];
    let wanted = if formats.is_empty() { &usual[..] } else { formats };
    let unnamed = wanted.iter().filter(|wanted| wanted.file.is_none()).count();
    if unnamed > 1 {
        return Err(Failure::usage(
            "--format: only one report can go to standard output or --output; give the others \
             a file, such as --format json=report.json",
        ));
    }
    if unnamed == 0 && output.is_some() {
        return Err(Failure::usage("--output: every --format already names its file"));
    }
    let named: Vec<_> = wanted.iter().map(|w| w.file.as_ref().or(output)).collect();
    for (index, file) in named.iter().enumerate() {
        let earlier = named.get(..index).unwrap_or_default();
        if let Some(file) = file.filter(|_| earlier.contains(file)) {
            let file = file.display();
            let message = format!("two reports name the file {file}; give each its own");
            return Err(Failure::usage(message));
        }
    }
    let place = |wanted: &FormatArg<F>| {
        let flag = if wanted.file.is_some() { "--format" } else { "--output" };
        let file = wanted.file.as_ref().or(output);
        Ok((wanted.format, Output::prepare(file.map(PathBuf::as_path), flag)?))
    };
    wanted.iter().map(place).collect()
}

fn fault(error: std::io::Error) -> Failure {
    Failure::internal(format!("cannot write the report: {error}"))
}

fn render(
    report: &RunReport,
    format: Format,
    quiet: bool,
    to_screen: bool,
) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    match format {
        Format::Json => json::write(report, &mut out).map_err(fault)?,
        Format::Jsonl => jsonl::write(report, &mut out).map_err(fault)?,
        Format::CsvHosts => csv::write_hosts(report, &mut out).map_err(fault)?,
        Format::CsvFindings => csv::write_findings(report, &mut out).map_err(fault)?,
        Format::CsvMatrix => csv::write_matrix(report, &mut out).map_err(fault)?,
        Format::Terminal => {
            let options = terminal::Options { quiet, width: 100 };
            let write = |out: &mut dyn Write| terminal::write(report, out, options);
            on_screen(to_screen, &mut out, write).map_err(fault)?;
        }
    }
    Ok(out)
}

/// Writes with colour where somebody sees it.
fn on_screen(
    to_screen: bool,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    if to_screen && wants_colour() {
        return write(out);
    }
    write(&mut anstream::StripStream::new(out))
}

/// Colour on a terminal, unless the user or the terminal says otherwise.
fn wants_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}
