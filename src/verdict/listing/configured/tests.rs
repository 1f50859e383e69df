use super::*;
use crate::dnsbl::configured::read;
use crate::dnsbl::{OwnZones, Registry};
use crate::evidence::listing::{EntryEvidence, Preflight, Skipped};
use crate::evidence::lookup::{Lookup, LookupAnswer, LookupKind};

use LookupAnswer::{NoSuchName, Timeout};

fn address(text: &str) -> LookupAnswer {
    LookupAnswer::Addresses(vec![text.parse().unwrap()])
}

fn lookup(name: &str, answer: LookupAnswer) -> Option<Lookup> {
    Some(Lookup { name: name.into(), kind: LookupKind::A, answer })
}

fn listings(zone: &Zone, positive: LookupAnswer, negative: LookupAnswer) -> Listings {
    let entries = zone.entries.iter().map(|entry| EntryEvidence {
        kind: entry.kind,
        positive: lookup("positive", positive.clone()),
        positive_text: None,
        negative: lookup("negative", negative.clone()),
        negative_again: None,
    });
    let evidence = ZoneEvidence {
        zone: zone.clone(),
        skipped: None,
        authority: lookup("zone", LookupAnswer::Authority("zone".into())),
        random: lookup("random", NoSuchName),
        entries: entries.collect(),
    };
    Listings {
        registry_version: 1,
        registry_date: jiff::civil::date(2026, 1, 1),
        resolvers: vec!["192.0.2.53".into()],
        preflight: Preflight::default(),
        zones: vec![evidence],
        subjects: Vec::new(),
    }
}

fn file(name: &str, text: &str) -> ConfiguredFile {
    let read = read(name, text.as_bytes()).unwrap();
    let registry = Registry::embedded().unwrap();
    let lists = read.zones.into_iter().map(|configured| {
        let zone = registry.zone(&configured.zone);
        ConfiguredList {
            list: zone.map(|zone| zone.id.clone()),
            known: zone.is_some(),
            refuses_in_band: zone.is_some_and(|zone| registry.refuses_in_band(zone)),
            configured,
        }
    });
    let lists = lists.collect();
    ConfiguredFile { name: name.into(), dialect: read.dialect, lists, notes: read.notes }
}

fn postfix(setting: &str) -> ConfiguredFile {
    file("main.cf", &format!("smtpd_client_restrictions =\n  {setting}\n"))
}

fn registry_zone(id: &str) -> Zone {
    Registry::embedded().unwrap().zone(id).unwrap().clone()
}

/// What is found where the list is well.
fn of_healthy(file: &ConfiguredFile) -> Vec<Finding> {
    let list = &file.lists[0];
    let zone = registry_zone(list.list.as_ref().unwrap());
    let positive = zone.entries[0].answer.or_else(|| zone.codes.first().map(|code| code.first));
    let positive = LookupAnswer::Addresses(positive.into_iter().collect());
    configured_findings(file, list, &listings(&zone, positive, NoSuchName))
}

#[test]
fn each_state_has_its_finding() {
    let file = postfix("reject_rbl_client psbl.surriel.com=127.0.0.2");
    let zone = registry_zone("psbl");
    let two = || address("127.0.0.2");
    for (positive, negative, want) in [
        (two(), NoSuchName, None),
        (two(), two(), Some("configured-list-lists-world")),
        (NoSuchName, NoSuchName, Some("configured-list-dead")),
        (address("203.0.113.7"), NoSuchName, Some("configured-list-dead")),
        (address("127.255.255.254"), NoSuchName, Some("configured-list-refuses")),
        (LookupAnswer::Refused, NoSuchName, Some("configured-list-refuses")),
        (Timeout, Timeout, None),
        (LookupAnswer::ServerFailure, NoSuchName, None),
    ] {
        let listings = listings(&zone, positive.clone(), negative);
        let found = configured_findings(&file, &file.lists[0], &listings);
        let ids: Vec<_> = found.iter().map(|finding| finding.id).collect();
        assert_eq!(ids, want.into_iter().collect::<Vec<_>>(), "{positive:?}");
        for finding in found {
            assert!(
                finding.summary.starts_with("main.cf:2 asks psbl.surriel.com, which"),
                "{finding:?}"
            );
            assert_eq!(finding.notes[0], "setting: reject_rbl_client psbl.surriel.com=127.0.0.2");
        }
    }
}

#[test]
fn a_dead_list_is_told_with_its_story_and_without_a_question() {
    let zone = Zone::undescribed("rbl.maps.vix.com", &[SubjectKind::Ipv4], "ended 2001: sold");
    let mut listings = listings(&zone.unwrap(), NoSuchName, NoSuchName);
    listings.zones[0].skipped = Some(Skipped::Dead);
    // Nor does a resolver that lies matter for it.
    listings.preflight.invalid = lookup("x.invalid", address("203.0.113.9"));
    let mut file = postfix("reject_rbl_client rbl.maps.vix.com");
    file.lists[0].list = Some("rbl-maps-vix-com".into());
    let found = configured_findings(&file, &file.lists[0], &listings);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].confidence), ("configured-list-dead", Confidence::High));
    let want = "main.cf:2 asks rbl.maps.vix.com, which is dead: ended 2001: sold";
    assert_eq!(found[0].summary, want);
}

#[test]
fn nothing_is_said_of_a_list_through_a_resolver_that_lies() {
    let file = postfix("reject_rbl_client psbl.surriel.com=127.0.0.2");
    let mut listings = listings(&registry_zone("psbl"), NoSuchName, NoSuchName);
    let found = |listings: &Listings| configured_findings(&file, &file.lists[0], listings).len();
    assert_eq!(found(&listings), 1);
    listings.preflight.invalid = lookup("x.invalid", address("203.0.113.9"));
    assert_eq!(found(&listings), 0);
}

#[test]
fn a_filter_that_takes_refusals_for_listings_is_told_with_the_right_one() {
    let zen = "127.0.0.[2..4;9..11;30]";
    let table = [
        (
            "reject_rbl_client zen.spamhaus.org",
            Some(format!("reject_rbl_client zen.spamhaus.org={zen}")),
        ),
        ("reject_rbl_client zen.spamhaus.org=127.0.0.[2..11]", None),
        (
            "reject_rbl_client zen.spamhaus.org=127.[0..255].[0..255].[0..255]",
            Some(format!("zen.spamhaus.org={zen}")),
        ),
        ("reject_rbl_client psbl.surriel.com", None),
        (
            "reject_rhsbl_sender multi.uribl.com",
            Some("reject_rhsbl_sender multi.uribl.com=127.0.0.[2;4;6;8;10;12;14]".to_owned()),
        ),
        (
            "reject_rhsbl_sender multi.uribl.com=127.0.0.[2..14]",
            Some("multi.uribl.com=127.0.0.[2;4;6;8;10;12;14]".to_owned()),
        ),
        ("reject_rhsbl_sender multi.uribl.com=127.0.0.2", None),
    ];
    for (setting, want) in table {
        let found = of_healthy(&postfix(setting));
        let line = found.first().map(|finding| finding.notes[1].trim_start_matches("write: "));
        assert_eq!(line, want.as_deref(), "{setting}");
        assert!(found.iter().all(|finding| finding.id == "configured-list-unfiltered"));
    }
}

#[test]
fn answers_that_are_no_reproach_are_no_listings() {
    let found = of_healthy(&postfix("reject_rbl_client hostkarma.junkemailfilter.com"));
    assert!(
        found[0].notes[1].ends_with("=127.0.0.[2;4]") || found[0].notes[1].contains("127.0.0.[2"),
        "{found:?}"
    );
    assert!(found[0].summary.contains(" takes 127.0."), "{found:?}");
    let good = of_healthy(&postfix("reject_rbl_client hostkarma.junkemailfilter.com=127.0.0.2"));
    assert_eq!(good, []);
}

#[test]
fn each_program_gets_its_own_line() {
    for (name, text, want) in [
        (
            "exim.conf",
            "begin acl\nacl_check_rcpt:\n  deny dnslists = zen.spamhaus.org\n",
            "dnslists = zen.spamhaus.org=127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.9,127.0.0.10,127.0.0.11,127.0.0.30",
        ),
        (
            "sendmail.mc",
            "OSTYPE(`linux')dnl\nFEATURE(`dnsbl', `zen.spamhaus.org')dnl\nMAILER(`smtp')dnl\n",
            "FEATURE(`enhdnsbl', `zen.spamhaus.org', `', `t', `127.0.0.2.', `127.0.0.3.', `127.0.0.4.', \
             `127.0.0.9.', `127.0.0.10.', `127.0.0.11.', `127.0.0.30.')dnl",
        ),
    ] {
        let found = of_healthy(&file(name, text));
        assert_eq!(found[0].notes[1], format!("write: {want}"), "{name}");
        // What is told to be written is good.
        let mended = text.lines().map(|line| match line.split_once("dnslists") {
            Some((before, _)) => format!("{before}{want}\n"),
            None if line.contains("`dnsbl'") => format!("{want}\n"),
            None => format!("{line}\n"),
        });
        let mended = file(name, &mended.collect::<String>());
        assert_eq!(of_healthy(&mended), [], "{name}");
    }
}

#[test]
fn of_a_list_that_nobody_knows_only_the_state_is_told() {
    let own = "[[zone]]\nid = \"own\"\nzone = \"own.example\"\nkind = \"ipv4\"\n";
    let zone = OwnZones::read(own, "own.toml").unwrap().zones().next().unwrap().clone();
    let mut file = postfix("reject_rbl_client own.example");
    file.lists[0].list = Some("own".into());
    let healthy = listings(&zone, address("127.0.0.2"), NoSuchName);
    assert_eq!(configured_findings(&file, &file.lists[0], &healthy), []);
    file.lists[0].refuses_in_band = true;
    file.lists[0].known = true;
    assert_eq!(configured_findings(&file, &file.lists[0], &healthy).len(), 1);
    file.lists[0].list = None;
    assert_eq!(configured_findings(&file, &file.lists[0], &healthy), []);
    assert_eq!(configured_health(&file.lists[0], &healthy), None);
}

#[test]
fn an_allow_list_within_a_block_list_is_no_fault() {
    let screen = |site: &str| file("main.cf", &format!("postscreen_dnsbl_sites = {site}\n"));
    let good = screen("hostkarma.junkemailfilter.com=127.0.0.1*-2");
    assert_eq!(of_healthy(&good), []);
    // The same answer with points against the client is one.
    let bad = of_healthy(&screen("hostkarma.junkemailfilter.com=127.0.0.1*2"));
    assert_eq!(bad[0].id, "configured-list-unfiltered");
    // Refusals that let everybody through are told, and a line that lets spammers through is not.
    let open = of_healthy(&screen("zen.spamhaus.org*-2"));
    assert_eq!(open[0].id, "configured-list-unfiltered");
    assert!(!open[0].notes.iter().any(|note| note.starts_with("write:")), "{open:?}");
}

#[test]
fn a_rule_that_waits_for_refusals_is_no_fault() {
    let rule = |answers: &str| {
        let text = format!(
            "header RCVD_IN_ZEN_X eval:check_rbl('zen', 'zen.spamhaus.org.', '{answers}')\nscore RCVD_IN_ZEN_X 1\n"
        );
        of_healthy(&file("local.cf", &text))
    };
    assert_eq!(rule("^127\\.255\\.255\\.254$"), []);
    assert_eq!(rule("^127\\.")[0].id, "configured-list-unfiltered");
    // Where the answer costs mail, it is waited for in vain.
    let reject = of_healthy(&postfix("reject_rbl_client zen.spamhaus.org=127.255.255.254"));
    assert_eq!(reject[0].id, "configured-list-unfiltered");
}

#[test]
fn a_list_that_is_asked_about_what_it_does_not_list_is_told() {
    let ids = |setting: &str| {
        let found = of_healthy(&postfix(setting));
        assert!(found.iter().all(|one| !one.notes.iter().any(|note| note.starts_with("write:"))));
        found.into_iter().map(|finding| finding.id).collect::<Vec<_>>()
    };
    let (kind, taken) = ("configured-list-wrong-kind", "configured-list-unfiltered");
    assert_eq!(ids("reject_rbl_client dbl.spamhaus.org"), [kind, taken]);
    assert_eq!(ids("reject_rbl_client dbl.spamhaus.org=127.0.1.2"), [kind]);
    assert_eq!(ids("reject_rhsbl_sender psbl.surriel.com"), [kind]);
    assert_eq!(ids("reject_rhsbl_sender dbl.spamhaus.org=127.0.1.2"), [""; 0]);
    // What hashes it lists is not known of any.
    let mut hashed = postfix("reject_rhsbl_sender dbl.spamhaus.org=127.0.1.2");
    hashed.lists[0].configured.kind = Kind::Hash;
    assert_eq!(of_healthy(&hashed), []);
}

#[test]
fn the_line_keeps_what_exim_asks_about() {
    let of = |item: &str| {
        let text = format!("begin acl\nacl_check_rcpt:\n  deny dnslists = {item}\n");
        of_healthy(&file("exim.conf", &text))
    };
    let found = of("dbl.spamhaus.org/$sender_address_domain");
    let line = found[0].notes[1].trim_start_matches("write: dnslists = ");
    assert!(line.ends_with("/$sender_address_domain"), "{line}");
    assert_eq!(of(line), []);
}

#[test]
fn without_an_answer_that_counts_there_is_no_line() {
    let list = postfix("reject_rbl_client zen.spamhaus.org");
    let mut zone = registry_zone(list.lists[0].list.as_ref().unwrap());
    zone.codes.iter_mut().for_each(|code| code.listing = false);
    let found = configured_findings(
        &list,
        &list.lists[0],
        &listings(&zone, address("127.0.0.2"), NoSuchName),
    );
    let unfiltered = found.iter().find(|one| one.id == "configured-list-unfiltered").unwrap();
    assert_eq!(unfiltered.notes, ["setting: reject_rbl_client zen.spamhaus.org"]);
}
