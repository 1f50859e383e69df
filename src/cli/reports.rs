//! The reports that a command writes: which forms, and where each goes.

use crate::report::model::RunReport;
use crate::report::{csv, json, jsonl, terminal};

use super::args::{Format, FormatArg, ReportArgs};
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
        let terminal = [FormatArg { format: Format::Terminal, file: None }];
        let wanted = if args.formats.is_empty() { &terminal[..] } else { &args.formats };
        let unnamed = wanted.iter().filter(|wanted| wanted.file.is_none()).count();
        if unnamed > 1 {
            return Err(Failure::usage(
                "--format: only one report can go to standard output or --output; give the others \
                 a file, such as --format json=report.json",
            ));
        }
        if unnamed == 0 && args.output.is_some() {
            return Err(Failure::usage("--output: every --format already names its file"));
        }
        let named: Vec<_> =
            wanted.iter().map(|w| w.file.as_ref().or(args.output.as_ref())).collect();
        for (index, file) in named.iter().enumerate() {
            let earlier = named.get(..index).unwrap_or_default();
            if let Some(file) = file.filter(|_| earlier.contains(file)) {
                let file = file.display();
                let message = format!("two reports name the file {file}; give each its own");
                return Err(Failure::usage(message));
            }
        }
        let place = |wanted: &FormatArg| {
            let flag = if wanted.file.is_some() { "--format" } else { "--output" };
            let file = wanted.file.as_deref().or(args.output.as_deref());
            Ok((wanted.format, Output::prepare(file, flag)?))
        };
        let places = wanted.iter().map(place).collect::<Result<_, Failure>>()?;
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

fn render(
    report: &RunReport,
    format: Format,
    quiet: bool,
    to_screen: bool,
) -> Result<Vec<u8>, Failure> {
    let fault = |error| Failure::internal(format!("cannot write the report: {error}"));
    let mut out = Vec::new();
    match format {
        Format::Json => json::write(report, &mut out).map_err(fault)?,
        Format::Jsonl => jsonl::write(report, &mut out).map_err(fault)?,
        Format::CsvHosts => csv::write_hosts(report, &mut out).map_err(fault)?,
        Format::CsvFindings => csv::write_findings(report, &mut out).map_err(fault)?,
        Format::CsvMatrix => csv::write_matrix(report, &mut out).map_err(fault)?,
        Format::Terminal => {
            let options = terminal::Options { quiet, width: 100 };
            if to_screen && wants_colour() {
                terminal::write(report, &mut out, options).map_err(fault)?;
            } else {
                let mut plain = anstream::StripStream::new(&mut out);
                terminal::write(report, &mut plain, options).map_err(fault)?;
            }
        }
    }
    Ok(out)
}

/// Colour on a terminal, unless the user or the terminal says otherwise.
fn wants_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}
