//! What the user wants swept, before the DNS and the scope are asked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::cli::args::SweepArgs;
use crate::cli::exit::{Exit, Failure};
use crate::target::cover::Cover;
use crate::target::set::AddressSet;
use crate::target::spec::TargetSpec;
use crate::target::sweep::{
    Collected, Exclusion, Exclusions, LeftOut, SweepSpec, TargetList, read_exclusions, read_targets,
};

/// Targets and exclusions as they were given.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) ranges: AddressSet,
    pub(super) names: Vec<TargetSpec>,
    pub(super) exclude: Cover,
    /// How many addresses of files are left out, and why.
    pub(super) left_out: Vec<(u64, String)>,
}

impl Wanted {
    /// Reads arguments, files and standard input; every mistake is named at once. Of a scan's report
    /// hosts are taken that have one of `ports` open.
    pub(super) fn read(args: &SweepArgs, ports: &[u16]) -> Result<Self, Failure> {
        let mut messages = Vec::new();
        let mut specs = Vec::new();
        for text in &args.targets {
            match SweepSpec::parse(text) {
                Ok(spec) => specs.push(spec),
                Err(error) => messages.push(format!("target: {error}")),
            }
        }
        let mut collected: Collected = specs.into_iter().collect();
        let mut left_out = Vec::new();
        let inputs = args.target_files.iter().chain(&args.exclude_file);
        if inputs.filter(|path| is_standard(path)).count() > 1 {
            messages.push("standard input (-) can be read once only; name files".to_owned());
            return Err(Failure { messages, exit: Exit::Usage });
        }
        for path in &args.target_files {
            let read = open("--targets", path).and_then(|input| {
                read_targets(&shown(path), input, ports)
                    .map_err(|error| format!("--targets {error}"))
            });
            match read {
                Ok(TargetList { targets, left_out: LeftOut { down, closed }, .. }) => {
                    let of = |count: u64, why: &str| (count, format!("{why} ({})", shown(path)));
                    left_out.push(of(down.len(), "not up by the scan"));
                    left_out.push(of(closed.len(), "with none of the ports open by the scan"));
                    collected.merge(targets);
                }
                Err(message) => messages.push(message),
            }
        }
        let mut exclusions = Exclusions::default();
        for text in &args.exclude {
            match Exclusion::parse(text) {
                Ok(exclusion) => exclusions.add(exclusion),
                Err(error) => messages.push(format!("--exclude: {error}")),
            }
        }
        for path in &args.exclude_file {
            let read = open("--exclude-file", path).and_then(|input| {
                read_exclusions(&shown(path), input)
                    .map_err(|error| format!("--exclude-file {error}"))
            });
            match read {
                Ok(read) => exclusions.merge(read),
                Err(message) => messages.push(message),
            }
        }
        if !messages.is_empty() {
            return Err(Failure { messages, exit: Exit::Usage });
        }
        left_out.retain(|(count, _)| *count > 0);
        let Collected { addresses, names } = collected;
        Ok(Self { ranges: addresses, names, exclude: exclusions.cover(), left_out })
    }
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

fn shown(path: &Path) -> String {
    match is_standard(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

fn open(flag: &str, path: &Path) -> Result<BufReader<Box<dyn Read>>, String> {
    if is_standard(path) {
        return Ok(BufReader::new(Box::new(io::stdin())));
    }
    let file = File::open(path).map_err(|error| {
        format!("{flag} {}: cannot be read: {error}; name a file that can", path.display())
    })?;
    Ok(BufReader::new(Box::new(file)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn read(words: &[&str]) -> Result<Wanted, Vec<String>> {
        let words = ["mxaudit", "sweep", "--dry-run"].iter().chain(words);
        let Command::Sweep(args) = Cli::try_parse_from(words).unwrap().command else { panic!() };
        Wanted::read(&args, &[25]).map_err(|failure| failure.messages)
    }

    #[test]
    fn arguments_and_files_are_one_list() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let list = file("list", "# mine\n192.0.2.64/29\nmx.example.org\n192.0.2.3\n");
        let out = file("out", "192.0.2.66\n");
        let scan = file(
            "scan.xml",
            "<?xml version=\"1.0\"?><nmaprun><host><status state=\"down\"/>\
             <address addr=\"192.0.2.9\" addrtype=\"ipv4\"/></host></nmaprun>",
        );
        let words = [
            "192.0.2.0-3",
            "--targets",
            &list,
            "--targets",
            &scan,
            "--exclude",
            "192.0.2.1",
            "--exclude-file",
            &out,
        ];
        let wanted = read(&words).unwrap();
        let ranges: Vec<_> = wanted.ranges.ranges().map(|range| range.to_string()).collect();
        assert_eq!(ranges, ["192.0.2.0-192.0.2.3", "192.0.2.64-192.0.2.71"]);
        assert_eq!(wanted.names, [TargetSpec::Name("mx.example.org".into())]);
        let (excluded, rest) = wanted.exclude.split(&wanted.ranges);
        assert_eq!((excluded.len(), rest.len()), (2, 10));
        assert_eq!(wanted.left_out, [(1, format!("not up by the scan ({scan})"))]);
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let messages = read(&[
            "2001:db8::/32",
            "--targets",
            "/nowhere/targets",
            "--exclude",
            "mx.example.org",
            "--exclude-file",
            "/nowhere/out",
        ])
        .unwrap_err();
        let want =
            ["target: ", "--targets /nowhere/targets", "--exclude: ", "--exclude-file /nowhere"];
        assert_eq!(messages.len(), want.len(), "{messages:?}");
        for (message, want) in messages.iter().zip(want) {
            assert!(message.starts_with(want), "{message}");
        }
        let twice = read(&["--targets", "-", "--exclude-file", "-"]).unwrap_err();
        assert!(twice[0].contains("once only"), "{twice:?}");
    }
}
