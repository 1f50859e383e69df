//! The shell: from the command line to an exit code. The only place that prints.

mod args;
mod catch;
mod categories;
mod check;
mod config;
mod confirm;
mod consent;
mod credentials;
mod demo;
mod diff;
mod earlier;
mod exit;
mod explain;
mod identity;
mod init;
mod input;
mod interrupt;
mod judge;
mod lists;
mod mail;
mod manual;
mod output;
mod policy;
mod pop;
mod probes;
mod replay;
mod report;
mod reports;
mod reputation;
mod run;
mod secret_file;
mod store;
mod sweep;
mod terms;
mod timings;

use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};

use args::{Cli, Command};
use exit::{Exit, Failure};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let ended = match cli.command {
        Command::Catch(args) => catch::catch(&args),
        Command::Check(args) => check::check(&args),
        Command::Confirm(args) => confirm::late(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Explain { id } => explain::explain(id.as_deref()),
        Command::Completions { shell } => manual::completions(shell),
        Command::Init(args) => init::init(&args),
        Command::Lists(args) => lists::lists(&args),
        Command::Man(args) => manual::man(&args),
        Command::Policy(command) => policy::policy(&command),
        Command::Probes(command) => probes::probes(&command),
        Command::Replay(args) => replay::replay(&args),
        Command::Report(args) => report::report(&args),
        Command::Sweep(args) => sweep::sweep(&args),
    };
    ended
        .unwrap_or_else(|failure| {
            for message in &failure.messages {
                complain(message);
            }
            failure.exit
        })
        .into()
}

/// Help and version go to standard output; a mistake is one line on standard error.
fn usage(error: &clap::Error) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return if asked { Exit::Clean } else { Exit::Usage };
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let words: Vec<_> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: "))
        .collect();
    let known = Cli::command();
    let is_known = |name: &String| known.find_subcommand(name).is_some();
    let command = std::env::args().nth(1).filter(is_known);
    let help = command.map_or("mxaudit --help".to_owned(), |name| format!("mxaudit {name} --help"));
    let said = words.join(" ").replace(" tip: ", "; ");
    complain(&format!("{said} (see {help})"));
    Exit::Usage
}

/// One line on standard error.
fn complain(message: &str) {
    let _ = writeln!(anstream::stderr(), "mxaudit: {message}");
}

/// A runtime for the network.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start the network runtime: {error}")))
}

/// Prints a text on standard output; a reader that has gone away is no fault.
fn print(text: &str) -> Result<Exit, Failure> {
    output::Output::prepare(None, "")?.write(text.as_bytes())?;
    Ok(Exit::Clean)
}
