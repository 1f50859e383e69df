//! What some cases say in which words, to which client.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result, ensure};

use super::super::case::{Case, Limits, Transport};
use super::super::dialogue::Dialogue;
use super::super::family::Server;
use super::super::place::Place;
use super::super::sink::Sink;
use super::super::technique::{self, Envelope, TECHNIQUES};
use super::super::truth::{delivers, letters};
use super::super::{LOCAL_DOMAIN, OTHER_STRANGER, STRANGER};

/// What is true for one client.
#[derive(Debug)]
pub(crate) struct View {
    /// The case.
    pub(crate) case: &'static str,
    /// The client's address.
    pub(crate) client: Ipv4Addr,
    /// The techniques of [`ALL`] by which mail really gets to a foreign recipient.
    pub(crate) relays: &'static [&'static str],
    /// Those that are put off with [`GREYLISTED`].
    pub(crate) deferred: &'static [&'static str],
    /// What the reply to every other of them contains.
    pub(crate) refusal: &'static str,
    /// How the reply for postmaster at the local domain begins or what it contains.
    pub(crate) postmaster: &'static str,
    /// The same for a user that does not exist.
    pub(crate) nobody: &'static str,
}

/// The greylist's reply.
pub(crate) const GREYLISTED: &str =
    "450 4.2.0 <unknown[127.66.0.1]>: Client host rejected: Greylisted";

/// The block's reply.
pub(crate) const BLOCKED: &str = "blocked using bl.test";

const ACCEPTED: &str = "250 2.1.5 Ok";
const UNKNOWN: &str = "550 5.1.1";
const RELAY_454: &str = "454 4.7.1 ";
const RELAY_554: &str = "554 5.7.1 ";

/// The techniques whose replies are known word by word.
pub(crate) const ALL: &[&str] = &[
    "relay-sender-same",
    "relay-sender-other",
    "relay-sender-null",
    "relay-sender-host",
    "relay-sender-local-domain",
    "relay-helo-own-name",
    "relay-percent-host",
    "relay-percent-local-domain",
    "relay-quoted-at",
    "relay-quoted-at-host",
    "relay-route-host",
    "relay-bang",
];

/// A stranger who may relay by `relays`, and is refused otherwise with the relay wording behind `refusal`.
const fn stranger(
    case: &'static str,
    relays: &'static [&'static str],
    refusal: &'static str,
) -> View {
    let (client, postmaster, nobody) = (STRANGER, ACCEPTED, UNKNOWN);
    View { case, client, relays, deferred: &[], refusal, postmaster, nobody }
}

/// The views, the stranger's and for some cases another client's.
pub(crate) const VIEWS: [View; 15] = [
    stranger("stock", &[], RELAY_454),
    stranger("wide-open", ALL, RELAY_554),
    stranger("local-sender", &["relay-sender-host", "relay-sender-local-domain"], RELAY_554),
    stranger("helo-trust", &["relay-helo-own-name"], RELAY_554),
    View { postmaster: BLOCKED, nobody: BLOCKED, ..stranger("dnsbl-block", &[], BLOCKED) },
    View { client: OTHER_STRANGER, ..stranger("dnsbl-block", &[], RELAY_454) },
    View {
        deferred: &["relay-helo-own-name"],
        postmaster: GREYLISTED,
        nobody: GREYLISTED,
        ..stranger("helo-trust-greylisted", &[], RELAY_554)
    },
    View {
        client: OTHER_STRANGER,
        ..stranger("helo-trust-greylisted", &["relay-helo-own-name"], RELAY_554)
    },
    View { nobody: BLOCKED, ..stranger("block-exempt-postmaster", &[], BLOCKED) },
    View { client: OTHER_STRANGER, ..stranger("block-exempt-postmaster", &[], RELAY_554) },
    stranger("reject-wording", &[], RELAY_554),
    stranger("low-error-limit", &[], RELAY_454),
    stranger("low-error-limit-open", ALL, RELAY_554),
    stranger("percent-hole", &["relay-percent-host", "relay-percent-local-domain"], RELAY_454),
    View { nobody: ACCEPTED, ..stranger("catch-all", &[], RELAY_454) },
];

/// What the stranger sees of a case.
pub(crate) fn view(case: &Case) -> Option<&'static View> {
    VIEWS.iter().find(|view| view.case == case.name && view.client == STRANGER)
}

/// Holds a server to the views of its case.
///
/// # Errors
///
/// Says what is otherwise.
pub(crate) fn hold(sink: &Sink, case: &Case, place: &Place, server: &dyn Server) -> Result<()> {
    let before = server.settled_log()?.len();
    for view in VIEWS.iter().filter(|view| view.case == case.name) {
        holds(sink, view, case, place).with_context(|| format!("client {}", view.client))?;
    }
    let log = server.settled_log()?;
    let limited = log.get(before..).context("the log shrank")?.contains("too many errors");
    let expected = case.limits == Limits::Lowered;
    ensure!(limited == expected, "the log shows an error limit: {limited}");
    Ok(())
}

fn holds(sink: &Sink, view: &View, case: &Case, place: &Place) -> Result<()> {
    let server = place.socket(case);
    for technique in TECHNIQUES.iter().filter(|technique| ALL.contains(&technique.id)) {
        let envelope = |token: &str| technique.envelope(token, place, server.ip());
        if view.relays.contains(&technique.id) {
            delivers(sink, view.client.into(), case, place, envelope)
                .with_context(|| format!("{} does not relay", technique.id))?;
            continue;
        }
        let reply = offered(view.client, case, place, &envelope(&letters(16)))?;
        let relay_wording = view.refusal == BLOCKED || reply.contains("Relay access denied");
        let as_expected = if view.deferred.contains(&technique.id) {
            reply.contains(GREYLISTED)
        } else {
            reply.contains(view.refusal) && relay_wording && !reply.starts_with('2')
        };
        ensure!(as_expected, "{}: {reply}", technique.id);
    }
    for (user, expected) in [("postmaster", view.postmaster), (&letters(16), view.nobody)] {
        let envelope = technique::plain(&format!("{user}@{LOCAL_DOMAIN}"));
        let reply = offered(view.client, case, place, &envelope)?;
        ensure!(reply.contains(expected), "local recipient {user}: {reply}");
    }
    Ok(())
}

/// The reply to `RCPT`, on a connection of its own.
fn offered(client: Ipv4Addr, case: &Case, place: &Place, envelope: &Envelope) -> Result<String> {
    let mut dialogue = Dialogue::open(client.into(), place.socket(case), Transport::Plain)?;
    let before = envelope.greeting.iter().cloned();
    for line in before.chain([format!("MAIL FROM:{}", envelope.mail_from)]) {
        let reply = dialogue.say(&line)?;
        ensure!(reply.starts_with("250"), "{line}: {reply}");
    }
    let reply = dialogue.say(&format!("RCPT TO:{}", envelope.rcpt_to))?;
    dialogue.quit();
    Ok(reply)
}
