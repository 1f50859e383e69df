//! What a connection goes through before the question: STARTTLS, TLS at once, XCLIENT.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use lab::{accepted, audited, dialogue, self_signed, settings};
use mxaudit::engine::{Interrupt, Settings, audit};
use mxaudit::evidence::record::{from_texts, to_texts};
use mxaudit::evidence::{Attempt, Control, DialFailure, Evidence, Exchange};
use mxaudit::net::{Connection, Dialer};
use mxaudit::practice::{
    AuthOffer, Behaviour, Block, BlockStage, Handshake, LOCAL_DOMAIN, MUST_START_TLS,
    PracticeServer, RelayPolicy, Tls, TlsStart, Xclient,
};
use mxaudit::probe::Profile;
use mxaudit::smtp::Phase;
use mxaudit::target::scope::{Candidate, Scope};
use mxaudit::target::{Target, Via};
use mxaudit::verdict::{Outcome, RelayVerdict, Verdict, findings, judge};
use tokio::net::TcpStream;

const NAME: &str = "mx.practice.test";

fn standard() -> Settings {
    Settings { profile: Profile::Standard, ..settings() }
}

fn with_tls(behaviour: Behaviour) -> Behaviour {
    Behaviour { tls: Some(Tls::starttls(self_signed(NAME))), ..behaviour }
}

/// A server that answers nothing but EHLO and STARTTLS in the clear.
fn tls_only(behaviour: Behaviour) -> Behaviour {
    Behaviour { tls_required: Some(MUST_START_TLS.into()), ..with_tls(behaviour) }
}

fn open() -> Behaviour {
    Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() }
}

fn spoiled(behaviour: Behaviour, start: TlsStart, handshake: Handshake) -> Behaviour {
    let tls = Tls { start, handshake, ..Tls::starttls(self_signed(NAME)) };
    Behaviour { tls: Some(tls), ..behaviour }
}

fn reasons(verdict: &RelayVerdict) -> Vec<&str> {
    verdict.reasons.iter().map(|reason| reason.code).collect()
}

fn outcome(verdict: &RelayVerdict, code: &str) -> String {
    let probe = verdict.probes.iter().find(|probe| probe.code == code).expect(code);
    let outcome = probe.verdict.outcome;
    format!("{} {}", outcome.as_str(), outcome.reason().unwrap_or_default()).trim().to_owned()
}

fn found(evidence: &Evidence, verdict: &RelayVerdict) -> Vec<&'static str> {
    findings(evidence, verdict).iter().map(|finding| finding.id).collect()
}

/// Who wants TLS is asked inside it, and judged by what it says there.
#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_tls_is_asked_inside() {
    for (behaviour, want) in [
        (Behaviour::closed(), Verdict::Closed),
        (open(), Verdict::Open),
        (Behaviour::exim(), Verdict::Closed),
    ] {
        let name = behaviour.name.clone();
        let (evidence, verdict, server) = audited(tls_only(behaviour), standard()).await;
        let shown = dialogue(&evidence);
        assert_eq!(verdict.verdict, want, "{name}: {:?}\n{shown}", reasons(&verdict));
        let inside = |attempt: &&Attempt| evidence.exchange(attempt).unwrap().tls;
        // RCPT before MAIL is refused as such anywhere.
        let judged = |attempt: &&Attempt| {
            evidence.forms[attempt.form].control() != Some(Control::RcptBeforeMail)
        };
        let outside: Vec<_> =
            evidence.attempts.iter().filter(|a| judged(a) && !inside(a)).collect();
        assert!(outside.is_empty(), "{name}: {outside:?}\n{shown}");
        assert!(!accepted(&verdict).is_empty() || want == Verdict::Closed);
        let secured = evidence.transcripts.iter().filter_map(|t| t.tls.as_ref());
        for tls in secured.clone() {
            assert_eq!((tls.version.as_str(), tls.certificates.len()), ("TLSv1.3", 1));
            assert!(tls.cipher.starts_with("TLS_"), "{}", tls.cipher);
        }
        // One connection learned that TLS is wanted; all others had it.
        assert_eq!(secured.count() + 1, evidence.transcripts.len(), "{shown}");
        let seen = server.counters();
        assert_eq!((seen.concurrent_peak, seen.data), (1, 0), "{seen:?}");
        assert!(seen.most_ehlos <= 2, "one before STARTTLS and one inside: {seen:?}");
        assert!(seen.most_refused_recipients <= 9 && seen.most_syntax_errors <= 3, "{seen:?}");
    }
}

/// A hole that is there only inside, or only outside, is a hole.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_on_one_side_of_tls_is_found() {
    let only = |policy| with_tls(Behaviour { relay: policy, ..Behaviour::closed() });
    let inside = only(RelayPolicy::InsideTls(Box::new(RelayPolicy::Open)));
    let (evidence, verdict, _server) = audited(inside, standard()).await;
    assert_eq!(accepted(&verdict), ["C04"], "{}", dialogue(&evidence));
    assert_eq!(verdict.verdict, Verdict::Open);
    let open_relay = findings(&evidence, &verdict).into_iter().find(|f| f.id == "open-relay");
    assert!(open_relay.unwrap().summary.contains("inside TLS"));

    let outside = only(RelayPolicy::InClear(Box::new(RelayPolicy::Open)));
    let (evidence, verdict, _server) = audited(outside, standard()).await;
    assert!(accepted(&verdict).contains(&"S01"), "{}", dialogue(&evidence));
    assert!(outcome(&verdict, "C04").starts_with("refused"), "{}", dialogue(&evidence));

    // Closed on both sides, with STARTTLS and without.
    let (evidence, verdict, _server) = audited(with_tls(Behaviour::closed()), standard()).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    assert_eq!(outcome(&verdict, "C04"), "refused relay");
    let (_, without, _server) = audited(Behaviour::closed(), standard()).await;
    assert_eq!(outcome(&without, "C04"), "not-run not-offered");
    assert_eq!(without.coverage.planned + 1, verdict.coverage.planned);
}

/// Where TLS is wanted and does not come about nothing is known; where it is only offered, all that
/// was asked in the clear still counts.
#[tokio::test(flavor = "multi_thread")]
async fn tls_that_does_not_come_about() {
    let refused = TlsStart::Refused("454 4.7.0 TLS not available due to local problem".into());
    let kinds = [
        (refused, Handshake::Sound),
        (TlsStart::Command, Handshake::Close),
        (TlsStart::Command, Handshake::Garbage),
        (TlsStart::Command, Handshake::Stall),
    ];
    let mut settings = standard();
    settings.deadlines.reply = Duration::from_secs(1);
    for (start, handshake) in kinds {
        let name = format!("{start:?} {handshake:?}");
        for relay in [RelayPolicy::Closed, RelayPolicy::Open] {
            let required = Behaviour {
                relay: relay.clone(),
                tls_required: Some(MUST_START_TLS.into()),
                ..Behaviour::closed()
            };
            let behaviour = spoiled(required, start.clone(), handshake);
            let (evidence, verdict, _server) = audited(behaviour, settings.clone()).await;
            let shown = dialogue(&evidence);
            assert_eq!(verdict.verdict, Verdict::Inconclusive, "{name}\n{shown}");
            assert_eq!(reasons(&verdict).first(), Some(&"tls-required"), "{name}\n{shown}");

            let offered = Behaviour { relay: relay.clone(), ..Behaviour::closed() };
            let behaviour = spoiled(offered, start.clone(), handshake);
            let (evidence, verdict, _server) = audited(behaviour, settings.clone()).await;
            let shown = dialogue(&evidence);
            let want = if relay == RelayPolicy::Open { Verdict::Open } else { Verdict::Closed };
            assert_eq!(verdict.verdict, want, "{name} {:?}\n{shown}", reasons(&verdict));
            assert_eq!(outcome(&verdict, "C04"), "not-run tls-failed", "{name}\n{shown}");
            assert!(verdict.coverage.percent() < 100, "{name}");
        }
    }
}

/// What is in the buffer when TLS begins is never read as an answer.
#[tokio::test(flavor = "multi_thread")]
async fn text_behind_the_reply_to_starttls_is_thrown_away() {
    // It would be the reply to EHLO, then to MAIL, then to the first recipient.
    let text = b"250 mx.practice.test\r\n250 ok\r\n250 yes\r\n250 yes\r\n".to_vec();
    let behaviour = spoiled(Behaviour::closed(), TlsStart::Injecting(text), Handshake::Sound);
    for (behaviour, places) in [
        (behaviour.clone(), 1),
        (Behaviour { tls_required: Some(MUST_START_TLS.into()), ..behaviour }, 2),
    ] {
        let (evidence, verdict, _server) = audited(behaviour, standard()).await;
        let shown = dialogue(&evidence);
        assert_eq!(verdict.verdict, Verdict::Closed, "{:?}\n{shown}", reasons(&verdict));
        assert_eq!(outcome(&verdict, "C04"), "refused relay", "{shown}");
        let found = found(&evidence, &verdict);
        assert!(found.contains(&"starttls-plaintext"), "{found:?}\n{shown}");
        assert!(!found.contains(&"peer-fault"), "{found:?}");
        let thrown = evidence.transcripts.iter().flat_map(|t| &t.exchanges);
        let thrown = thrown.filter(|e| e.phase == Phase::Unsolicited && !e.tls).count();
        assert!(thrown >= places, "{thrown}\n{shown}");
    }
    let (evidence, verdict, _server) = audited(with_tls(Behaviour::closed()), standard()).await;
    assert!(!found(&evidence, &verdict).contains(&"starttls-plaintext"));
}

/// XCLIENT that a stranger may use keeps a server from being called closed, and is used only where
/// the user names the address to claim.
#[tokio::test(flavor = "multi_thread")]
async fn a_claimed_address_needs_consent() {
    let trusted: IpAddr = [10, 0, 0, 1].into();
    let offering = |xclient| Behaviour { xclient: Some(xclient), ..Behaviour::closed() };
    let honoured = || offering(Xclient::Honoured { trusted: vec![trusted] });
    let consent = || {
        let mut settings = standard();
        settings.identity.claimed_address = Some(trusted);
        settings
    };
    let claims = |evidence: &Evidence| {
        let mut all = evidence.transcripts.iter().flat_map(|t| &t.exchanges);
        all.any(|exchange| exchange.phase == Phase::Xclient)
    };

    let (evidence, verdict, _server) = audited(honoured(), standard()).await;
    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{}", dialogue(&evidence));
    assert_eq!(reasons(&verdict), ["xclient-offered"]);
    assert_eq!(outcome(&verdict, "C05"), "not-run no-claimed-address");
    assert!(!claims(&evidence), "{}", dialogue(&evidence));
    assert!(found(&evidence, &verdict).contains(&"xclient-offered"));

    let (evidence, verdict, server) = audited(honoured(), consent()).await;
    assert_eq!(accepted(&verdict), ["C05"], "{}", dialogue(&evidence));
    assert_eq!(verdict.verdict, Verdict::Open);
    assert_eq!(server.counters().data, 0);
    let open_relay = findings(&evidence, &verdict).into_iter().find(|f| f.id == "open-relay");
    assert!(open_relay.unwrap().summary.contains("XCLIENT"));

    // The address that is claimed is no better than ours, or may not be claimed.
    for xclient in [
        Xclient::Honoured { trusted: Vec::new() },
        Xclient::Refused("550 5.7.0 Error: insufficient authorization".into()),
    ] {
        let (evidence, verdict, _server) = audited(offering(xclient), consent()).await;
        assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
        assert!(found(&evidence, &verdict).contains(&"xclient-offered"));
    }

    // A server that does not offer it is not asked, whatever the user agreed to.
    let (evidence, verdict, _server) = audited(Behaviour::closed(), consent()).await;
    assert_eq!(verdict.verdict, Verdict::Closed);
    assert_eq!(outcome(&verdict, "C05"), "not-run not-offered");
    assert!(!claims(&evidence) && !found(&evidence, &verdict).contains(&"xclient-offered"));
}

/// XCLIENT that is listed inside TLS only is claimed there.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_made_where_it_is_offered() {
    let trusted: IpAddr = [10, 0, 0, 1].into();
    for listed_for in [Vec::new(), vec![trusted]] {
        let xclient = Some(Xclient::ListedInsideTls { trusted: listed_for.clone() });
        let behaviour = with_tls(Behaviour { xclient, ..Behaviour::closed() });
        let (evidence, verdict, _server) = audited(behaviour.clone(), standard()).await;
        assert_eq!(reasons(&verdict), ["xclient-offered"], "{}", dialogue(&evidence));
        assert_eq!(outcome(&verdict, "C05"), "not-run no-claimed-address");

        let mut settings = standard();
        settings.identity.claimed_address = Some(trusted);
        let (evidence, verdict, _server) = audited(behaviour, settings).await;
        let all = || evidence.transcripts.iter().flat_map(|t| &t.exchanges);
        let claims: Vec<_> = all().filter(|e| e.phase == Phase::Xclient).collect();
        assert!(!claims.is_empty() && claims.iter().all(|e| e.tls), "{}", dialogue(&evidence));
        let want = if listed_for.is_empty() { Verdict::Closed } else { Verdict::Open };
        assert_eq!(verdict.verdict, want, "{:?}\n{}", reasons(&verdict), dialogue(&evidence));
    }
}

/// PIPELINING that was offered before TLS began is not used inside without being offered there.
#[tokio::test(flavor = "multi_thread")]
async fn helo_inside_tls_knows_no_extension() {
    let behaviour = Behaviour { extensions: vec!["PIPELINING".into()], ..Behaviour::closed() };
    let thorough = Settings { profile: Profile::Thorough, ..settings() };
    let (evidence, _, _server) = audited(tls_only(behaviour), thorough).await;
    let inside = evidence.transcripts.iter().map(|transcript| {
        transcript.exchanges.iter().filter(|exchange| exchange.tls).collect::<Vec<_>>()
    });
    let knows = |inside: &Vec<&Exchange>| inside.iter().any(|e| e.phase == Phase::Ehlo);
    let (knowing, other): (Vec<_>, Vec<_>) = inside.filter(|i| !i.is_empty()).partition(knows);
    let pipelined = |some: &[Vec<&Exchange>]| some.iter().flatten().any(|e| e.pipelined);
    assert!(pipelined(&knowing) && !other.is_empty(), "{}", dialogue(&evidence));
    assert!(!pipelined(&other), "{}", dialogue(&evidence));
}

/// Dials one practice server, whatever the target's port is.
struct Diverted(SocketAddr);

impl Dialer for Diverted {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        Box::pin(async move {
            let stream = TcpStream::connect(self.0).await.unwrap();
            let local = stream.local_addr().unwrap();
            let peer = SocketAddr::new(target.address(), target.port());
            Ok(Connection { stream: Box::new(stream), local, peer })
        })
    }
}

/// Audits a practice server as if it listened on `port`.
async fn audited_on(port: u16, behaviour: Behaviour) -> (Evidence, RelayVerdict) {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = PracticeServer::start(behaviour, here).await.unwrap();
    let candidate = Candidate {
        name: None,
        address: Ipv4Addr::LOCALHOST.into(),
        port,
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    };
    let targets = vec![Scope::loopback_only().admit(candidate).unwrap()];
    let dialer = Arc::new(Diverted(server.address()));
    let mut settings = standard();
    settings.identity.local_domains = vec![LOCAL_DOMAIN.into()];
    settings.deadlines.reply = Duration::from_secs(2);
    settings.deadlines.greeting = Duration::from_secs(2);
    let all = audit(targets, Arc::new(settings), dialer, Interrupt::default(), |_| {}).await;
    let evidence = all.into_iter().next().unwrap();
    let verdict = judge(&evidence);
    (evidence, verdict)
}

/// On port 465 TLS comes first.
#[tokio::test(flavor = "multi_thread")]
async fn tls_at_once() {
    let implicit =
        |behaviour| Behaviour { tls: Some(Tls::implicit(self_signed(NAME))), ..behaviour };
    for (behaviour, want) in [(Behaviour::closed(), Verdict::Closed), (open(), Verdict::Open)] {
        let (evidence, verdict) = audited_on(465, implicit(behaviour)).await;
        assert_eq!(verdict.verdict, want, "{:?}\n{}", reasons(&verdict), dialogue(&evidence));
        assert!(evidence.transcripts.iter().all(|t| t.exchanges.iter().all(|e| e.tls)));
        assert_eq!(outcome(&verdict, "C04"), "not-run not-offered");
        assert_eq!(evidence.extensions_in_tls, [""; 0], "there is no STARTTLS to be behind");
    }
    // What speaks in the clear there is no server for that port.
    let (evidence, verdict) = audited_on(465, Behaviour::closed()).await;
    assert_eq!(verdict.verdict, Verdict::Unreachable, "{}", dialogue(&evidence));
    assert_eq!(reasons(&verdict), ["tls-failed"]);
}

/// A submission port that refuses every client in the clear offers the login inside.
#[tokio::test(flavor = "multi_thread")]
async fn a_submission_port_is_asked_where_its_login_is() {
    let submission = |auth| {
        let reply = "554 5.7.1 <client>: Client host rejected: Access denied".into();
        let block = Block { stage: BlockStage::Rcpt, reply, exempt_postmaster: false };
        with_tls(Behaviour { block_client: Some(block), auth, ..Behaviour::closed() })
    };
    let (evidence, verdict) = audited_on(587, submission(Some(AuthOffer::InsideTls))).await;
    assert_eq!(
        verdict.verdict,
        Verdict::Closed,
        "{:?}\n{}",
        reasons(&verdict),
        dialogue(&evidence)
    );
    assert_eq!(outcome(&verdict, "S01"), "auth-required");
    // Without a login inside, it is we who are refused.
    let (evidence, verdict) = audited_on(587, submission(None)).await;
    assert_eq!(reasons(&verdict), ["blocked"], "{}", dialogue(&evidence));
    // And on port 25 the same words are a block.
    let (_, verdict) = audited_on(25, submission(Some(AuthOffer::InsideTls))).await;
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
    assert_eq!(reasons(&verdict), ["blocked"]);
}

/// Evidence from inside TLS is judged again from its files as it was judged live.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_inside_tls_is_replayed() {
    let text = b"250 injected\r\n".to_vec();
    let start = TlsStart::Injecting(text);
    let behaviour = Behaviour {
        tls_required: Some(MUST_START_TLS.into()),
        ..spoiled(open(), start, Handshake::Sound)
    };
    let (evidence, verdict, _server) = audited(behaviour, standard()).await;
    let texts = to_texts(&evidence).unwrap();
    let files: Vec<_> =
        texts.iter().enumerate().map(|(n, text)| (format!("{n}.smtp"), text.clone())).collect();
    let read = from_texts(&files).unwrap().unwrap();
    assert_eq!(to_texts(&read).unwrap(), texts);
    let again = judge(&read);
    assert_eq!((again.verdict, reasons(&again)), (verdict.verdict, reasons(&verdict)));
    assert_eq!(found(&read, &again), found(&evidence, &verdict));
    let facts = |evidence: &Evidence| {
        evidence.transcripts.iter().map(|t| t.tls.clone()).collect::<Vec<_>>()
    };
    assert_eq!(facts(&read), facts(&evidence));
    assert!(facts(&read).iter().flatten().all(|tls| !tls.certificates[0].der().is_empty()));
    let outcomes = |verdict: &RelayVerdict| {
        verdict.probes.iter().map(|p| p.verdict.outcome).collect::<Vec<Outcome>>()
    };
    assert_eq!(outcomes(&again), outcomes(&verdict));
}
