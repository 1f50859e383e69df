//! The closed lists of words of version 1, for its schema. The words themselves belong to the
//! rooms that decide; a variant that is missing here does not compile.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::dnsbl::configured::NoteKind as NoteKinds;
use crate::dnsbl::{Access, Purpose, SubjectKind as SubjectKinds, Weight};
use crate::evidence::matrix::Gap;
use crate::evidence::{Lacking, Stop};
use crate::finding::catalogue;
use crate::grade;
use crate::verdict::listing::{Standing as StandingKind, ZoneState as ZoneStates};
use crate::verdict::{self, Heard, NotRun, NotTested, PopReason, Refusal, Undecided};

/// All variants of an enum without fields.
macro_rules! variants {
    ($name:ident: $kind:ident = $($variant:ident)+) => {
        const $name: &[$kind] = &[$($kind::$variant),+];
        const _: fn($kind) = |variant| match variant { $($kind::$variant)|+ => {} };
    };
}

type VerdictKind = verdict::Verdict;
type ProofKind = verdict::Proof;
type OutcomeKind = verdict::Outcome;
type ObservedKind = verdict::Observed;
type LetterKind = grade::Letter;
type PopOutcomeKind = verdict::PopOutcome;

variants!(VERDICTS: VerdictKind = Open Conditional Inconclusive Closed Unreachable);
variants!(PROOFS: ProofKind = None Suspected Probable Confirmed);
variants!(LETTERS: LetterKind = APlus A B C D N F);
variants!(REFUSALS: Refusal = Relay Syntax UnknownUser Sender Helo Sequence Message Returned);
variants!(LACKING: Lacking = Interest LocalDomain AuditorDomain TargetName Difference Role CanaryAddress
    ClientName Partner MxDomain Extension ClaimedAddress);
variants!(STOPS: Stop = Interrupted Deadline ConnectionCap TooMuchSaid NoProgress DialFailed Internal);

variants!(SUBJECT_KINDS: SubjectKinds = Ipv4 Ipv6 Domain);
variants!(NOTE_KINDS: NoteKinds = NotFollowed Elsewhere Disabled Assumed Meaning);
variants!(PURPOSES: Purpose = Block Allow);
variants!(ACCESSES: Access = Free Registered Key);
variants!(WEIGHTS: Weight = Allow Info Minor Major Critical);
variants!(STANDINGS: StandingKind = Listed NotListed Unknown);
variants!(ZONE_STATES: ZoneStates = Healthy ListsWorld Parked Refused Silent Gone Emptied Tombstoned Unregistered
    Broken Unproven);

const OUTCOMES: &[OutcomeKind] = &[
    OutcomeKind::NotRun(NotRun::Unreachable),
    OutcomeKind::Inconclusive(Undecided::NotAnswered),
    OutcomeKind::Deferred,
    OutcomeKind::AuthRequired,
    OutcomeKind::TlsRequired,
    OutcomeKind::Refused(Refusal::Relay),
    OutcomeKind::AcceptedRecipient,
    OutcomeKind::AcceptedMessage,
    OutcomeKind::Delivered,
];
const _: fn(OutcomeKind) = |outcome| match outcome {
    OutcomeKind::NotRun(
        NotRun::Lacking(_) | NotRun::NoTls | NotRun::Stopped(_) | NotRun::Unreachable,
    )
    | OutcomeKind::Inconclusive(_)
    | OutcomeKind::Deferred
    | OutcomeKind::AuthRequired
    | OutcomeKind::TlsRequired
    | OutcomeKind::Refused(_)
    | OutcomeKind::AcceptedRecipient
    | OutcomeKind::AcceptedMessage
    | OutcomeKind::Delivered => {}
};

const OBSERVED: &[ObservedKind] = &[
    ObservedKind::Accepted,
    ObservedKind::Refused,
    ObservedKind::AuthRequired,
    ObservedKind::Deferred,
    ObservedKind::Unknown(Undecided::NotAnswered),
    ObservedKind::NotTested(NotTested::Gap(Gap::Stopped)),
];
const _: fn(ObservedKind) = |observed| match observed {
    ObservedKind::Accepted
    | ObservedKind::Refused
    | ObservedKind::AuthRequired
    | ObservedKind::Deferred
    | ObservedKind::Unknown(_)
    | ObservedKind::NotTested(_) => {}
};

const POP_OUTCOMES: &[PopOutcomeKind] = &[
    PopOutcomeKind::Granted,
    PopOutcomeKind::NotGranted,
    PopOutcomeKind::NotMeasured,
    PopOutcomeKind::Unknown(PopReason::Deferred),
];
const _: fn(PopOutcomeKind) = |outcome| match outcome {
    PopOutcomeKind::Granted
    | PopOutcomeKind::NotGranted
    | PopOutcomeKind::NotMeasured
    | PopOutcomeKind::Unknown(_) => {}
};

const HEARD: &[Heard] =
    &[Heard::Granted, Heard::Refused, Heard::Unclear, Heard::Unknown(PopReason::Deferred)];
const _: fn(Heard) = |heard| match heard {
    Heard::Granted | Heard::Refused | Heard::Unclear | Heard::Unknown(_) => {}
};

/// How a login by POP3 ends.
fn pop_results() -> impl Iterator<Item = &'static str> {
    verdict::POP_ENDS.iter().map(|end| PopReason::Login(*end).as_str())
}

fn pop_reasons() -> impl Iterator<Item = &'static str> {
    const _: fn(PopReason) = |reason| match reason {
        PopReason::Gap(_)
        | PopReason::Deferred
        | PopReason::Undecided(_)
        | PopReason::Login(_)
        | PopReason::OtherSource => {}
    };
    let gaps = verdict::GAPS.iter().map(|gap| PopReason::Gap(*gap).as_str());
    let others = [PopReason::Deferred, PopReason::OtherSource].map(PopReason::as_str);
    let failed = pop_results().filter(|word| *word != "logged-in");
    let before = PopOutcomeKind::NotMeasured.reason();
    gaps.chain(failed).chain(others).chain(before).chain(undecided())
}

/// The reasons of a verdict that are no reason of a probe. A test reads them from the verdict.
const OF_HOSTS: &[&str] = &[
    "accepted-recipient",
    "changed-midway",
    "connect-timeout",
    "connection-refused",
    "deferred",
    "delivered",
    "local-fault",
    "message-refused",
    "no-greeting",
    "no-plain-probe",
    "no-route",
    "not-arrived",
    "not-smtp",
    "not-tried",
    "out-of-scope",
    "relay-refused",
    "skipped",
    "tls-failed",
    "tls-required",
    "xclient-offered",
];

fn not_run() -> impl Iterator<Item = NotRun> {
    let lacking = LACKING.iter().copied().map(NotRun::Lacking);
    lacking.chain(stopped()).chain([NotRun::NoTls, NotRun::Unreachable])
}

fn stopped() -> impl Iterator<Item = NotRun> {
    STOPS.iter().copied().map(NotRun::Stopped)
}

fn undecided() -> impl Iterator<Item = &'static str> {
    Undecided::ALL.iter().copied().map(Undecided::as_str)
}

/// The words in alphabetical order, each once.
fn sorted(words: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut words: Vec<_> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The words that values of an enum are written as.
fn written(all: &[impl serde::Serialize]) -> Vec<String> {
    let word = |value| match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    };
    all.iter().filter_map(word).collect()
}

fn zone_states() -> impl Iterator<Item = &'static str> {
    ZONE_STATES.iter().map(|state| state.as_str())
}

/// A type that stands for a list of words in the schema.
macro_rules! word {
    ($(#[doc = $doc:literal])+ $name:ident, $words:expr) => {
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words = $words;
                json_schema!({
                    "description": concat!($($doc),+).trim(),
                    "type": "string",
                    "enum": words,
                })
            }
        }
    };
}

word!(
    /// The verdict on one host.
    Verdict,
    VERDICTS.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// How far relaying is proved.
    Proof,
    PROOFS.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// A grade. F is worse than N, "not graded".
    Letter,
    LETTERS.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// What became of a probe or a control.
    Outcome,
    OUTCOMES.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// Why a probe or a control has its outcome.
    OutcomeReason,
    sorted(
        not_run()
            .map(NotRun::as_str)
            .chain(undecided())
            .chain(REFUSALS.iter().map(|word| word.as_str()))
    )
);
word!(
    /// Why a host has its verdict.
    VerdictReason,
    sorted(undecided().chain(stopped().map(NotRun::as_str)).chain(OF_HOSTS.iter().copied()))
);
word!(
    /// What a server does with the mail of a cell of the relay matrix.
    Observed,
    OBSERVED.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// Why a cell or a row of the relay matrix is not known.
    MatrixReason,
    sorted(
        verdict::GAPS
            .iter()
            .map(|gap| NotTested::Gap(*gap))
            .chain(LACKING.iter().map(|why| NotTested::Lacking(*why)))
            .map(NotTested::as_str)
            .chain(undecided())
    )
);
word!(
    /// What is known of POP-before-SMTP.
    PopOutcome,
    POP_OUTCOMES.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// What a server does with the recipient of a check for POP-before-SMTP.
    PopHeard,
    sorted(HEARD.iter().map(|word| word.as_str()))
);
word!(
    /// Why something about POP-before-SMTP is not known.
    PopReasonWord,
    sorted(pop_reasons())
);
word!(
    /// How a connection to a POP3 server ended.
    PopResult,
    sorted(pop_results())
);
word!(
    /// An entry of the catalogue of findings.
    FindingId,
    catalogue::entries().map(|entry| entry.id).collect::<Vec<_>>()
);
word!(
    /// What is looked up in lists.
    SubjectKind,
    written(SUBJECT_KINDS)
);
word!(
    /// What a list is for.
    ListPurpose,
    written(PURPOSES)
);
word!(
    /// Who may ask a list.
    ListAccess,
    written(ACCESSES)
);
word!(
    /// How much an answer of a list matters.
    ListWeight,
    written(WEIGHTS)
);
word!(
    /// What all lists together say about a subject.
    Standing,
    STANDINGS.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// What a note on a configuration file means.
    NoteKind,
    NOTE_KINDS.iter().map(|word| word.as_str()).collect::<Vec<_>>()
);
word!(
    /// What a list has shown of itself.
    ZoneState,
    zone_states().collect::<Vec<_>>()
);
word!(
    /// What one list says about a subject.
    ListWord,
    vec!["listed", "noted", "not-listed", "unknown"]
);
word!(
    /// Why it is not known what a list says about a subject.
    UnknownReason,
    sorted(zone_states().filter(|state| *state != "healthy").chain(["not-asked", "resolver"]))
);
word!(
    /// Where the connections come from, as the server sees it.
    Position,
    vec!["outside", "inside"]
);
word!(
    /// What the user says about where the connections come from.
    Assertion,
    vec!["outside"]
);
word!(
    /// Who speaks: C is the client, S the server.
    Direction,
    vec!["C", "S"]
);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Every source file under a folder.
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        files.into_iter().chain(folders.iter().flat_map(|folder| sources(folder))).collect()
    }

    /// Lower-case words joined by hyphens.
    fn is_word(text: &str) -> bool {
        let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        text.contains('-') && text.split('-').all(part)
    }

    #[test]
    fn the_reasons_of_a_host_are_those_of_the_verdict() {
        let mut written = Vec::new();
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/verdict")) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            // Other types end like this one.
            let makes = code
                .match_indices("Reason {")
                .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric()));
            if makes && !file.components().any(|c| c.as_os_str() == "tests") {
                let quoted = code.split('"').skip(1).step_by(2).filter(|text| is_word(text));
                written.extend(quoted.map(str::to_owned));
            }
        }
        assert!(written.len() > 10, "the reasons were found: {written:?}");
        let known = VerdictReason::json_schema(&mut SchemaGenerator::default());
        let known = known.get("enum").unwrap().as_array().unwrap();
        let known: Vec<_> = known.iter().filter_map(|word| word.as_str()).collect();
        let strange: Vec<_> =
            written.iter().filter(|word| !known.contains(&word.as_str())).collect();
        assert!(strange.is_empty(), "not in OF_HOSTS: {strange:?}");
        let used =
            |word: &&&str| word.contains('-') && !written.iter().any(|other| other == **word);
        let unused: Vec<_> = OF_HOSTS.iter().filter(used).collect();
        assert!(unused.is_empty(), "no reason of the verdict: {unused:?}");
    }
}
