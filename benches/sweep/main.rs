//! The benchmark of sweeps: a farm of mail servers on loopback, the least client that exchanges the
//! same bytes with it, and one command that measures mxaudit between the two.
//!
//! ```text
//! cargo bench --bench sweep -- --hosts 18 --delay 0,100 --markdown
//! ```

#![cfg_attr(
    test,
    allow(dead_code, unused_imports, reason = "cargo reads a benchmark as a test without tests")
)]

mod behaviour;
mod error;
mod farm;
mod least;
mod measure;
mod run;
mod script;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::Result;

/// The domain that every server of the farm takes mail for.
const LOCAL_DOMAIN: &str = "farm.test";

#[derive(Debug, Parser)]
#[command(name = "sweep", about = "The benchmark of sweeps", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Measure mxaudit, the least client and nmap against one farm, and check every verdict
    Run(Box<run::RunArgs>),
    /// Answer as a mail server at every address of 127.0.0.0/8
    Farm(farm::FarmArgs),
    /// Say again what recorded connections said, to many addresses
    Least(least::LeastArgs),
    /// Run a command and note what it cost
    Measure(measure::MeasureArgs),
    /// Print which servers stand at the addresses of a network
    Truth(behaviour::TruthArgs),
}

fn main() -> ExitCode {
    let Some(arguments) = arguments(std::env::args_os().collect()) else {
        let _ = writeln!(
            std::io::stdout(),
            "sweep: this is a benchmark; run it with `cargo bench --bench sweep`"
        );
        return ExitCode::SUCCESS;
    };
    let done = match Cli::parse_from(arguments).mode {
        Mode::Run(args) => run::run(&args),
        Mode::Farm(args) => farm::serve(&args).map(|()| true),
        Mode::Least(args) => least::play(&args).map(|()| true),
        Mode::Measure(args) => measure::measure(&args).map(|()| true),
        Mode::Truth(args) => behaviour::print_truth(&args).map(|()| true),
    };
    finish(done)
}

fn finish(done: Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

/// The arguments with the mode in its place. `cargo bench` adds `--bench`; without it and without a
/// mode it is `cargo test --benches` that calls, which must not measure anything.
fn arguments(given: Vec<OsString>) -> Option<Vec<OsString>> {
    const MODES: [&str; 9] =
        ["run", "farm", "least", "measure", "truth", "-h", "--help", "-V", "--version"];
    let measured = given.get(1..).unwrap_or_default();
    let wrapped = measured.first().is_some_and(|first| first == "measure" || first == "least");
    let mut kept = given.clone();
    if !wrapped {
        kept.retain(|argument| argument != "--bench");
    }
    if kept.iter().any(|argument| argument == "--test") {
        return None;
    }
    let has_mode = kept.get(1).is_some_and(|first| MODES.iter().any(|mode| first == mode));
    if !has_mode {
        if kept.len() == given.len() {
            return None;
        }
        kept.insert(1, "run".into());
    }
    Some(kept)
}
