//! The cases. What each is about stands in the first line of its configuration, too.

use super::super::case::{Case, Limits, Relays, Transport, Verdict};

/// The files of a case: its settings, then those parts of the configuration that have a file of their own.
macro_rules! files {
    ($name:literal $(, $part:literal: $source:literal)*) => {
        &[
            ("etc/exim4/case.conf", include_str!($name)),
            $((concat!("etc/exim4/case.", $part), include_str!($source)),)*
        ]
    };
}

type Files = &'static [(&'static str, &'static str)];

const PLAIN_AND_GREETING: &[&str] = &[
    "relay-sender-same",
    "relay-sender-other",
    "relay-sender-null",
    "relay-sender-local-domain",
    "relay-helo-own-name",
    "relay-percent-host",
    "relay-quoted-at",
];

const fn closed(name: &'static str, about: &'static str, files: Files) -> Case {
    Case::new(name, about, files, Relays::Nothing, Verdict::Closed)
}

const fn open(name: &'static str, about: &'static str, files: Files) -> Case {
    Case::new(name, about, files, Relays::EverythingPlain, Verdict::Open)
}

const fn hole(
    name: &'static str,
    about: &'static str,
    files: Files,
    by: &'static [&'static str],
) -> Case {
    Case::new(name, about, files, Relays::By(by), Verdict::Open)
}

/// Takes foreign recipients and relays nothing, which nobody can tell at `RCPT`.
const fn hollow(name: &'static str, about: &'static str, files: Files) -> Case {
    let case = Case::new(name, about, files, Relays::Nothing, Verdict::Open);
    Case { accepts_only: true, ..case }
}

const fn unsaid(
    name: &'static str,
    about: &'static str,
    files: Files,
    reasons: &'static [&'static str],
) -> Case {
    Case { reasons, ..Case::new(name, about, files, Relays::Nothing, Verdict::Inconclusive) }
}

const fn lowered(case: Case) -> Case {
    Case { limits: Limits::Lowered, ..case }
}

/// A few techniques only, because each takes long or has to be tried again.
const fn few(case: Case) -> Case {
    Case { tried: Some(PLAIN_AND_GREETING), ..case }
}

const fn start_tls(case: Case) -> Case {
    Case { transport: Transport::StartTls, ..case }
}

const fn submission(case: Case) -> Case {
    Case { port: 587, ..start_tls(case) }
}

const fn smtps(case: Case) -> Case {
    Case { port: 465, transport: Transport::ImplicitTls, ..case }
}

/// Every case.
pub(super) static CASES: [Case; 56] = [
    closed("stock", "the rules as shipped upstream", files!("stock.conf")),
    closed("stock-debian", "the rules as Debian ships them", files!("stock-debian.conf")),
    closed("catch-all", "every local user exists", files!("catch-all.conf")),
    closed("long-answers", "many lines in every answer", files!("long-answers.conf")),
    // Senders.
    closed(
        "verify-sender",
        "the auditor's domain does not resolve",
        files!("verify-sender.conf", "acl": "verify-sender.acl"),
    ),
    closed(
        "verify-sender-all",
        "no stranger's domain resolves",
        files!("verify-sender-all.conf", "acl": "verify-sender.acl"),
    ),
    hole(
        "verify-sender-open",
        "as verify-sender, open for other senders",
        files!("verify-sender-open.conf", "acl": "verify-sender.acl"),
        &["relay-sender-other", "relay-sender-null", "relay-sender-local-domain"],
    ),
    closed("verify-callout", "the sender's own server is asked", files!("verify-callout.conf")),
    // Holes.
    open("wide-open", "every client may relay", files!("wide-open.conf")),
    hole(
        "local-sender",
        "our own senders may relay",
        files!("local-sender.conf"),
        &["relay-sender-host", "relay-sender-local-domain"],
    ),
    hole(
        "helo-trust",
        "our own name may relay",
        files!("helo-trust.conf"),
        &["relay-helo-own-name"],
    ),
    hole("null-sender", "bounces may relay", files!("null-sender.conf"), &["relay-sender-null"]),
    hole(
        "percent-hole",
        "user%domain is sent on",
        files!("percent-hole.conf", "routers": "percent-hole.routers"),
        &["relay-percent-host", "relay-percent-local-domain"],
    ),
    closed(
        "percent-hack-domains",
        "user%domain is rewritten before the check",
        files!("percent-hack-domains.conf"),
    ),
    hole(
        "quoted-hole",
        "a quoted address is sent on",
        files!("quoted-hole.conf", "routers": "quoted-hole.routers"),
        &["relay-quoted-at-host", "relay-quoted-at-local-domain"],
    ),
    hole(
        "bang-hole",
        "domain!user is sent on",
        files!("bang-hole.conf", "routers": "bang-hole.routers"),
        &["relay-bang-host", "relay-bang-local-domain"],
    ),
    hole(
        "route-hole",
        "a source route through us is followed",
        files!("route-hole.conf"),
        &["relay-route-host", "relay-route-local-domain"],
    ),
    // What takes the recipient and delivers nothing.
    hollow("discard", "the access list throws mail away", files!("discard.conf")),
    hollow(
        "blackhole",
        "a router throws mail away",
        files!("blackhole.conf", "routers": "blackhole.routers"),
    ),
    hollow(
        "late-refuse-data",
        "DATA is refused",
        files!("late-refuse-data.conf", "acl": "late-refuse-data.acl"),
    ),
    hollow(
        "late-refuse-dot",
        "the message is refused",
        files!("late-refuse-dot.conf", "acl": "late-refuse-dot.acl"),
    ),
    hollow(
        "bounce",
        "mail is taken and comes back",
        files!("bounce.conf", "routers": "bounce.routers"),
    ),
    // Limits.
    lowered(closed("nonmail-1", "two non-mail commands end it", files!("nonmail-1.conf"))),
    lowered(open("nonmail-1-open", "as nonmail-1, open", files!("nonmail-1-open.conf"))),
    lowered(closed("synprot-0", "one syntax error ends it", files!("synprot-0.conf"))),
    lowered(open("synprot-0-open", "as synprot-0, open", files!("synprot-0-open.conf"))),
    lowered(closed("unknown-0", "one unknown command ends it", files!("unknown-0.conf"))),
    lowered(open("unknown-0-open", "as unknown-0, open", files!("unknown-0-open.conf"))),
    few(lowered(closed("per-host-1", "one connection a client", files!("per-host-1.conf")))),
    few(lowered(open("per-host-1-open", "as per-host-1, open", files!("per-host-1-open.conf")))),
    lowered(closed("recipients-2", "two recipients a message", files!("recipients-2.conf"))),
    lowered(open("recipients-2-open", "as recipients-2, open", files!("recipients-2-open.conf"))),
    lowered(open(
        "recipients-2-defer-open",
        "as recipients-2-open, others put off",
        files!("recipients-2-defer-open.conf"),
    )),
    lowered(closed("too-many-bad", "bad recipients spoil good ones", files!("too-many-bad.conf"))),
    lowered(closed("one-message", "one message a connection", files!("one-message.conf"))),
    lowered(open("one-message-open", "as one-message, open", files!("one-message-open.conf"))),
    few(lowered(closed("one-connection", "one connection at all", files!("one-connection.conf")))),
    lowered(closed("impatient", "hangs up after five silent seconds", files!("impatient.conf"))),
    few(closed(
        "enforce-sync",
        "sends away who speaks too early",
        files!("enforce-sync.conf", "acl": "slow.acl"),
    )),
    closed("domain-literals", "IP addresses are domains", files!("domain-literals.conf")),
    // Greylists.
    closed("greylist", "a greylist by client", files!("greylist.conf", "acl": "greylist.acl")),
    open("greylist-open", "as greylist, open", files!("greylist-open.conf", "acl": "greylist.acl")),
    closed(
        "greylist-envelope",
        "a greylist by client, sender and recipient",
        files!("greylist-envelope.conf", "acl": "greylist.acl"),
    ),
    open(
        "greylist-envelope-open",
        "as greylist-envelope, open",
        files!("greylist-envelope-open.conf", "acl": "greylist.acl"),
    ),
    unsaid(
        "greylist-day",
        "a greylist of a day",
        files!("greylist-day.conf", "acl": "greylist.acl"),
        &["deferred"],
    ),
    // Blocks and tarpits.
    few(closed(
        "slow",
        "a second before the greeting and after MAIL",
        files!("slow.conf", "acl": "slow.acl"),
    )),
    few(open("slow-open", "as slow, open", files!("slow-open.conf", "acl": "slow.acl"))),
    unsaid(
        "dnsbl",
        "the auditor is on a block list",
        files!("dnsbl.conf", "acl": "dnsbl.acl"),
        &["blocked"],
    ),
    unsaid(
        "dnsbl-connect",
        "the same at the greeting",
        files!("dnsbl-connect.conf", "acl": "dnsbl.acl"),
        &["blocked"],
    ),
    // TLS.
    start_tls(closed(
        "tls-required",
        "nothing in the clear",
        files!("tls-required.conf", "acl": "tls-required.acl"),
    )),
    start_tls(open(
        "tls-required-open",
        "as tls-required, open",
        files!("tls-required-open.conf", "acl": "tls-required.acl"),
    )),
    start_tls(open("tls-only-hole", "open inside TLS only", files!("tls-only-hole.conf"))),
    submission(closed(
        "submission",
        "port 587 for users",
        files!("submission.conf", "acl": "submission.acl", "authenticators": "login.authenticators"),
    )),
    submission(open(
        "submission-open",
        "port 587 for everyone inside TLS",
        files!(
            "submission-open.conf",
            "acl": "tls-required.acl",
            "authenticators": "login.authenticators"
        ),
    )),
    smtps(closed(
        "smtps",
        "port 465 for users",
        files!("smtps.conf", "authenticators": "login.authenticators"),
    )),
    smtps(open(
        "smtps-open",
        "port 465 for everyone",
        files!("smtps-open.conf", "authenticators": "login.authenticators"),
    )),
];
