//! Exim, Sendmail, rspamd and SpamAssassin.

use super::NoteKind::{Assumed, Disabled, Elsewhere, Meaning, NotFollowed};
use super::*;

#[test]
fn exim() {
    let zones = [
        "16 Allow list.dnswl.org [ClientAddress] =&0.0.0.2",
        "18 Reject zen.spamhaus.org [ClientAddress]",
        "18 Reject bl.spamcop.net [ClientAddress] ==127.0.0.2",
        "18 Reject dnsbl.example.test [ClientAddress] =!=127.0.0.3,127.0.0.4",
        "22 Allow spared.example.test [ClientAddress]",
        "23 Reject both.example.test [ClientAddress] ===127.0.0.2,127.0.0.3",
        "23 Reject bits.example.test [ClientAddress] ==&0.0.0.6",
        "23 Reject not.example.test [ClientAddress] =!&0.255.255.0",
        "24 Warn dsn.example.test [Sender] ==127.0.0.2",
        "24 Warn helo.example.test [OtherAddress]",
        "24 Warn helo.example.test [Helo]",
        "25 Reject sbl-xbl.spamhaus.org [ClientAddress] ==127.0.0.2",
        "25 Confirm sbl.spamhaus.org [ClientAddress]",
        "28 Defer soft.example.test [OtherName]",
        "32 Discard gone.example.test [ClientAddress]",
        "33 Reject needed.example.test [ClientAddress]",
        "38 Reject content.example.test [ClientAddress]",
    ];
    let notes = [
        (8, NotFollowed, "behind `.ifdef NOT_SET_HERE`"),
        (24, Meaning, "`+include_unknown`"),
        (25, NotFollowed, "`${lookup{x}lsearch{/etc/lists}{$value:more}}` is computed"),
        (26, NotFollowed, "`MISSING_MACRO` is no name of a zone"),
        (30, Disabled, "a branch of `.ifdef ZEN` that is not chosen"),
        (35, Elsewhere, "the included file may ask lists"),
        (38, Meaning, "only what is not listed is accepted"),
        (43, NotFollowed, "by a name that it computes"),
    ];
    let found = read_fixture("exim.conf");
    expect(&found, Dialect::Exim, &zones, &notes);
    let loopback: Vec<_> = found.zones.iter().map(|zone| zone.loopback_only).collect();
    let filtered: Vec<_> = found.zones.iter().map(|zone| zone.filter.is_none()).collect();
    assert_eq!(loopback, filtered, "without a filter, Exim drops what is outside 127.0.0.0/8");
}

#[test]
fn sendmail_mc() {
    let zones = [
        "9 Reject zen.spamhaus.org [ClientAddress]",
        "10 Reject bl.spamcop.net [ClientAddress] =127.0.0.2.",
        "11 Reject multi.example.test [ClientAddress] =127.0.0.2. 127.0.1.$-. 127.0.0.9",
        "13 Discard open.example.test [ClientAddress]",
        "14 Quarantine psbl.surriel.com [ClientAddress]",
        "15 Reject blackholes.mail-abuse.org [ClientAddress]",
        "16 Reject rbl.maps.vix.com [ClientAddress]",
        "17 Reject rhsbl.example.test [Sender]",
        "20 Reject maybe.example.test [ClientAddress]",
    ];
    let notes = [
        (11, NotFollowed, "it needs a final dot"),
        (15, Meaning, "blackholes.mail-abuse.org since 8.11.2 and rbl.maps.vix.com before"),
        (16, Meaning, "asks rbl.maps.vix.com"),
        (18, NotFollowed, "`UNDEFINED_MACRO` is no name of a zone"),
        (20, Assumed, "within another macro"),
        (21, Elsewhere, "`include(/etc/mail/local.m4)`"),
    ];
    expect(&read_fixture("sendmail.mc"), Dialect::SendmailMc, &zones, &notes);
}

#[test]
fn sendmail_cf() {
    let zones = [
        "8 Reject zen.spamhaus.org [ClientAddress]",
        "14 Discard bl.spamcop.net [ClientAddress] =127.0.0.2. 127.0.1.$-.",
        "20 Reject rhsbl.example.test [Sender]",
    ];
    expect(&read_fixture("sendmail.cf"), Dialect::SendmailCf, &zones, &[]);
}

#[test]
fn rspamd() {
    let zones = [
        "6 Score zen.spamhaus.org [ClientAddress, ReceivedAddress] =127.0.0.2 SPAMHAUS_SBL",
        "6 Score zen.spamhaus.org [ClientAddress, ReceivedAddress] =127.0.0.4, 127.0.0.5 SPAMHAUS_XBL",
        "16 Score open.example.test [ClientAddress] open",
        "17 Score multi.surbl.org [ClientAddress] =8 PH_SURBL",
        "17 Score multi.surbl.org [ClientAddress] =64 ABUSE_SURBL",
        "17 Score multi.surbl.org [Helo, Content] =8 PH_SURBL",
        "17 Score multi.surbl.org [Helo, Content] =64 ABUSE_SURBL",
        "22 Allow list.dnswl.org [ClientAddress] =127%.0%.%d+%.1, 127%.0%.1[1-9]%.1 LOW",
        "22 Score list.dnswl.org [ClientAddress] =127%.0%.0%.255 BLOCKED",
        "28 Score ebl.msbl.org [Hash] =127.0.0.2 EBL",
        "29 Score globs.example.test [ClientAddress] =127.0.0.? G",
        "30 Score nets.example.test [ClientAddress] =127.0.2.0/24 N",
        "31 Score strange.example.test [ClientAddress] ?127.0.0 S",
    ];
    let notes = [
        (6, Meaning, "add the symbol `SPAMHAUS`"),
        (15, Disabled, "off.example.test is not asked"),
        (31, NotFollowed, "`127.0.0` of strange.example.test cannot be read"),
        (32, Disabled, "`other_file` of another file is turned off"),
        (33, NotFollowed, "`changed` changes a list that another file names"),
        (34, NotFollowed, "`$ZONE` of `wrong` is no name of a zone"),
        (36, NotFollowed, "another file is included"),
    ];
    expect(&read_fixture("rspamd.conf"), Dialect::Rspamd, &zones, &notes);
}

#[test]
fn rspamd_module_turned_off() {
    let text =
        b"enabled = false;\nrbls { a { rbl = \"a.example.test\" } b { rbl = \"b.example.test\"; \
                 enabled = true } }";
    let found = read("rbl.conf", text).unwrap();
    let notes = [(2, Disabled, "a.example.test is not asked")];
    expect(&found, Dialect::Rspamd, &["2 Score b.example.test [ClientAddress] b"], &notes);
}

#[test]
fn spamassassin() {
    let zones = [
        "5 Score zen.spamhaus.org [ClientAddress, ReceivedAddress] =127.0.0.2 RCVD_IN_SBL *3.5",
        "7 Score zen.spamhaus.org [ClientAddress, ReceivedAddress] =6 RCVD_IN_BITS",
        "9 Score open.example.test [ClientAddress] RCVD_IN_OPEN *1.25",
        r"10 Allow list.dnswl.org [ClientAddress] =^127\.0\.\d+\.3$ RCVD_IN_DNSWL *-4",
        "12 Score dsn.example.test [Sender] ENVFROM",
        "14 Score lonely.example.test [ClientAddress, ReceivedAddress] __LONELY",
        "15 Score look.example.test [ClientAddress, ReceivedAddress] ?^127(?!x) LOOKAHEAD",
        "22 Score multi.uribl.com [Content] =2 URIBL_BLACK",
        "23 Score range.example.test [Content] =127.0.1.2-127.0.1.99 URIBL_RANGE",
        "24 Score mask.example.test [Content] =0x10/0x10 URIBL_MASK",
        "25 Score one.example.test [Content] =127.0.0.4 URIBL_ONE",
        "26 Score rhs.example.test [Content] URIBL_RHS",
        "27 Score sbl.spamhaus.org [OtherAddress] URIBL_SBL",
        "28 Score ns.example.test [Content] URIBL_NS",
        r"29 Score ebl.example.test [Hash] =^127\. HASHED",
        "32 Score newer.example.test [ClientAddress, ReceivedAddress] NEWER",
        r"36 Score zen.spamhaus.org [ClientAddress] =^127\.0\.0\.4$ RCVD_IN_XBL",
    ];
    let notes = [
        (6, Disabled, "`RCVD_IN_XBL` is defined again in line 36"),
        (8, Disabled, "`dns_query_restriction` in line 34 forbids it"),
        (11, Disabled, "its score is 0"),
        (13, NotFollowed, "the set `elsewhere` is of another file"),
        (14, Assumed, "`__LONELY` gives no points itself"),
        (15, NotFollowed, "`^127(?!x)` is not understood"),
        (30, NotFollowed, "`askdns` may ask a list"),
        (31, Assumed, "the rules within `if (version >= 4.0)`"),
        (35, NotFollowed, "the included file may hold rules"),
    ];
    expect(&read_fixture("spamassassin.cf"), Dialect::SpamAssassin, &zones, &notes);
}

#[test]
fn spamassassin_switches() {
    let rules =
        "header HEAD eval:check_rbl('h', 'h.example.test.')\nurirhsbl URIS u.example.test. A\n";
    let table = [
        ("skip_rbl_checks 1\n", &["u.example.test"][..]),
        ("skip_uribl_checks 1\n", &["h.example.test"]),
        ("skip_rbl_checks 1\nskip_rbl_checks 0\n", &["h.example.test", "u.example.test"]),
        ("dns_available no\n", &[]),
        (
            "dns_query_restriction deny *\ndns_query_restriction allow u.example.test\n",
            &["u.example.test"],
        ),
    ];
    for (settings, expected) in table {
        let found = read("local.cf", format!("{settings}{rules}").as_bytes()).unwrap();
        let zones: Vec<_> = found.zones.iter().map(|zone| zone.zone.as_str()).collect();
        assert_eq!(zones, expected, "{settings}");
        assert_eq!(found.notes.len(), 2 - expected.len(), "{settings}: {:?}", found.notes);
    }
}
