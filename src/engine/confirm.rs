//! Confirmation of what was accepted: the plainest forms again, alone, and where the user wants it a
//! whole message by each.

use crate::evidence::{Control, Evidence, Form, Pass, Stop};
use crate::probe::Axis;
use crate::smtp::{Reply, Severity};
use crate::verdict::{Judge, Outcome, Undecided, judge, judge_by};

use super::Settings;
use super::host::is_answered;
use super::runner::Runner;

/// The plainest accepted form of each axis and check is asked again, alone on a fresh connection,
/// with the control of its outer domain behind it.
pub(super) async fn confirm(runner: &mut Runner) {
    let is_yes = |form: &Form, reply: &Reply| {
        form.axis().is_some() && reply.severity() == Severity::Positive
    };
    if !is_answered(&runner.evidence, is_yes) {
        return;
    }
    let reading = runner.reading();
    let verdict = judge_by(&runner.evidence, &Judge::with(&runner.evidence, &reading));
    let mut causes = Vec::new();
    let mut plainest = Vec::new();
    for axis in [Axis::Sender, Axis::Helo, Axis::Recipient, Axis::Context] {
        let accepted = verdict.probes.iter().filter(|probe| {
            probe.axis == Some(axis) && probe.verdict.outcome == Outcome::AcceptedRecipient
        });
        for (index, probe) in accepted.filter_map(|probe| Some((probe.form?, probe))) {
            let check = runner.evidence.forms.get(index).and_then(Form::check).map(str::to_owned);
            if !causes.contains(&(axis, check.clone())) {
                causes.push((axis, check));
                // A deeper profile comes here a second time.
                let is_done = probe.verdict.repeated == Some(true)
                    && !is_before_another_name(&runner.evidence, index);
                if !is_done {
                    plainest.push(index);
                }
            }
        }
    }
    for index in plainest {
        let Some(form) = runner.evidence.forms.get(index) else { continue };
        let is_control = |other: &Form| {
            other.control() == Some(Control::RandomUser)
                && form.outer.is_own()
                && other.outer == form.outer
                && other.outer_domain == form.outer_domain
                && other.shares_context(form)
        };
        let mut queue = vec![index];
        queue.extend(runner.evidence.forms.iter().position(is_control));
        runner.hang_up().await;
        runner.start_pass();
        runner.run(queue, Pass::Confirm).await;
    }
}

/// True for a plain form that was confirmed before the server was greeted by a name that is not ours:
/// what became of that is known only where the plain form is answered behind it.
fn is_before_another_name(evidence: &Evidence, index: usize) -> bool {
    let form = |index: usize| evidence.forms.get(index);
    let confirmed = evidence.confirmation(index).map(|attempt| attempt.transcript);
    form(index).is_some_and(Form::is_plain)
        && evidence.attempts.iter().any(|attempt| {
            let control = form(attempt.form).and_then(Form::control);
            control == Some(Control::MismatchedHelo) && Some(attempt.transcript) > confirmed
        })
}

/// Carries accepted forms through DATA, where the user wants that: the plainest of each cause, one of
/// each kind that the server may have taken for its own user, then the rest, up to the limit.
pub(super) async fn deliver(runner: &mut Runner, settings: &Settings) {
    let Some(letters) = &settings.letters else { return };
    for form in to_deliver(&runner.evidence, letters.limit) {
        let evidence = &runner.evidence;
        let Some(probe) = evidence.forms.get(form).and_then(Form::probe_id) else { continue };
        let about = format!("{probe} at {}", evidence.target);
        let purpose =
            format!("{form} {probe} {} {}", evidence.target.address(), evidence.target.port());
        let token = letters.token(&purpose);
        let to = evidence.identity.canary_mailbox();
        match letters.write(&evidence.identity, &to, &token, &about) {
            Ok(text) => runner.deliver(form, token, text).await,
            Err(_) => return runner.stop(Stop::Internal),
        }
    }
}

/// The forms to send a message by, plainest first.
fn to_deliver(evidence: &Evidence, limit: usize) -> Vec<usize> {
    let verdict = judge(evidence);
    let of = |wanted: Outcome| {
        // Mail for a domain whose MX is the server itself would go round in circles.
        let probes = verdict.probes.iter().filter(|p| !p.is_by_mx(evidence));
        let probes = probes.filter(move |p| p.verdict.outcome == wanted);
        probes.filter_map(|probe| probe.form).collect::<Vec<_>>()
    };
    let accepted = of(Outcome::AcceptedRecipient);
    let swallowed = of(Outcome::Inconclusive(Undecided::LocalControl));
    let form = |index: &usize| evidence.forms.get(*index);
    let mut chosen: Vec<usize> = Vec::new();
    let first_of = |chosen: &mut Vec<usize>, all: &[usize], by_outer: bool| {
        for index in all {
            let key = |index: &usize| {
                let form = form(index)?;
                let check = form.check().map(str::to_owned);
                Some((form.axis(), check, by_outer.then_some(form.outer)))
            };
            if !chosen.iter().any(|other| key(other) == key(index)) {
                chosen.push(*index);
            }
        }
    };
    first_of(&mut chosen, &accepted, false);
    first_of(&mut chosen, &swallowed, true);
    for index in accepted.into_iter().chain(swallowed) {
        if !chosen.contains(&index) {
            chosen.push(index);
        }
    }
    chosen.truncate(limit);
    chosen
}
