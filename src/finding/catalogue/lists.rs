//! Checks of DNS-based lists, of the resolver that asks them, and of the lists that a server is configured to ask.

use super::super::Severity;
use super::Entry;

const REMOVAL: &str = "Find out why before you ask for removal: look for the cause in the server's queue and log (an \
    open relay, a user's stolen password, a web form, a machine behind the same address), mend it, and then use the \
    list's own removal page. A listing that is asked away without that comes back.";

/// In alphabetical order.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "configured-list-dead",
        title: "the configuration asks a block list that is dead",
        severity: Severity::High,
        explanation: "A configuration file names a list that has ended: its zone is empty, gone, parked, or known to \
            have been shut. While it is silent, each connection waits for it; and many dead lists began to list \
            everything, by intent of their operators or because a speculator took the domain, from one day to the \
            next. Then this server refuses all mail.",
        remedy: "Take the list out of the configuration. Where it did good work, ask what its operator recommends in \
            its place.",
        references: &["RFC 6471 section 3.4", "RFC 5782 section 7"],
    },
    Entry {
        id: "configured-list-lists-world",
        title: "the configuration asks a block list that lists everything",
        severity: Severity::Critical,
        explanation: "A configuration file names a list that lists an entry which no list may have, or a random \
            name. It answers \"listed\" to every question, so who obeys it refuses all mail.",
        remedy: "Take the list out of the configuration now, and look into the log for mail that it cost.",
        references: &["RFC 5782 section 5", "RFC 5782 section 7"],
    },
    Entry {
        id: "configured-list-refuses",
        title: "the configuration asks a block list that does not answer this resolver",
        severity: Severity::Medium,
        explanation: "A configuration file names a list that refuses the resolver which was asked: because it is a \
            public one, because it asks too much, or because it is not registered. The list protects nothing then; \
            and a refusal that is given as an address in 127.255.255.0/24 reads as a listing to a server that does \
            not filter answers, which then refuses all mail.",
        remedy: "Let the server ask through a resolver of its own, register it or use a key where the operator wants \
            that, and accept the documented answers only.",
        references: &[],
    },
    Entry {
        id: "configured-list-unfiltered",
        title: "the configuration takes every answer of a block list for a listing",
        severity: Severity::Medium,
        explanation: "A configuration file asks a list whose answers mean different things, some of them no listing \
            at all: errors about who asks, good reputation, or policy. Without a filter on the answers, each of them \
            counts as a listing. When the list refuses the resolver, the server refuses all mail.",
        remedy: "Name the answers that count, as the finding shows them: in Postfix \
            zone=127.0.0.[2..11], in Exim dnslists = zone=127.0.0.2,127.0.0.3, in Sendmail \
            FEATURE(`enhdnsbl') with the answers as further arguments.",
        references: &["Postfix postconf(5) reject_rbl_client", "RFC 5782 section 2.1"],
    },
    Entry {
        id: "configured-list-wrong-kind",
        title: "the configuration asks a list about what it does not list",
        severity: Severity::Medium,
        explanation: "A configuration file asks a list of names about addresses, or a list of addresses about names. \
            It can list nothing of that kind, so the setting protects nothing; and a list may answer such a question \
            with an address that says so, which reads as a listing to a server that does not filter answers. Then it \
            refuses all mail.",
        remedy: "Use the setting that fits the list: in Postfix reject_rbl_client for addresses and \
            reject_rhsbl_sender for names, in Exim dnslists = zone for addresses and \
            zone/$sender_address_domain for names; or take the list out.",
        references: &["Postfix postconf(5) reject_rbl_client"],
    },
    Entry {
        id: "listed-critical",
        title: "listed in a block list that many servers obey",
        severity: Severity::High,
        explanation: "A list that proved in this run that it works lists the address or the domain, for abuse that it \
            has seen from there. Many servers refuse all mail from there because of it.",
        remedy: REMOVAL,
        references: &["RFC 5782 section 2.1"],
    },
    Entry {
        id: "listed-info",
        title: "mentioned in a list",
        severity: Severity::Info,
        explanation: "A list that proved in this run that it works has an entry for the address or the domain that \
            few servers refuse mail for: one about its neighbours, or one whose meaning is not documented.",
        remedy: "Nothing has to be done. Ask the network's operator about neighbours who send spam.",
        references: &["RFC 5782 section 2.1"],
    },
    Entry {
        id: "listed-major",
        title: "listed in a widely used block list",
        severity: Severity::Medium,
        explanation: "A list that proved in this run that it works lists the address or the domain. Some servers \
            refuse mail from there because of it, and most filters count it.",
        remedy: REMOVAL,
        references: &["RFC 5782 section 2.1"],
    },
    Entry {
        id: "listed-minor",
        title: "listed in a small block list, or in one of policy",
        severity: Severity::Low,
        explanation: "A list that proved in this run that it works lists the address or the domain. Few servers \
            refuse mail for it alone. A list of policy says that no mail server is expected at the address, as with \
            those that providers give to homes.",
        remedy: REMOVAL,
        references: &["RFC 5782 section 2.1"],
    },
    Entry {
        id: "resolver-blocks-txt",
        title: "the resolver answers no question for TXT records",
        severity: Severity::Low,
        explanation: "Lists that answered with an address did not give the text that belongs to it. Somebody between \
            here and there drops questions for TXT records; SPF, DKIM and DMARC fail there too.",
        remedy: "Use a resolver of your own on this machine, and let it reach port 53 of the world over UDP and TCP.",
        references: &["RFC 5782 section 2.1"],
    },
    Entry {
        id: "resolver-knows-nothing",
        title: "the resolver knows none of the lists",
        severity: Severity::Medium,
        explanation: "Lists of unrelated operators have no domain, as the resolver says. They do not all end on one \
            day: the resolver sees a part of the world only, or answers \"no such name\" where it cannot ask. No list \
            is believed through it, and a mail server that uses it has no protection by lists.",
        remedy: "Let the resolver ask the authoritative servers of the world, or name another one with --resolver.",
        references: &[],
    },
    Entry {
        id: "resolver-public",
        title: "the resolver is a public one",
        severity: Severity::Info,
        explanation: "The questions go through a resolver that serves everybody. Operators of lists count questions \
            by resolver and refuse these, some with an address that reads as a listing and some with \"no such \
            name\", which reads as innocence.",
        remedy: "Use a resolver of your own that asks the authoritative servers itself, such as unbound, with \
            --resolver or for the whole machine.",
        references: &[],
    },
    Entry {
        id: "resolver-rewrites",
        title: "the resolver invents answers for names that do not exist",
        severity: Severity::Medium,
        explanation: "The resolver gave an answer for a random name in the top-level domain invalid, which never \
            exists. It does so for other names too, so that everything looks listed in a list that is gone, and mail \
            to misspelt domains goes to whoever runs the answering machine. No list is believed through it.",
        remedy: "Use a resolver of your own, or switch the provider's \"help\" off.",
        references: &["RFC 6761"],
    },
    Entry {
        id: "resolver-strips-loopback",
        title: "the resolver takes the answers of block lists away",
        severity: Severity::Medium,
        explanation: "The test entries of several lists exist and have no address. A resolver that protects browsers \
            against rebinding takes addresses in 127.0.0.0/8 out of all answers, and those are the answers of lists: \
            through it, nothing is ever listed, and a mail server that uses it has no protection by lists at all. No \
            list is believed through it.",
        remedy: "Exempt the zones of the lists: private-domain in unbound (or no private-address for 127.0.0.0/8), \
            rebind-domain-ok in dnsmasq; or let the mail server ask a resolver of its own.",
        references: &["RFC 5782 section 2.1"],
    },
];
