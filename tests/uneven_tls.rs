//! Servers that treat connections differently: TLS that only some of them have, and what is learned
//! on one of them for the others.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use lab::{accepted, audited, dialogue, self_signed, settings};
use mxaudit::engine::{Interrupt, Settings, audit};
use mxaudit::evidence::{DialFailure, Evidence, Exchange, Form};
use mxaudit::finding::Confidence;
use mxaudit::net::{Connection, Dialer};
use mxaudit::practice::{
    AuthOffer, Behaviour, Block, BlockStage, MUST_START_TLS, PracticeServer, RelayPolicy,
    SenderMatch, Tls,
};
use mxaudit::probe::{Axis, Profile};
use mxaudit::smtp::Phase;
use mxaudit::target::scope::{Candidate, Scope};
use mxaudit::target::{Target, Via};
use mxaudit::verdict::{RelayVerdict, Verdict, findings, judge};
use tokio::net::TcpStream;

fn with_tls(behaviour: Behaviour) -> Behaviour {
    Behaviour { tls: Some(Tls::starttls(self_signed("mx.practice.test"))), ..behaviour }
}

fn standard() -> Settings {
    Settings { profile: Profile::Standard, ..settings() }
}

/// Dials one server for the first connection and another for all that follow.
struct Uneven {
    first: SocketAddr,
    then: SocketAddr,
    dialled: AtomicUsize,
}

impl Dialer for Uneven {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        let first = self.dialled.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            let stream = TcpStream::connect(if first { self.first } else { self.then }).await;
            let stream = stream.unwrap();
            let local = stream.local_addr().unwrap();
            let peer = SocketAddr::new(target.address(), target.port());
            Ok(Connection { stream: Box::new(stream), local, peer })
        })
    }
}

async fn uneven(
    port: u16,
    first: Behaviour,
    then: Behaviour,
    settings: Settings,
) -> (Evidence, RelayVerdict) {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let first = PracticeServer::start(first, here).await.unwrap();
    let then = PracticeServer::start(then, here).await.unwrap();
    let candidate = Candidate {
        name: None,
        address: Ipv4Addr::LOCALHOST.into(),
        port,
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    };
    let targets = vec![Scope::loopback_only().admit(candidate).unwrap()];
    let dialled = AtomicUsize::new(0);
    let dialer = Uneven { first: first.address(), then: then.address(), dialled };
    let (settings, dialer) = (Arc::new(settings), Arc::new(dialer));
    let all = audit(targets, settings, dialer, Interrupt::default(), |_| {}).await;
    let evidence = all.into_iter().next().unwrap();
    let verdict = judge(&evidence);
    (evidence, verdict)
}

fn phases(evidence: &Evidence) -> impl Iterator<Item = Phase> {
    evidence.transcripts.iter().flat_map(|t| &t.exchanges).map(|exchange| exchange.phase)
}

/// STARTTLS that only the first connection offered is not sent on the others, and what waits for it
/// there stays unknown.
#[tokio::test(flavor = "multi_thread")]
async fn starttls_on_some_connections_only() {
    let must = |behaviour| Behaviour { tls_required: Some(MUST_START_TLS.into()), ..behaviour };
    let (first, then) = (must(with_tls(Behaviour::closed())), must(Behaviour::closed()));
    let (evidence, verdict) = uneven(25, first, then, standard()).await;
    let shown = dialogue(&evidence);
    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{shown}");
    assert_eq!(verdict.reasons[0].code, "tls-required", "{shown}");
    assert!(!phases(&evidence).any(|phase| phase == Phase::StartTls), "{shown}");
    assert!(evidence.stopped.is_none(), "{:?}\n{shown}", evidence.stopped);
}

/// Who wants TLS and does not offer it is asked in the clear, and no connection is spent on TLS.
#[tokio::test(flavor = "multi_thread")]
async fn tls_that_is_wanted_and_not_offered() {
    let tls_required = Some(MUST_START_TLS.into());
    let behaviour = Behaviour { tls_required, ..Behaviour::closed() };
    let (evidence, verdict, _server) = audited(behaviour, standard()).await;
    assert_eq!(verdict.reasons[0].code, "tls-required", "{}", dialogue(&evidence));
    for transcript in &evidence.transcripts {
        let asks = |exchange: &Exchange| matches!(exchange.phase, Phase::Mail | Phase::Rcpt);
        assert!(transcript.exchanges.iter().any(asks), "{}", dialogue(&evidence));
    }
}

/// On a submission port a refusal of every client is asked about again inside TLS, where the login
/// is, and judged there.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_on_a_submission_port_is_judged_inside() {
    let reply = "554 5.7.1 <client>: Client host rejected: Access denied".into();
    let block = Block { stage: BlockStage::Rcpt, reply, exempt_postmaster: false };
    let auth = Some(AuthOffer::InsideTls);
    let server = with_tls(Behaviour { block_client: Some(block), auth, ..Behaviour::closed() });
    let (evidence, verdict) = uneven(587, server.clone(), server, standard()).await;
    let plain = verdict.probes.iter().find(|probe| probe.code == "S01").unwrap();
    let (connection, exchange) = plain.verdict.evidence.unwrap();
    let decided = &evidence.transcripts[connection].exchanges[exchange];
    assert!(decided.tls, "{}", dialogue(&evidence));
}

/// What is asked inside TLS on its own account comes last, over one connection with its controls,
/// and an acceptance there is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_inside_comes_together_and_last() {
    let (evidence, _, _server) = audited(with_tls(Behaviour::closed()), standard()).await;
    let secured = evidence.transcripts.iter().filter(|transcript| transcript.tls.is_some());
    assert_eq!(secured.count(), 1, "{}", dialogue(&evidence));
    let place = |wanted: &dyn Fn(&Form) -> bool| {
        evidence.attempts.iter().rposition(|attempt| wanted(&evidence.forms[attempt.form]))
    };
    let of_axis = |axis: Axis| place(&|form: &Form| form.axis() == Some(axis));
    assert!(of_axis(Axis::Context) > of_axis(Axis::Recipient), "{}", dialogue(&evidence));

    let inside = RelayPolicy::InsideTls(Box::new(RelayPolicy::Open));
    let behaviour = with_tls(Behaviour { relay: inside, ..Behaviour::closed() });
    let (evidence, verdict, _server) = audited(behaviour, standard()).await;
    let found = findings(&evidence, &verdict);
    let open = found.iter().find(|finding| finding.id == "open-relay").unwrap();
    assert_eq!(open.confidence, Confidence::High, "{}", dialogue(&evidence));
}

/// Where our sender is refused, a bounce is tried inside TLS too.
#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_is_tried_inside() {
    let words = "450 4.1.8 <probe@audit.test>: Sender address rejected: Domain not found";
    let behaviour = with_tls(Behaviour {
        refuse_sender: Some((SenderMatch::Foreign, words.into())),
        relay: RelayPolicy::InsideTls(Box::new(RelayPolicy::Open)),
        ..Behaviour::closed()
    });
    let (evidence, verdict, _server) = audited(behaviour, standard()).await;
    assert_eq!(accepted(&verdict), ["C04"], "{}", dialogue(&evidence));
}
