//! The course of one host: all forms, the null sender where the foreign one is refused, a greeting
//! name that is not ours, what was deferred again, acceptances alone, and the plain recipient once
//! more at the end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::evidence::{Control, Evidence, Form, Hello, Pass, Stop};
use crate::net::Dialer;
use crate::probe::{Axis, Profile};
use crate::smtp::Reply;
use crate::target::Target;
use crate::verdict::{Judge, Outcome, Reading, Verdict, judge_by};

use super::confirm::{confirm, deliver};
use super::plan::{Tokens, plan, plan_deeper, plan_late, repeat_at_end};
use super::put_off::{retry, try_null_sender};
use super::runner::Runner;
use super::turn::Turn;
use super::{Interrupt, Settings, blank};

/// The time for a goodbye to a host whose time is up.
const FAREWELL: Duration = Duration::from_secs(1);

/// The time that a host has to finish its exchange after an interrupt.
const GRACE: Duration = Duration::from_secs(10);
/// What the questions about POP-before-SMTP may take beyond their window.
const POP_SPARE: Duration = Duration::from_secs(300);
/// Connections until a server that is busy for the moment says its name.
const FIRST_TRIES: usize = 3;

/// Audits one host and returns all that was seen, whatever happened, and how its replies are read.
pub(super) async fn audit_host(
    number: u64,
    target: Target,
    settings: Arc<Settings>,
    dialer: Arc<dyn Dialer>,
    interrupt: Interrupt,
    turn: Arc<Turn>,
) -> (Evidence, Reading) {
    let evidence = blank(&target, &settings);
    let tokens = tokens(settings.seed, number);
    let begun = Instant::now();
    let finish = interrupt.finish.clone();
    let over = Arc::clone(&turn);
    let mut runner = Runner::new(evidence, Arc::clone(&settings), dialer, finish, turn);
    runner.plan_matrix(&tokens);
    runner.plan_pop(&tokens);
    // Whatever cuts the course short, what was seen until then is kept.
    let stop = tokio::select! {
        () = course(&mut runner, &settings, &tokens) => None,
        () = over.is_over(begun, settings.host_deadline) => Some(Stop::Deadline),
        () = interrupt.abort.cancelled() => Some(Stop::Interrupted),
        () = grace(&interrupt) => Some(Stop::Interrupted),
    };
    if let Some(stop) = stop {
        runner.stop(stop);
        runner.salvage();
        if runner.evidence.forms.is_empty() {
            // Cut before there was a plan: what was not asked is still named.
            let probes = settings.library.in_profile(settings.profile);
            plan(&mut runner.evidence, probes, &settings, &tokens);
        }
    }
    if stop == Some(Stop::Deadline) {
        // Out of time, but not out of manners.
        let _ = timeout(FAREWELL, runner.hang_up()).await;
    }
    if stop.is_none() {
        pop_before_smtp(&mut runner, &settings, &interrupt).await;
    }
    runner.evidence.took = Some(begun.elapsed());
    let reading = runner.reading();
    (runner.evidence, reading)
}

/// A course of its own, with its own deadline: what cuts it short leaves the verdict as it is.
async fn pop_before_smtp(runner: &mut Runner, settings: &Settings, interrupt: &Interrupt) {
    let Some(pop) = &settings.pop else { return };
    let asked = timeout(pop.window + POP_SPARE, runner.ask_pop());
    let stop = tokio::select! {
        ended = asked => ended.err().map(|_| Stop::Deadline),
        () = interrupt.abort.cancelled() => Some(Stop::Interrupted),
        () = grace(interrupt) => Some(Stop::Interrupted),
    };
    if let Some(stop) = stop {
        runner.stop_pop(stop);
        runner.salvage();
        if stop == Stop::Deadline {
            let _ = timeout(FAREWELL, runner.hang_up()).await;
        }
        let _ = timeout(FAREWELL, runner.hang_up_pop()).await;
    }
}

/// Ends when the time is over that a host has after the first interrupt.
async fn grace(interrupt: &Interrupt) {
    interrupt.finish.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// The random texts of host `number`: the same seed gives the same texts, whatever the order in
/// which hosts run.
fn tokens(seed: u64, number: u64) -> Tokens {
    let mut random = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9));
    let mut text = |length: usize| -> String {
        std::iter::repeat_with(|| random.alphanumeric().to_ascii_lowercase()).take(length).collect()
    };
    Tokens { canary: text(12), nobody: format!("nobody-{}", text(12)), helo: text(8) }
}

async fn course(runner: &mut Runner, settings: &Settings, tokens: &Tokens) {
    let mut profile = settings.profile;
    // Whatever cuts the course short, it was under this profile.
    runner.evidence.profile = settings.deeper.map(|_| profile);
    // The server's own names are part of the plan, so the first connection comes before it.
    for _ in 0..FIRST_TRIES {
        if !(runner.is_met() || runner.is_over()) {
            runner.open(Hello::default()).await;
        }
    }
    let probes = settings.library.in_profile(profile);
    plan(&mut runner.evidence, probes, settings, tokens);
    let all = (0..runner.evidence.forms.len()).collect();
    ask_all(runner, settings, profile, tokens, all).await;
    let mut is_closed = false;
    if let Some(deeper) = settings.deeper {
        plain_at_end(runner).await;
        let reading = runner.reading();
        let judged = judge_by(&runner.evidence, &Judge::with(&runner.evidence, &reading));
        is_closed = judged.verdict == Verdict::Closed;
        if !is_closed && !runner.is_over() {
            profile = deeper;
            runner.keep_names_apart();
            runner.evidence.profile = Some(profile);
            let probes = settings.library.in_profile(profile);
            let added = plan_deeper(&mut runner.evidence, probes, profile, settings, tokens);
            runner.start_pass();
            ask_all(runner, settings, profile, tokens, added).await;
        }
    }
    if !is_closed {
        deliver(runner, settings).await;
        plain_at_end(runner).await;
    }
    runner.ask_matrix().await;
    runner.hang_up().await;
}

/// Asks the forms given, and what their answers call for.
async fn ask_all(
    runner: &mut Runner,
    settings: &Settings,
    profile: Profile,
    tokens: &Tokens,
    some: Vec<usize>,
) {
    let forms = &runner.evidence.forms;
    let is_late = |index: &usize| forms.get(*index).is_some_and(is_under_a_name_not_ours);
    let (late, first) = some.into_iter().partition(is_late);
    let queue = in_order(forms, first);
    runner.run(queue, Pass::First).await;
    try_null_sender(runner, tokens).await;
    greet_by_another_name(runner, late).await;
    retry(runner, settings).await;
    ask_late(runner, settings, profile, tokens).await;
    confirm(runner).await;
}

/// The order of asking: RCPT before MAIL on the fresh connection; then the senders with the server's
/// own recipients; what is asked beside an accepted recipient, and the unknown users; then other
/// greeting names, then the forms of recipients, so that the last connection greets with our own
/// name again; then what is asked inside TLS or as another client. A name that is not ours, where it
/// is asked again, stands last.
pub(super) fn in_order(forms: &[Form], mut some: Vec<usize>) -> Vec<usize> {
    if some.len() < 2 {
        return some;
    }
    let stage = |form: &Form| match (form.control(), form.axis()) {
        (Some(Control::RcptBeforeMail), _) => 0,
        (Some(Control::MismatchedHelo), _) => 6,
        _ if form.envelope.starttls || form.envelope.claimed.is_some() => 5,
        _ if !form.envelope.is_opened_by(&Hello::default()) => 3,
        // They cost many refusals, and the senders need the connection for their RSETs.
        (Some(Control::RandomUser), _) => 2,
        _ if form.envelope.first_rcpt.is_some() => 2,
        (Some(_), _) | (_, Some(Axis::Sender) | None) => 1,
        (_, Some(Axis::Helo)) => 3,
        (_, Some(Axis::Recipient)) => 4,
        (_, Some(Axis::Context)) => 5,
    };
    // Within a stage, forms of one context stay together, in the order of its first form.
    let mut contexts = HashMap::new();
    for (index, form) in forms.iter().enumerate() {
        contexts.entry((stage(form), form.context())).or_insert(index);
    }
    // A form that wants a local recipient accepted first comes after those that must not have one.
    let after = |form: &Form| form.envelope.first_rcpt.is_some();
    some.sort_by_cached_key(|&index| {
        forms.get(index).map(|form| {
            let stage = stage(form);
            (stage, contexts.get(&(stage, form.context())).copied(), after(form), index)
        })
    });
    some
}

/// The name that is not ours comes after the relay tests, so that a server that holds it against us
/// has answered them by then, and what was lost before counts for nothing here, nor the other way
/// round.
async fn greet_by_another_name(runner: &mut Runner, forms: Vec<usize>) {
    if forms.is_empty() {
        return;
    }
    runner.start_pass_at_once();
    runner.run(forms, Pass::First).await;
}

fn is_under_a_name_not_ours(form: &Form) -> bool {
    form.control() == Some(Control::MismatchedHelo)
}

/// True when a form was answered in a way that passes the test, which is cheaper than to judge.
pub(super) fn is_answered(evidence: &Evidence, test: impl Fn(&Form, &Reply) -> bool) -> bool {
    evidence.attempts.iter().any(|attempt| {
        let reply = evidence.exchange(attempt).and_then(|exchange| exchange.answer.reply());
        evidence.forms.get(attempt.form).zip(reply).is_some_and(|(form, reply)| test(form, reply))
    })
}

/// A server that was busy when it was first met tells its name and its extensions later, and some
/// extensions are offered only inside TLS: what needs them is asked then.
async fn ask_late(runner: &mut Runner, settings: &Settings, profile: Profile, tokens: &Tokens) {
    let probes = settings.library.in_profile(profile);
    let added = plan_late(&mut runner.evidence, probes, tokens);
    if !added.is_empty() {
        runner.start_pass();
        let queue = in_order(&runner.evidence.forms, added);
        runner.run(queue, Pass::First).await;
        try_null_sender(runner, tokens).await;
    }
}

/// A server that throttled or banned us midway refuses everything: the plain recipient must be
/// answered at the end as it was at the start, where that alone, or what becomes of its message, can
/// show that the server does not relay.
async fn plain_at_end(runner: &mut Runner) {
    let reading = runner.reading();
    let judged = Judge::with(&runner.evidence, &reading);
    let plain = |(index, form): (usize, &Form)| {
        let settles = || {
            let outcome = judged.form(index).outcome;
            outcome.is_relay_refusal()
                || outcome.is_late_refusal()
                || outcome == Outcome::AcceptedMessage
        };
        (form.is_plain() && settles()).then_some(index)
    };
    let found = runner.evidence.forms.iter().enumerate().find_map(plain);
    if let Some(index) = found.and_then(|plain| repeat_at_end(&mut runner.evidence, plain)) {
        runner.start_pass();
        runner.run(vec![index], Pass::End).await;
    }
}
