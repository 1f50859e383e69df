//! `mxaudit policy`: a policy made from a stored report, and a stored report held to one. No network.

use crate::grade::Policy;
use crate::report::escape;
use crate::report::policy;

use super::args::{PolicyCheckArgs, PolicyCommand, PolicyFormat, PolicyMakeArgs};
use super::exit::{self, Exit, Failure};
use super::output::Output;
use super::{complain, consent, earlier};

pub(super) fn policy(command: &PolicyCommand) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Check(args) => check(args),
        PolicyCommand::Make(args) => make(args),
    }
}

fn check(args: &PolicyCheckArgs) -> Result<Exit, Failure> {
    let policy = consent::read_policy(&args.policy)?;
    let facts = earlier::policy_facts(&args.report)?;
    let mut output = Output::prepare(args.output.as_deref(), "--output")?;
    let judged = policy.judge(&facts);
    let mut bytes = Vec::new();
    let written = match args.format {
        PolicyFormat::Terminal => policy::write_terminal(&judged, &mut bytes),
        PolicyFormat::Json => policy::write_json(&judged, &mut bytes),
    };
    written.map_err(Failure::internal)?;
    output.write(&bytes)?;
    Ok(exit::of_policy(&judged))
}

fn make(args: &PolicyMakeArgs) -> Result<Exit, Failure> {
    let from = args.from.display().to_string();
    let facts = earlier::policy_facts(&args.from)?;
    let rules = Policy::embedded().map_err(Failure::internal)?;
    let checks = rules.categories.iter().flat_map(|category| &category.checks);
    let checks: Vec<_> = checks.filter(|check| check.built).map(|check| check.id.clone()).collect();
    let made =
        policy::make(&facts, &checks, (&args.name, args.version, &from)).map_err(|error| {
            Failure::usage(format!("{from}: {}", escape::terminal(&error.to_string())))
        })?;
    let started = facts.started.as_deref().unwrap_or("an unknown time");
    let mut output = Output::prepare(args.output.as_deref(), "--output")?;
    output.write(made.to_toml(&format!("{from}, a run of {started}")).as_bytes())?;
    let mut exit = Exit::Clean;
    for what in &made.left_out {
        complain(&escape::terminal(&format!("left out: {what}")));
        exit = Exit::Incomplete;
    }
    if !facts.ended {
        complain(
            "the run of this report was interrupted or has not ended: the policy speaks of what there is",
        );
        exit = Exit::Incomplete;
    }
    Ok(exit)
}
