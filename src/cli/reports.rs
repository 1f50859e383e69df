//! The reports that a command writes: which forms, and where each goes.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::report::html::{PageOptions, UserTemplate};
use crate::report::lists::{self, ListsReport};
use crate::report::model::{
    HostReport, NotProbed, RunKey, RunReport, RunSection, Summary, SweepCounts,
};
use crate::report::terminal::SweepWriter;
use crate::report::{csv, escape, html, json, jsonl, junit, prometheus, sarif, terminal};

use super::args::{Format, FormatArg, ListsFormat, ListsReportArgs, ReportArgs};
use super::exit::Failure;
use super::input;
use super::output::Output;

/// All reports of a command, their places proved to be writable before anything is sent.
#[derive(Debug)]
pub(super) struct Reports {
    places: Vec<(Format, Output)>,
    page: PageOptions,
    quiet: bool,
}

impl Reports {
    /// Opens every place.
    pub(super) fn prepare(args: &ReportArgs) -> Result<Self, Failure> {
        let template = args.template.as_deref().map(|file| template(file, args)).transpose()?;
        let places = places(&args.formats, args.output.as_ref(), Format::Terminal)?;
        Ok(Self { places, page: PageOptions { plain: false, template }, quiet: args.quiet })
    }

    /// Writes them all; `epilogue` follows a terminal report.
    pub(super) fn write(&mut self, report: &RunReport, epilogue: &str) -> Result<(), Failure> {
        for (format, output) in &mut self.places {
            let look = (&self.page, self.quiet);
            let mut bytes = render(report, *format, look, output.is_standard())?;
            if *format == Format::Terminal {
                bytes.extend_from_slice(epilogue.as_bytes());
            }
            output.write(&bytes)?;
        }
        Ok(())
    }
}

/// The reports of a sweep, written host by host.
pub(super) struct Streams<'a> {
    key: RunKey<'a>,
    all: Vec<Stream<'a>>,
}

/// One of them, and what it keeps between hosts.
enum Stream<'a> {
    Json(Vec<HostReport>, &'a mut Output),
    Jsonl(BufWriter<&'a mut Output>),
    Csv(Box<csv::Writer<'a, &'a mut Output>>),
    Html(Box<html::Writer>, &'a mut Output),
    Junit(Box<junit::Writer<BufWriter<&'a mut Output>>>),
    Prometheus(prometheus::Writer, &'a mut Output),
    Sarif(sarif::Writer<BufWriter<&'a mut Output>>),
    Terminal(SweepWriter, &'a mut Output),
}

impl Reports {
    /// Begins all reports of a sweep.
    pub(super) fn begin<'a>(
        &'a mut self,
        key: RunKey<'a>,
        run: &'a RunSection,
    ) -> Result<Streams<'a>, Failure> {
        let options = terminal::Options { quiet: self.quiet, width: 100 };
        let table = |rows, output| {
            csv::Writer::begin(rows, run, output).map(|table| Stream::Csv(Box::new(table)))
        };
        let begin = |(format, output): &'a mut (Format, Output)| match format {
            Format::Json => Ok(Stream::Json(Vec::new(), output)),
            Format::Jsonl => Ok(Stream::Jsonl(BufWriter::new(output))),
            Format::CsvHosts => table(csv::Rows::Hosts, output),
            Format::CsvFindings => table(csv::Rows::Findings, output),
            Format::CsvListings => table(csv::Rows::Listings, output),
            Format::CsvMatrix => table(csv::Rows::Matrix, output),
            Format::Html => {
                html::Writer::begin(&self.page).map(|page| Stream::Html(Box::new(page), output))
            }
            Format::Junit => junit::Writer::begin(run, BufWriter::new(output))
                .map(|suites| Stream::Junit(Box::new(suites))),
            Format::Prometheus => Ok(Stream::Prometheus(prometheus::Writer::default(), output)),
            Format::Sarif => sarif::Writer::begin(BufWriter::new(output)).map(Stream::Sarif),
            Format::Terminal => Ok(Stream::Terminal(SweepWriter::new(options), output)),
        };
        let all = self.places.iter_mut().map(begin).collect::<Result<_, _>>();
        Ok(Streams { key, all: all.map_err(Failure::internal)? })
    }
}

impl Streams<'_> {
    /// Writes a host into all of them.
    pub(super) fn host(&mut self, host: &HostReport) -> Result<(), Failure> {
        for stream in &mut self.all {
            match stream {
                Stream::Json(hosts, _) => {
                    hosts.push(host.clone());
                    Ok(())
                }
                Stream::Jsonl(output) => {
                    jsonl::host_line(self.key, host).and_then(|line| output.write_all(&line))
                }
                Stream::Csv(table) => table.host(host),
                Stream::Html(page, _) => page.host(host),
                Stream::Junit(suites) => suites.host(host),
                Stream::Prometheus(metrics, _) => {
                    metrics.host(host);
                    Ok(())
                }
                Stream::Sarif(results) => results.host(host),
                Stream::Terminal(writer, output) => part(output, |out| writer.host(host, out)),
            }
            .map_err(Failure::internal)?;
        }
        Ok(())
    }

    /// Ends them all.
    pub(super) fn end(
        self,
        run: &RunSection,
        not_probed: &[NotProbed],
        (summary, sweep): (Summary, SweepCounts),
    ) -> Result<(), Failure> {
        for stream in self.all {
            let output = match stream {
                Stream::Json(hosts, output) => {
                    let (run, not_probed) = (run.clone(), not_probed.to_vec());
                    let report = RunReport::of_sweep(run, hosts, not_probed, (summary, sweep));
                    let mut buffer = BufWriter::new(output);
                    let written = json::write(&report, &mut buffer);
                    written.and_then(|()| whole(buffer))
                }
                Stream::Jsonl(mut output) => {
                    let counts = (summary, Some(sweep));
                    let written = jsonl::write_summary(run, not_probed, counts, &mut output);
                    written.and_then(|()| whole(output))
                }
                Stream::Csv(table) => table.end(),
                Stream::Html(page, output) => {
                    let mut buffer = BufWriter::new(output);
                    let written = page.end(run, not_probed, (summary, Some(sweep)), &mut buffer);
                    written.and_then(|()| whole(buffer))
                }
                Stream::Junit(suites) => suites.end(run, not_probed, Some(&sweep)).and_then(whole),
                Stream::Prometheus(metrics, output) => {
                    let mut buffer = BufWriter::new(output);
                    let written = metrics.end(run, &summary, Some(&sweep), &mut buffer);
                    written.and_then(|()| whole(buffer))
                }
                Stream::Sarif(results) => {
                    results.end(run, not_probed, Some(&sweep)).and_then(whole)
                }
                Stream::Terminal(writer, output) => {
                    let end =
                        |out: &mut dyn Write| writer.end(run, not_probed, (summary, sweep), out);
                    part(output, end).map(|()| output)
                }
            };
            output.map_err(Failure::internal)?.finish()?;
        }
        Ok(())
    }
}

/// The place behind a buffer, once all of it is there.
fn whole(buffer: BufWriter<&mut Output>) -> std::io::Result<&mut Output> {
    buffer.into_inner().map_err(|error| error.into_error())
}

/// Writes a part of a report for a reader.
fn part(
    output: &mut Output,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut text = Vec::new();
    on_screen(output.is_standard(), &mut text, write)?;
    output.write_all(&text)
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

/// Reads a user's template, and tries it.
fn template(file: &Path, args: &ReportArgs) -> Result<UserTemplate, Failure> {
    if !args.formats.iter().any(|wanted| wanted.format == Format::Html) {
        return Err(Failure::usage("--template is for pages: add --format html=FILE"));
    }
    let name = file.display().to_string();
    let source = input::text(file, input::BY_HAND)
        .map_err(|error| Failure::usage(format!("--template {name}: {error}")))?;
    UserTemplate::new(&name, &source)
        .map_err(|fault| Failure::usage(escape::terminal(&format!("--template {fault}"))))
}

fn fault(error: std::io::Error) -> Failure {
    Failure::internal(format!("cannot write the report: {error}"))
}

fn render(
    report: &RunReport,
    format: Format,
    (page, quiet): (&PageOptions, bool),
    to_screen: bool,
) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    match format {
        Format::Json => json::write(report, &mut out).map_err(fault)?,
        Format::Jsonl => jsonl::write(report, &mut out).map_err(fault)?,
        Format::CsvHosts => csv::write_hosts(report, &mut out).map_err(fault)?,
        Format::CsvFindings => csv::write_findings(report, &mut out).map_err(fault)?,
        Format::CsvListings => csv::write_listings(report, &mut out).map_err(fault)?,
        Format::CsvMatrix => csv::write_matrix(report, &mut out).map_err(fault)?,
        Format::Html => html::write(report, page, &mut out).map_err(fault)?,
        Format::Junit => junit::write(report, &mut out).map_err(fault)?,
        Format::Prometheus => prometheus::write(report, &mut out).map_err(fault)?,
        Format::Sarif => sarif::write(report, &mut out).map_err(fault)?,
        Format::Terminal => {
            let options = terminal::Options { quiet, width: 100 };
            let write = |out: &mut dyn Write| terminal::write(report, out, options);
            on_screen(to_screen, &mut out, write).map_err(fault)?;
        }
    }
    Ok(out)
}

/// Writes with colour where somebody sees it.
pub(super) fn on_screen(
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
