//! mxaudit judged against real mail servers of four kinds, closed and deliberately open.
//!
//! Each case is a configuration below `tests/mta`. Its *truth* trial finds out without mxaudit by which techniques the
//! server really relays; its *audit* trial holds mxaudit to that, and reads in the server's log that it stayed polite; its
//! *nmap* trial notes what nmap says. At the end stands a table of all servers.

mod mta;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use mta::case::Case;
use mta::family::{FAMILIES, Family};
use mta::lab::{Lab, Turn};
use mta::limit::Limit;
use mta::postfix::{exact, mail_report, report};
use mta::{
    boxed, closing, dovecot, isolation, judge, limit, matrix, nmap, pop, requirement, rows, truth,
};

/// How many trials run at once. They wait for servers rather than compute.
const THREADS: usize = 32;

type Judge = fn(&Lab, &'static Case, &mut Turn<'_>) -> Result<()>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(&Err("listed only".to_owned()))).exit_code();
    }
    if let Some(code) = isolation::rerun() {
        return code;
    }
    arguments.test_threads.get_or_insert(THREADS);
    let lab = Lab::prepare().map(Arc::new).map_err(|error| format!("{error:#}"));
    let conclusion = libtest_mimic::run(&arguments, trials(&lab));
    let published = lab.as_ref().map_or(Ok(()), |lab| publish(lab));
    drop(lab);
    match published {
        Ok(()) => conclusion.exit_code(),
        Err(error) => {
            // With nowhere left to write, the exit code has to say it.
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Shows what came of it, where whole families ran.
fn publish(lab: &Lab) -> Result<()> {
    let rows = lab.rows();
    if !rows.is_empty() {
        let mut out = io::stdout();
        writeln!(out, "{} servers ran at once.", lab.running())?;
        matrix::publish(&rows, &mut out)?;
    }
    Ok(())
}

/// Every trial. Those of one server wait for each other, so each kind comes for all servers before the next; but the
/// servers that take longest come first with all of theirs.
fn trials(lab: &Result<Arc<Lab>, String>) -> Vec<Trial> {
    let (mut slow, mut trials) = (Vec::new(), Vec::new());
    let kinds: [(&str, Judge, bool); 10] = [
        ("truth", truth_is_as_told, false),
        ("audit", audited, false),
        ("confirm", confirmed, false),
        ("exact", exactly, true),
        ("quick", audited_quickly, false),
        ("thorough", audited_thoroughly, true),
        ("matrix", matrix_is_right, false),
        ("pop", pop_is_right, false),
        ("nmap", asked_nmap, false),
        ("closing", closed_in_time, false),
    ];
    for (kind, judge, needs_view) in kinds {
        for family in FAMILIES {
            let missing = family.available().err().map(|error| format!("{error:#}"));
            for case in family.cases() {
                let has_view = family.name() == "postfix" && exact::view(case).is_some();
                // Where nothing is accepted no message is sent, and the audit is the one before.
                let no_message = kind == "confirm" && !case.takes_strangers();
                let no_rows = kind == "matrix" && rows::of(family.name(), case).is_none();
                let no_pop = kind == "pop" && pop::of(family.name(), case).is_none();
                // Whose audit is a quick one has been asked so.
                let is_quick = kind == "quick" && case.profile == "quick";
                let no_closing = kind == "closing" && closing::of(family.name(), case).is_none();
                if needs_view && !has_view
                    || no_message
                    || no_rows
                    || no_pop
                    || no_closing
                    || is_quick
                {
                    continue;
                }
                let (lab, missing) = (lab.clone(), missing.clone());
                let name = format!("{}::{}::{kind}", family.name(), case.name);
                let trial = Trial::ignorable_test(name, move || match (lab, missing) {
                    (_, Some(reason)) | (Err(reason), _) => {
                        requirement::missing(family.name(), &reason)
                    }
                    (Ok(_), None) if kind == "nmap" && !nmap::available() => {
                        requirement::missing("nmap", "nmap is not installed")
                    }
                    (Ok(lab), None) if kind == "pop" => match boxed::unpacked(dovecot::NAME) {
                        Ok(()) => run(&lab, family, case, judge),
                        Err(error) => requirement::missing(dovecot::NAME, &format!("{error:#}")),
                    },
                    (Ok(lab), None) => run(&lab, family, case, judge),
                });
                // A technique takes seconds where not all are tried.
                if case.tried.is_some() { slow.push(trial) } else { trials.push(trial) }
            }
        }
    }
    slow.extend(trials);
    slow.extend(limits(lab));
    slow.push(mailed(lab));
    slow
}

/// Sends a report through a Postfix of its own.
fn mailed(lab: &Result<Arc<Lab>, String>) -> Trial {
    let (lab, family) = (lab.clone(), &mta::postfix::FAMILY);
    Trial::ignorable_test("postfix::mail-report", move || {
        let python = std::process::Command::new("python3").arg("--version").output().is_ok();
        match (lab, family.available()) {
            (Err(reason), _) => requirement::missing(family.name(), &reason),
            (_, Err(error)) => requirement::missing(family.name(), &format!("{error:#}")),
            _ if !python => requirement::missing("python3", "python3 is not installed"),
            _ => {
                mail_report::hold().map_err(|error| format!("{error:#}"))?;
                Ok(Completion::Completed)
            }
        }
    })
}

/// Provokes every limit, and sees that no word by which an audit is found out goes without such a proof.
fn limits(lab: &Result<Arc<Lab>, String>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for family in FAMILIES {
        let name = format!("{}::complaints", family.name());
        trials.push(Trial::test(name, move || {
            Ok(limit::complete(family).map_err(|error| format!("{error:#}"))?)
        }));
        let missing = family.available().err().map(|error| format!("{error:#}"));
        for limit in family.limits() {
            let (lab, missing) = (lab.clone(), missing.clone());
            let name = format!("{}::{}::limit-{}", family.name(), limit.case, limit.name);
            trials.push(Trial::ignorable_test(name, move || match (lab, missing) {
                (_, Some(reason)) | (Err(reason), _) => {
                    requirement::missing(family.name(), &reason)
                }
                (Ok(lab), None) => provoked(&lab, family, limit),
            }));
        }
    }
    trials
}

/// Provokes one limit, alone with the case's server.
fn provoked(lab: &Lab, family: &dyn Family, limit: &Limit) -> Result<Completion, Failed> {
    let case = family.cases().iter().find(|case| case.name == limit.case);
    let case = case.ok_or_else(|| format!("there is no case {}", limit.case))?;
    let judged = lab.turn(family, case).and_then(|turn| {
        limit::provoke(limit, case, turn.place(), turn.server()?)
            .map_err(|error| turn.explained(&error))
    });
    judged.map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

/// Runs one trial of a case, alone with the case's server.
fn run(
    lab: &Lab,
    family: &dyn Family,
    case: &'static Case,
    judge: Judge,
) -> Result<Completion, Failed> {
    let judged = lab.turn(family, case).and_then(|mut turn| judge(lab, case, &mut turn));
    judged.map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

/// Finds out what is true of a server, and that it is what the case says.
fn truth_is_as_told(lab: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    turn.record()?;
    let mut told = turn.truth().is_as_told(case);
    if told.is_ok() && !case.accepts_only && case.serves_trusted {
        told = truth::relays_for_trusted(&lab.sink, case, turn.place());
    }
    told.map_err(|error| turn.explained(&error))
}

/// Audits a server as a user would, and holds the report and the server's log to the case and the truth.
fn audited(lab: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    turn.truth();
    turn.begin_audit();
    let (audit, ..) = turn.audit(case.profile, false)?;
    turn.keep_audit(audit);
    turn.judged(|truth, audit| {
        judge::report(case, truth, audit).map_err(|error| anyhow!("{error:#}\n{audit:#?}"))
    })
    .map_err(|error| turn.explained(&error))?;
    let server = turn.place().socket(case).ip();
    turn.truth().stays(&lab.sink, server)
}

/// Audits a server with messages: now the verdict has to be right about every server whose truth was told.
fn confirmed(_: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    turn.truth();
    let (audit, ..) = turn.audit(case.profile, true)?;
    let held = judge::confirmed(case, turn.truth(), &audit);
    turn.keep_confirmed(&audit);
    held.map_err(|error| turn.explained(&anyhow!("{error:#}\n{audit:#?}")))
}

/// Holds a server to the words that are known of it.
fn exactly(lab: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    exact::hold(&lab.sink, case, turn.place(), turn.server()?)
}

/// Asks for the relay matrix of a server as a stranger, from a trusted address and with an account.
fn matrix_is_right(_: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    let rows = rows::of(turn.family(), case).context("nothing is known of this case")?;
    rows::hold(&rows, case, turn.place()).map_err(|error| turn.explained(&error))
}

/// Looks for POP-before-SMTP, and sees in the server's log that this was polite.
fn pop_is_right(_: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    let has_it = pop::of(turn.family(), case).context("nothing is known of this case")?;
    let before = turn.server()?.settled_log()?;
    let held = pop::hold(has_it, case, turn.place());
    let after = turn.server()?.settled_log()?;
    held.and_then(|()| turn.was_polite(&before, &after)).map_err(|error| turn.explained(&error))
}

/// Audits a server before and after it is closed, and compares the two.
fn closed_in_time(_: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    let closing = closing::of(turn.family(), case).context("nothing is known of this case")?;
    closing::hold(closing, case, turn.place(), turn.server()?)
        .map_err(|error| turn.explained(&error))
}

/// Audits a server with the probes that find most, under two names on one connection.
fn audited_quickly(_: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    if exact::view(case).is_some() && turn.family() == "postfix" {
        return audited_with(case, turn, "quick", report::quick);
    }
    turn.truth();
    let (audit, ..) = turn.audit("quick", false)?;
    let held = judge::quick(case, turn.truth(), &audit);
    held.map_err(|error| turn.explained(&anyhow!("{error:#}\n{audit:#?}")))
}

/// Audits a server with every probe: the verdict stays the same, and the server is not annoyed.
fn audited_thoroughly(_: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    audited_with(case, turn, "thorough", report::thorough)
}

fn audited_with(
    case: &'static Case,
    turn: &mut Turn<'_>,
    profile: &str,
    judge: fn(&Case, &exact::View, &mta::audit::Audit) -> Result<()>,
) -> Result<()> {
    let view = exact::view(case).context("nothing is known of this case")?;
    let (audit, before, after) = turn.audit(profile, false)?;
    let log = after.get(before.len()..).context("the log shrank")?;
    judge(case, view, &audit)
        .and_then(|()| report::polite(case, log))
        .map_err(|error| anyhow!("{error:#}\n{audit:#?}\nlog:\n{log}"))
}

/// Notes what nmap says; a server is asked when mxaudit and the truth have had their turn.
fn asked_nmap(lab: &Lab, case: &'static Case, turn: &mut Turn<'_>) -> Result<()> {
    if !turn.begin_audit() {
        // What is wrong with it is the matter of its own trial.
        let _ = audited(lab, case, turn);
    }
    turn.ask_nmap()
}
