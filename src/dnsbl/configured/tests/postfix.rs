//! Postfix.

use super::NoteKind::{Disabled, Elsewhere, Meaning, NotFollowed};
use super::*;

#[test]
fn stock() {
    expect(&read_fixture("postfix-stock.cf"), Dialect::PostfixMain, &[], &[]);
}

#[test]
fn lists() {
    let zones = [
        "10 Reject b.barracudacentral.org [ClientAddress] =127.0.0.2",
        "13 Warn psbl.surriel.com [ClientAddress]",
        "17 Reject zen.spamhaus.org [ClientAddress]",
        "18 Reject rbl.maps.vix.com [ClientAddress]",
        "19 Allow list.dnswl.org [ClientAddress] =127.0.[0..255].[1..3]",
        "22 Reject zen.spamhaus.org [Helo] =127.0.0.[2..11]",
        "23 Reject dbl.spamhaus.org [Sender] =127.0.1.[2..99]",
        "23 Reject dbl.spamhaus.org [ReverseName]",
        "28 Reject rhsbl.example.test [Recipient]",
        "31 Defer late.example.test [ClientAddress] =127.0.0.[2;4;6..8]",
        "32 Defer bad.example.test [ClientAddress] ?127.0.0.[9..2]",
        "33 Allow swl.example.test [ClientName]",
        "37 Warn greedy.example.test [ClientAddress]",
        "38 Reject table.example.test [ClientAddress]",
        "40 Reject second.example.test [ClientAddress]",
    ];
    let notes = [
        (26, Elsewhere, "the lookup table `hash:/etc/postfix/clients`"),
        (29, NotFollowed, "`${nowhere}` has a parameter that is not set in this file"),
        (32, NotFollowed, "the range `9..2` is empty"),
        (35, Disabled, "never.example.test is never asked: it stands behind `permit`"),
        (39, Disabled, "is set again in line 40"),
        (41, NotFollowed, "`mua_client_restrictions` names lists"),
    ];
    let found = read_fixture("postfix-lists.cf");
    expect(&found, Dialect::PostfixMain, &zones, &notes);
    let open = found.zones.iter().filter(|zone| zone.accepts_any());
    let open: Vec<_> = open.map(|zone| zone.line).collect();
    assert_eq!(open, [13, 17, 18, 23, 28, 33, 37, 38, 40]);
}

#[test]
fn postscreen() {
    let zones = [
        "6 Score zen.spamhaus.org [ClientAddress] =127.0.0.[2..11] *3",
        "8 Score bl.spamcop.net [ClientAddress] *2",
        "8 Score b.barracudacentral.org [ClientAddress] =[127.0.0.2] *1",
        "9 Allow list.dnswl.org [ClientAddress] =127.0.[0..255].2 *-4",
    ];
    let notes = [
        (5, Meaning, "at a sum of 3 or more, the mail is refused"),
        (5, Meaning, "at a sum of -2 or less"),
        (10, NotFollowed, "`${mydqs}.zen.dq.spamhaus.net*3` is not set"),
        (11, NotFollowed, "the weight of `broken.example.test*many`"),
    ];
    expect(&read_fixture("postfix-postscreen.cf"), Dialect::PostfixMain, &zones, &notes);
}

#[test]
fn master() {
    let zones = [
        "4 Reject zen.spamhaus.org [ClientAddress] =127.0.0.[2..11]",
        "5 Reject dbl.spamhaus.org [Helo]",
        "8 Reject own.example.test [ClientAddress]",
    ];
    let notes = [(9, NotFollowed, "`${mua_recipient_restrictions}` is not set in this file")];
    expect(&read_fixture("postfix-master.cf"), Dialect::PostfixMaster, &zones, &notes);
}

/// One list of restrictions beside other settings, and the zones that it has.
#[test]
fn restrictions() {
    let table: [(&str, &str, &[&str]); 9] = [
        (
            "temporary",
            "soft_bounce = yes\nL = reject_rbl_client a.test.example",
            &["Defer a.test.example"],
        ),
        (
            "code",
            "maps_rbl_reject_code = 450\nL = reject_rbl_client a.b.example",
            &["Defer a.b.example"],
        ),
        ("old alias", "L = reject_rbl a.b.example", &["Reject a.b.example"]),
        ("upper case", "L = REJECT_RBL_CLIENT a.b.example", &["Reject a.b.example"]),
        (
            "old domains",
            "maps_rbl_domains = a.b.example, c.d.example\nL = reject_maps_rbl",
            &["Reject a.b.example", "Reject c.d.example"],
        ),
        ("old domains, not used", "maps_rbl_domains = a.b.example\nL = permit", &[]),
        (
            "conditions",
            "x = 1\nL = ${x?{reject_rbl_client a.b.example}:{permit}}",
            &["Reject a.b.example"],
        ),
        (
            "conditions, unset",
            "x =\nL = ${x?reject_rbl_client a.b.example}${x:reject_rbl_client c.d.example}",
            &["Reject c.d.example"],
        ),
        (
            "warned refusals end nothing",
            "L = warn_if_reject reject, reject_rbl_client a.b.example",
            &["Reject a.b.example"],
        ),
    ];
    for (name, text, expected) in table {
        let text = text.replace("L =", "smtpd_client_restrictions =");
        let found = read("main.cf", text.as_bytes()).unwrap();
        let zones: Vec<_> =
            found.zones.iter().map(|zone| format!("{:?} {}", zone.usage, zone.zone)).collect();
        assert_eq!(zones, expected, "{name}: {:?}", found.notes);
    }
}

/// Settings that cannot be followed give a note and no zone.
#[test]
fn not_followed() {
    let table = [
        ("reject_rbl_client", "not followed by a zone"),
        ("reject_rbl_client localhost", "no name of a zone"),
        ("reject_rbl_client zen.example.test =127.0.0.2", "no restriction that is known"),
        ("reject_dnsbl_new zen.example.test", "no restriction that is known"),
        ("check_policy_service inet:127.0.0.1:10", "the policy service"),
        ("hash:/etc/postfix/access", "the lookup table"),
        ("$smtpd_client_restrictions", "not set in this file"),
        ("$lists", "not set in this file"),
        ("{ reject_rbl_client zen.example.test }", "no restriction that is known"),
    ];
    for (text, expected) in table {
        let text = format!("smtpd_client_restrictions = permit_mynetworks, {text}");
        let found = read("main.cf", text.as_bytes()).unwrap();
        assert!(
            found.notes.iter().any(|note| [NotFollowed, Elsewhere].contains(&note.kind)
                && note.message.contains(expected)),
            "{text}: {found:?}"
        );
    }
}

/// Values that multiply each other end, and say so.
#[test]
fn expansions_are_bounded() {
    let mut text = String::from("smtpd_client_restrictions = $a0\na30 =\n");
    for level in 0..30 {
        text.push_str(&format!("a{level} = {}\n", format!("$a{} ", level + 1).repeat(10)));
    }
    let found = read("main.cf", text.as_bytes()).unwrap();
    assert!(found.notes.iter().any(|note| note.message.contains("too often")), "{:?}", found.notes);
}
