//! What must hold for whatever others send or write: the fuzzer looks for bytes that break it, and
//! `tests/corpora.rs` tries all that it has kept.
//!
//! Each property takes any bytes, panics where it does not hold, and returns whether the bytes were
//! understood.

use std::sync::LazyLock;

use mxaudit::dns::{Question, read_answer};
use mxaudit::dnsbl::{Reading, Registry};
use mxaudit::evidence::lookup::{LookupAnswer, LookupKind};
use mxaudit::evidence::{read_transcript, write_transcript};
use mxaudit::probe::Probe;
use mxaudit::smtp::{ParseLimits, Reply, ReplyFault, ReplyParser};
use mxaudit::target::scope::{Candidate, Consent, Scope};
use mxaudit::target::spec::TargetSpec;
use mxaudit::target::sweep::{Exclusion, SweepSpec, read_exclusions, read_targets};
use mxaudit::target::{Target, Via};
use mxaudit::verdict::check_vectors;

/// Replies do not depend on how the network cuts the bytes, and none is larger than its limits. The
/// first byte says into pieces of which size the rest is cut.
pub(crate) fn reply(bytes: &[u8]) -> bool {
    let Some((&size, rest)) = bytes.split_first() else { return false };
    let whole = replies(rest, rest.len().max(1));
    let cut = replies(rest, usize::from(size).max(1));
    assert_eq!(whole, cut);
    let limits = ParseLimits::default();
    for reply in whole.iter().flatten() {
        assert!((200..600).contains(&reply.code()));
        assert!((1..=limits.lines).contains(&reply.line_count()));
    }
    whole.first().is_some_and(Result::is_ok)
}

fn replies(bytes: &[u8], size: usize) -> Vec<Result<Reply, ReplyFault>> {
    let mut parser = ReplyParser::default();
    let mut replies = Vec::new();
    for piece in bytes.chunks(size) {
        parser.feed(piece);
        while let Some(reply) = parser.next_reply() {
            let is_over = reply.is_err();
            replies.push(reply);
            if is_over {
                return replies;
            }
        }
    }
    replies
}

/// What is read as a transcript is written so that it is read as the same again.
pub(crate) fn transcript(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let read = match read_transcript("some.smtp", text) {
        Ok(read) => read,
        Err(error) => {
            has_words(&error.to_string());
            has_words(&format!("{error:#}"));
            return false;
        }
    };
    let (transcript, notes) = &read;
    let of = |index| notes.iter().filter(move |(at, _)| *at == index);
    let written = write_transcript(transcript, |at| of(at).map(|(_, note)| note.clone()).collect());
    let again = read_transcript("some.smtp", &written);
    let again = again.unwrap_or_else(|error| panic!("{error:#}\n{written}"));
    assert_eq!(&again.1, notes, "{written}");
    assert_eq!(format!("{:?}", again.0), format!("{transcript:?}"), "{written}");
    true
}

/// A probe is read or refused in words, and what is read can be judged by its vectors.
pub(crate) fn probe(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    // An id belongs to a file: let it be the right one, or nothing behind that is ever reached.
    let id = text.lines().find_map(|line| line.strip_prefix("id ")?.split('"').nth(1));
    let file = id.unwrap_or("relay-some").replacen('-', "/", 1);
    match Probe::parse(&format!("{file}.toml"), text) {
        Ok(probe) => {
            for fault in check_vectors(&probe, &TARGET) {
                has_words(&format!("{fault:#}"));
            }
            true
        }
        Err(error) => {
            has_words(&error.to_string());
            has_words(&format!("{error:#}"));
            false
        }
    }
}

/// The server that vectors speak of.
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let candidate = Candidate {
        name: Some("mx.target.example".into()),
        address: [192, 0, 2, 25].into(),
        port: 25,
        mail_domain: None,
        via: Via::Host,
        named_by_user: true,
    };
    Scope::authorized(Consent::Flag).admit(candidate).expect("the user has consented")
});

/// A target is read or refused in words; what is read is shown in a form that is read as the same.
/// So are lists of targets, in whatever form, and exclusions.
pub(crate) fn target(bytes: &[u8]) -> bool {
    if let Err(error) = read_targets("some.list", bytes, &[25]) {
        has_words(&error.to_string());
    }
    if let Err(error) = read_exclusions("some.list", bytes) {
        has_words(&error.to_string());
    }
    let Ok(text) = str::from_utf8(bytes) else { return false };
    if let Err(error) = Exclusion::parse(text) {
        has_words(&error.to_string());
    }
    match TargetSpec::parse(text) {
        Ok(spec) => assert_eq!(TargetSpec::parse(&spec.to_string()), Ok(spec)),
        Err(error) => has_words(&error.to_string()),
    }
    match SweepSpec::parse(text) {
        Ok(spec) => {
            assert_eq!(SweepSpec::parse(&spec.to_string()), Ok(spec));
            true
        }
        Err(error) => {
            has_words(&error.to_string());
            false
        }
    }
}

/// What a name server answers is read or refused, never kept beyond its bounds, and never a listing
/// where there is no address of 127.0.0.0/8. The first byte chooses what was asked, the rest is the
/// message, which has the id of the question.
pub(crate) fn answer(bytes: &[u8]) -> bool {
    let Some((&kind, message)) = bytes.split_first() else { return false };
    let kinds = [LookupKind::A, LookupKind::Txt, LookupKind::Soa, LookupKind::Ptr];
    let kind = kinds[usize::from(kind) % kinds.len()];
    let question = Question::new(ASKED, kind).expect("a name");
    let id = message.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    let told = match read_answer(&question, id, message) {
        Ok(Some(told)) => told,
        Ok(None) => return false,
        Err(fault) => {
            has_words(&fault.to_string());
            return false;
        }
    };
    match &told.answer {
        LookupAnswer::Addresses(addresses) => {
            assert!((1..=64).contains(&addresses.len()), "{addresses:?}");
            assert!(addresses.is_sorted_by(|one, next| one < next), "{addresses:?}");
        }
        LookupAnswer::Texts(texts) | LookupAnswer::Names(texts) => {
            assert!((1..=8).contains(&texts.len()), "{texts:?}");
            assert!(texts.iter().all(|text| text.chars().count() <= 4 * 255), "{texts:?}");
            assert!(!texts.iter().any(|text| text.contains(char::is_control)), "{texts:?}");
        }
        LookupAnswer::Authority(name) => assert!(!name.contains(char::is_control), "{name:?}"),
        _ => {}
    }
    let addresses = told.answer.addresses();
    for zone in REGISTRY.zones() {
        let reading = zone.read(addresses);
        assert_eq!(reading == Reading::Nothing, addresses.is_empty(), "{reading:?}");
        let may_list = !addresses.is_empty() && addresses.iter().all(|it| it.is_loopback());
        assert!(may_list || !reading.is_listing(), "{reading:?}");
    }
    told.answer.is_statement()
}

const ASKED: &str = "2.0.0.127.bl.test";

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::embedded().expect("the embedded lists"));

/// An error is told in words, and none of what it quotes can steer a terminal.
fn has_words(error: &str) {
    assert!(!error.trim().is_empty());
    let steers = |c: char| c.is_control() && c != '\n';
    assert!(!error.contains(steers), "{error:?}");
}
