//! Manual pages and shell completions, from the same tree of commands as `--help`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::{Cli, ManArgs};
use super::exit::{Exit, Failure};
use super::output::Output;
use super::print;

/// Stands at the foot of every page.
const SOURCE: &str = concat!("mxaudit ", env!("CARGO_PKG_VERSION"));

/// Prints what a shell wants to know.
pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mxaudit", &mut script);
    Output::prepare(None, "")?.write(&script)?;
    Ok(Exit::Clean)
}

/// Prints one page, or writes all of them.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let pages = pages();
    let Some(folder) = &args.output else {
        let wanted: Vec<_> =
            ["mxaudit"].into_iter().chain(args.command.iter().map(String::as_str)).collect();
        let wanted = wanted.join("-");
        let Some((_, page)) = pages.iter().find(|(name, _)| *name == wanted) else {
            let known: Vec<_> = pages.iter().map(|(name, _)| name.replace('-', " ")).collect();
            let typed = args.command.join(" ");
            let known = known.join(", ");
            return Err(Failure::usage(format!(
                "man: there is no command `{typed}`; there are: {known}"
            )));
        };
        return page_of(page).and_then(|page| print(&page));
    };
    fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        Failure::usage(format!(
            "--output {folder}: cannot be made: {error}; name a folder that is yours"
        ))
    })?;
    for (name, page) in &pages {
        let file = file(folder, name);
        Output::prepare(Some(&file), "--output")?.write(page_of(page)?.as_bytes())?;
    }
    Ok(Exit::Clean)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.1"))
}

/// Every command with the name of its page, the whole before its parts.
fn pages() -> Vec<(String, Command)> {
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    let mut pages = Vec::new();
    collect(whole, None, &mut pages);
    pages
}

fn collect(command: Command, above: Option<&str>, pages: &mut Vec<(String, Command)>) {
    let name = match above {
        Some(above) => format!("{above}-{}", command.get_name()),
        None => command.get_name().to_owned(),
    };
    let parts: Vec<_> = command.get_subcommands().cloned().collect();
    pages.push((name.clone(), command));
    for part in parts {
        collect(part, Some(&name), pages);
    }
}

fn page_of(command: &Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    // A page without a date is the same whenever it is made.
    let manual = Man::new(command.clone()).date("").source(SOURCE).manual("mxaudit");
    let written = manual.render(&mut page);
    written.map_err(|error| Failure::internal(format!("cannot write the manual: {error}")))?;
    String::from_utf8(page).map_err(|error| Failure::internal(format!("the manual: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_an_about_and_an_example() {
        let pages = pages();
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.first(), Some(&"mxaudit"));
        for wanted in ["mxaudit-check", "mxaudit-sweep", "mxaudit-probes-show", "mxaudit-man"] {
            assert!(names.contains(&wanted), "{wanted}: {names:?}");
        }
        for (name, command) in &pages {
            let page = page_of(command).unwrap();
            assert!(page.starts_with(".ie \\n(.g .ds Aq"), "{name}: {page}");
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Example"), "{name} has no example:\n{help}");
        }
    }

    #[test]
    fn each_shell_gets_its_script() {
        for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "mxaudit", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("resume") && script.contains("sweep"), "{shell}");
        }
    }
}
