//! What a server puts off is asked again, with exactly the same envelopes, since greylists remember
//! client, sender and recipient.
//!
//! Of the forms that were put off alike one is asked first, and the others only where it fares
//! otherwise: what a server defers for minutes it need not defer twice for every form.

use std::collections::{HashMap, HashSet};

use crate::evidence::{Control, Evidence, Form, Pass, SenderKind};
use crate::probe::Axis;
use crate::smtp::{Reply, Severity};
use crate::verdict::{Judge, Outcome, Undecided};

use super::Settings;
use super::host::{in_order, is_answered};
use super::plan::{Tokens, with_null_sender};
use super::runner::Runner;

/// Forms of one kind that were put off in the same words.
#[derive(Debug)]
struct Group {
    first: usize,
    others: Vec<usize>,
}

/// What a group has in common beside the words.
fn kind(evidence: &Evidence, index: usize) -> Option<(SenderKind, Option<Axis>, Option<Control>)> {
    let form = evidence.forms.get(index)?;
    Some((form.sender, form.axis(), form.control()))
}

fn groups(evidence: &Evidence, judged: &Judge<'_>, forms: Vec<usize>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for index in forms {
        let belongs = |group: &&mut Group| {
            kind(evidence, group.first) == kind(evidence, index)
                && judged.are_put_off_alike(group.first, index)
        };
        match groups.iter_mut().find(belongs) {
            Some(group) => group.others.push(index),
            None => groups.push(Group { first: index, others: Vec::new() }),
        }
    }
    groups
}

/// Asks again what was put off.
///
/// What was asked again under the profile before has had its time, and with it all that was put off
/// alike: neither is waited for a second time.
pub(super) async fn retry(runner: &mut Runner, settings: &Settings) {
    let attempts = &runner.evidence.attempts;
    let before = attempts.iter().filter(|attempt| attempt.pass == Pass::Retry);
    let before: HashSet<_> = before.map(|attempt| attempt.form).collect();
    for wait in [settings.retry_wait, settings.greylist_wait] {
        if wait.is_zero() {
            continue;
        }
        let open = put_off(runner, &before);
        if open.is_empty() || runner.is_over() {
            continue;
        }
        runner.hang_up().await;
        runner.wait(wait).await;
        runner.start_pass();
        let firsts = open.iter().map(|group| group.first).collect();
        let queue = in_order(&runner.evidence.forms, firsts);
        runner.run(queue, Pass::Retry).await;
        let reading = runner.reading();
        let judged = Judge::with(&runner.evidence, &reading);
        let mut others = Vec::new();
        for Group { first, others: rest } in open {
            let moved = |index: &usize| !judged.are_put_off_alike(first, *index);
            others.extend(rest.into_iter().filter(moved));
        }
        let queue = in_order(&runner.evidence.forms, others);
        runner.run(queue, Pass::Retry).await;
    }
}

/// What was put off, without what is put off like those that have been waited for `before`.
fn put_off(runner: &mut Runner, before: &HashSet<usize>) -> Vec<Group> {
    let is_not_now = |_: &Form, reply: &Reply| reply.severity() == Severity::Transient;
    if !is_answered(&runner.evidence, is_not_now) {
        return Vec::new();
    }
    let reading = runner.reading();
    let judged = Judge::with(&runner.evidence, &reading);
    let wants = |index: &usize| judged.wants_retry(*index);
    let open =
        groups(&runner.evidence, &judged, (0..runner.evidence.forms.len()).filter(wants).collect());
    let has_had_its_time =
        |group: &Group| before.iter().any(|known| judged.are_put_off_alike(*known, group.first));
    open.into_iter().filter(|group| !has_had_its_time(group)).collect()
}

/// HELO and recipient forms whose foreign sender was refused or deferred are asked with the null
/// sender too: a bounce is what a sender check most likely lets through.
pub(super) async fn try_null_sender(runner: &mut Runner, tokens: &Tokens) {
    let reading = runner.reading();
    let judged = Judge::with(&runner.evidence, &reading);
    let (mut refused, mut deferred) = (Vec::new(), Vec::new());
    for (index, form) in runner.evidence.forms.iter().enumerate() {
        let asked = matches!(form.axis(), Some(Axis::Helo | Axis::Recipient | Axis::Context));
        if !asked || form.sender != SenderKind::Foreign {
            continue;
        }
        match judged.form(index).outcome {
            Outcome::Inconclusive(Undecided::SenderRefused) => refused.push(index),
            Outcome::Deferred => deferred.push(index),
            _ => {}
        }
    }
    let groups = groups(&runner.evidence, &judged, deferred);
    refused.extend(groups.iter().map(|group| group.first));
    let twins = ask_with_null_sender(runner, refused, tokens).await;
    let reading = runner.reading();
    let judged = Judge::with(&runner.evidence, &reading);
    let mut others = Vec::new();
    for Group { first, others: rest } in groups {
        let twin = twins.get(&first).copied().flatten();
        if !twin.is_some_and(|twin| judged.are_put_off_alike(first, twin)) {
            others.extend(rest);
        }
    }
    ask_with_null_sender(runner, others, tokens).await;
}

/// The forms that stand in their places, which were asked now or before.
async fn ask_with_null_sender(
    runner: &mut Runner,
    forms: Vec<usize>,
    tokens: &Tokens,
) -> HashMap<usize, Option<usize>> {
    let before = runner.evidence.forms.len();
    let twins = forms.into_iter().map(|index| {
        let twin = with_null_sender(&mut runner.evidence, index, tokens);
        (index, twin)
    });
    let twins = twins.collect();
    let forms = &runner.evidence.forms;
    let queue = in_order(forms, (before..forms.len()).collect());
    runner.run(queue, Pass::First).await;
    twins
}
