//! From the outcomes of all forms to the verdict on the host.

use std::collections::BTreeMap;

use crate::evidence::{Control, Evidence, Form, FormRole, Transcript};
use crate::finding::{Confidence, catalogue};
use crate::probe::Axis;

use super::connection::xclient_reason;
use super::reason::{Reason, no_smtp};
use super::{FormVerdict, Judge, NotRun, Outcome, Proof, Reading, Undecided, Verdict};

/// The verdict on one host, with everything that led to it.
#[derive(Clone, Debug)]
pub struct RelayVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// How far relaying is proved.
    pub proof: Proof,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// How much was judged.
    pub coverage: Coverage,
    /// Every probe of the plan, by axis and code.
    pub probes: Vec<ProbeVerdict>,
    /// Every control: the index of its form, and what became of it.
    pub controls: Vec<(usize, FormVerdict)>,
    /// How the replies were read.
    pub(super) reading: Reading,
}

/// How much of the plan was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Probes that the plan asked for.
    pub planned: usize,
    /// Probes that were accepted or clearly refused.
    pub judged: usize,
}

impl Coverage {
    /// Judged probes in a hundred, rounded down.
    pub fn percent(self) -> usize {
        (100 * self.judged).checked_div(self.planned).unwrap_or(0)
    }
}

/// What became of one probe.
#[derive(Clone, Debug)]
pub struct ProbeVerdict {
    /// The probe's id.
    pub id: String,
    /// Its short code.
    pub code: String,
    /// What it varies; `None` when it was never planned.
    pub axis: Option<Axis>,
    /// The form that decides; `None` when it was never planned.
    pub form: Option<usize>,
    /// The judgement.
    pub verdict: FormVerdict,
}

impl ProbeVerdict {
    /// True where an acceptance shows relaying to domains whose MX record names the server only.
    pub fn is_by_mx(&self, evidence: &Evidence) -> bool {
        let form = self.form.and_then(|index| evidence.forms.get(index));
        form.and_then(Form::check) == Some(catalogue::CONDITIONAL_RELAY)
    }
}

/// Judges one host. Pure: the same evidence gives the same verdict.
pub fn judge(evidence: &Evidence) -> RelayVerdict {
    judge_by(evidence, &Judge::new(evidence))
}

/// The same by a judge of this host.
pub fn judge_by(evidence: &Evidence, judge: &Judge<'_>) -> RelayVerdict {
    let probes = probes(evidence, judge);
    let controls = (0..evidence.forms.len())
        .filter(|index| evidence.forms.get(*index).is_some_and(|f| f.control().is_some()))
        .map(|index| (index, judge.form(index)))
        .collect();
    let counted = probes.iter().filter(|probe| !is_beside_the_plan(probe.verdict.outcome));
    let judged = |p: &&ProbeVerdict| p.verdict.outcome.is_no() || p.verdict.outcome.is_accepted();
    let coverage =
        Coverage { planned: counted.clone().count(), judged: counted.filter(judged).count() };
    let mut relay = RelayVerdict {
        verdict: Verdict::Inconclusive,
        proof: Proof::None,
        reasons: Vec::new(),
        coverage,
        probes,
        controls,
        reading: judge.reading().clone(),
    };
    relay.decide(evidence, judge);
    relay
}

/// Probes for other ports, those that another probe already asks, and those for names that only
/// some auditors have, lower no coverage.
fn is_beside_the_plan(outcome: Outcome) -> bool {
    use crate::evidence::Lacking::{
        ClaimedAddress, ClientName, Difference, Extension, MxDomain, Partner, Role,
    };
    let extra = |why| {
        let of_name = matches!(why, ClientName | MxDomain | Partner);
        of_name || matches!(why, ClaimedAddress | Difference | Extension | Role)
    };
    matches!(outcome, Outcome::NotRun(NotRun::Lacking(why)) if extra(why))
}

impl RelayVerdict {
    fn decide(&mut self, evidence: &Evidence, judge: &Judge<'_>) {
        if let Some(reason) = no_smtp(evidence) {
            self.verdict = Verdict::Unreachable;
            self.reasons.push(reason);
            return;
        }
        if self.decide_by_messages(evidence) {
            return;
        }
        let end = self.at_end(evidence).map(|(_, verdict)| *verdict);
        // Where the plainest message of all was refused, what was not sent is open and no more.
        let late = self.plainest_is(Outcome::is_late_refusal);
        let accepted = |verdict: &FormVerdict| verdict.outcome.is_accepted() && !late;
        if end.iter().chain(self.probes.iter().map(|p| &p.verdict)).any(accepted) {
            self.proof = Proof::Suspected;
            if end.is_none_or(|end| !accepted(&end)) && self.relays_by_mx_only(evidence) {
                self.verdict = Verdict::Conditional;
                // What else was not learned still matters: it might have been worse.
                self.collect_undecided(evidence);
                self.reasons.extend(xclient_reason(evidence, self));
                self.reasons.insert(0, self.accepted_by_mx_reason());
            } else {
                self.verdict = Verdict::Open;
                self.reasons.push(self.accepted_reason());
            }
            return;
        }
        let refused_at_start = judge.plain_is_judged();
        let no = |end: &FormVerdict| {
            // Who refuses messages says yes to recipients, at the end as at the start.
            end.outcome.is_relay_refusal() || late && end.outcome == Outcome::AcceptedRecipient
        };
        let explained = self.explained_by_messages(evidence);
        self.collect_undecided_but(evidence, &explained.probes());
        self.reasons.extend(xclient_reason(evidence, self));
        if judge.is_inside() {
            self.put_vantage_first();
        }
        match end {
            Some(end) if no(&end) => {}
            // It was planned and never asked: that is no change.
            Some(end) if end.evidence.is_none() => {}
            Some(end) if refused_at_start => self.reasons.push(Reason {
                code: "changed-midway",
                text: "a plain foreign recipient was refused as relaying at the start, and \
                       answered otherwise at the end: the server may have begun to block us"
                    .into(),
                remedy: "run again later, or exempt the auditor's address from the server's limits"
                    .into(),
                probes: Vec::new(),
                evidence: end.evidence,
            }),
            _ => {}
        }
        if !refused_at_start && self.reasons.is_empty() {
            self.reasons.push(Reason {
                code: "no-plain-probe",
                text: "no plain message from a stranger to a stranger was judged, and without one \
                       no server is called closed"
                    .into(),
                remedy: "give an auditor's domain that resolves with --auditor-domain".into(),
                probes: Vec::new(),
                evidence: None,
            });
        }
        let refused_at_end = end.is_some_and(|end| no(&end));
        if self.reasons.is_empty() && refused_at_start && refused_at_end {
            self.verdict = Verdict::Closed;
            let by_messages = self.refused_message_reason(&explained);
            self.reasons.push(by_messages.unwrap_or_else(|| {
                Reason {
                    code: "relay-refused",
                    text:
                        "a plain foreign recipient was refused at the start and at the end, and so \
                       was every form that was asked"
                            .into(),
                    remedy: String::new(),
                    probes: Vec::new(),
                    evidence: end.and_then(|end| end.evidence),
                }
            }));
        } else if self.reasons.is_empty() {
            self.reasons.push(Reason::undecided(Undecided::NotAnswered));
        }
    }

    /// From inside nothing else matters, whether a form was accepted or not.
    fn put_vantage_first(&mut self) {
        let fresh = Reason::undecided(Undecided::VantageInside);
        match self.reasons.iter().position(|reason| reason.code == fresh.code) {
            Some(at) => self.reasons.swap(0, at),
            None => self.reasons.insert(0, fresh),
        }
    }

    fn at_end(&self, evidence: &Evidence) -> Option<&(usize, FormVerdict)> {
        self.controls.iter().find(|(index, _)| {
            evidence.forms.get(*index).and_then(|form| form.control()) == Some(Control::PlainAtEnd)
        })
    }

    /// Everything accepted is at a domain whose MX record names the server.
    pub(super) fn relays_by_mx_only(&self, evidence: &Evidence) -> bool {
        let open = |p: &ProbeVerdict| p.verdict.outcome.is_accepted();
        self.probes.iter().all(|probe| !open(probe) || probe.is_by_mx(evidence))
    }

    fn accepted_by_mx_reason(&self) -> Reason {
        let text = "only a recipient in a domain whose MX record names the server was accepted at \
                    RCPT, and anyone can write such a record; nothing was sent past that";
        Reason { text: text.into(), ..self.accepted_reason() }
    }

    fn accepted_reason(&self) -> Reason {
        let accepted = self.probes.iter().filter(|p| p.verdict.outcome.is_accepted());
        Reason {
            code: "accepted-recipient",
            text: "a recipient in a domain that is not the server's was accepted at RCPT; nothing \
                   was sent past that, so a later refusal or a silent discard is not excluded"
                .into(),
            remedy: "see the findings".into(),
            evidence: accepted.clone().find_map(|probe| probe.verdict.evidence),
            probes: accepted.map(|probe| probe.code.clone()).collect(),
        }
    }

    pub(super) fn collect_undecided(&mut self, evidence: &Evidence) {
        self.collect_undecided_but(evidence, &[]);
    }

    /// One reason for each kind of not knowing, with all probes that it stands for; the probes with
    /// these codes are known otherwise.
    fn collect_undecided_but(&mut self, evidence: &Evidence, known: &[&str]) {
        let mut found: BTreeMap<&'static str, Reason> = BTreeMap::new();
        for probe in self.probes.iter().filter(|probe| !known.contains(&probe.code.as_str())) {
            let Some(mut fresh) = Reason::of(probe.verdict.outcome) else { continue };
            let place = probe.verdict.evidence;
            let transcript = place.and_then(|(transcript, _)| evidence.transcripts.get(transcript));
            if let (Outcome::TlsRequired, Some(Transcript { tls: Some(_), .. })) =
                (probe.verdict.outcome, transcript)
            {
                fresh = Reason::more_tls();
            }
            let reason = found.entry(fresh.code).or_insert(fresh);
            reason.probes.push(probe.code.clone());
            reason.evidence = reason.evidence.or(probe.verdict.evidence);
        }
        if let Some(stop) = evidence.stopped {
            let fresh = Reason::stopped(stop);
            found.entry(fresh.code).or_insert(fresh);
        }
        self.reasons.extend(found.into_values());
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.probes.len()));
    }
}

/// The probes of the plan: forms of one probe are judged together.
fn probes(evidence: &Evidence, judge: &Judge<'_>) -> Vec<ProbeVerdict> {
    // Probe id, then instance, then the forms that differ in their sender only.
    let mut groups: BTreeMap<&str, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (index, form) in evidence.forms.iter().enumerate() {
        if let FormRole::Probe { id, instance, .. } = &form.role {
            groups.entry(id).or_default().entry(*instance).or_default().push(index);
        }
    }
    let mut probes: Vec<ProbeVerdict> = Vec::new();
    for instances in groups.values() {
        let decided = instances.values().filter_map(|forms| decide_instance(forms, judge));
        // Of several local domains the worst counts: what is proved before what is not, then unknown, then refused.
        let worst = decided.min_by_key(|(_, verdict)| match verdict.outcome {
            Outcome::Delivered => 0,
            Outcome::AcceptedMessage => 1,
            outcome if outcome.is_accepted() => 2,
            outcome if !outcome.is_no() => 3,
            _ => 4,
        });
        let Some((index, verdict)) = worst else { continue };
        let role = evidence.forms.get(index).map(|form| &form.role);
        if let Some(FormRole::Probe { id, code, axis, .. }) = role {
            let (id, code) = (id.clone(), code.clone());
            probes.push(ProbeVerdict { id, code, axis: Some(*axis), form: Some(index), verdict });
        }
    }
    for lacking in &evidence.not_planned {
        if groups.contains_key(lacking.probe.as_str()) {
            continue;
        }
        let verdict = FormVerdict {
            outcome: Outcome::NotRun(NotRun::Lacking(lacking.why)),
            confidence: Confidence::High,
            evidence: None,
            repeated: None,
        };
        let (id, code) = (lacking.probe.clone(), lacking.code.clone());
        probes.push(ProbeVerdict { id, code, axis: None, form: None, verdict });
    }
    probes.sort_by(|a, b| axis_rank(&a.code).cmp(&axis_rank(&b.code)).then(a.code.cmp(&b.code)));
    probes
}

/// S before H before R, as in the table that the codes come from.
fn axis_rank(code: &str) -> usize {
    "SHRC".find(code.get(..1).unwrap_or_default()).unwrap_or(usize::MAX)
}

/// What became of a message decides; else one acceptance; else one clear refusal, with whatever
/// sender; else the first form. Where bounces are relayed whatever their form, an acceptance with the null sender is about that sender.
fn decide_instance(forms: &[usize], judge: &Judge<'_>) -> Option<(usize, FormVerdict)> {
    let verdicts: Vec<_> = forms.iter().map(|index| (*index, judge.form(*index))).collect();
    if judge.relays_bounces_only() {
        let own = |index| !judge.is_by_null_sender(index);
        let mut no =
            verdicts.iter().filter(|(index, verdict)| own(*index) && verdict.outcome.is_no());
        if let Some(no) = no.next() {
            return Some(*no);
        }
    }
    let find = |wanted: &dyn Fn(Outcome) -> bool| {
        verdicts.iter().find(|(_, verdict)| wanted(verdict.outcome)).copied()
    };
    find(&|outcome| outcome == Outcome::Delivered)
        .or_else(|| find(&|outcome| outcome == Outcome::AcceptedMessage))
        // What was accepted and not sent is open, whatever became of the other sender's message.
        .or_else(|| find(&|outcome| outcome == Outcome::AcceptedRecipient))
        .or_else(|| find(&Outcome::is_late_refusal))
        .or_else(|| find(&Outcome::is_no))
        .or_else(|| verdicts.first().copied())
}
