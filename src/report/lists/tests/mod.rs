//! What is written about lists that were asked by script.

mod forms;

use std::io::{self, Write};

use serde_json::Value;

use super::*;
use crate::dns::{ScriptedLookups, ZoneFile};
use crate::dnsbl::{Keys, OwnZones, Zone, configured};
use crate::engine::{ListPlan, ask_lists};
use crate::evidence::listing::{Listings, Skipped, Subject};
use crate::evidence::lookup::{LookupAnswer, LookupKind};
use crate::report::terminal::{self, Options};
use crate::verdict::listing::{ConfiguredFile, ConfiguredList};

const ZONES: &str = r#"
[[zone]]
id = "alpha"
zone = "alpha.example"
title = "Alpha"
kind = "ipv4"
delisting = "https://alpha.example/removal"
codes = [
  { first = "127.0.0.2", meaning = "sends spam", weight = "critical", listing = true },
  { first = "127.0.0.20", meaning = "known for good mail", weight = "info", listing = false },
]
[[zone]]
id = "beta"
zone = "{key}.beta.example"
kind = ["ipv4", "domain"]
[[zone]]
id = "dark"
zone = "dark.example"
kind = "ipv4"
[[zone]]
id = "world"
zone = "world.example"
kind = "ipv4"
[[zone]]
id = "shut"
zone = "shut.example"
kind = "ipv4"
"#;

const ANSWERS: &str = "
2.0.0.127.alpha.example       A 127.0.0.2
1.2.0.192.alpha.example       A 127.0.0.2
1.2.0.192.alpha.example       TXT \"see https://alpha.example/192.0.2.1\"
3.2.0.192.alpha.example       A 127.0.0.20
2.0.0.127.s3cret.beta.example A 127.0.0.2
test.s3cret.beta.example      A 127.0.0.2
3.2.0.192.s3cret.beta.example A TIMEOUT
*.dark.example                A TIMEOUT
*.world.example               A 127.0.0.2
*.shut.example                A 127.255.255.254
";

fn zones() -> Vec<Zone> {
    OwnZones::read(ZONES, "zones.toml").unwrap().zones().cloned().collect()
}

fn subjects() -> Vec<Subject> {
    let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|a| a.parse().unwrap());
    let addresses = addresses.into_iter().map(Subject::Address);
    addresses.chain([Subject::Domain("example.org".into())]).collect()
}

fn asked(subjects: Vec<Subject>, lookups: &ScriptedLookups) -> Listings {
    let plan = ListPlan {
        registry: (1, jiff::civil::date(2026, 1, 2)),
        zones: zones().into_iter().map(|zone| (zone, None)).collect(),
        subjects,
        prove_all: false,
        keys: Keys::read("beta = \"S3cret\"", "keys").unwrap(),
        seed: 7,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(ask_lists(lookups, plan, &Default::default(), || {}))
}

fn scripted() -> ScriptedLookups {
    ScriptedLookups::new(ZoneFile::parse(ANSWERS).unwrap())
}

fn details() -> ListsDetails {
    ListsDetails {
        started: "2026-01-03T10:00:00Z".into(),
        finished: "2026-01-03T10:00:09Z".into(),
        interrupted: false,
        stale: false,
    }
}

fn file(listings: &mut Listings) -> ConfiguredFile {
    let text = "smtpd_client_restrictions =\n  reject_rbl_client alpha.example\n  \
                reject_rbl_client world.example=127.0.0.2\n  reject_rbl_client gone.example\n";
    let read = configured::read("main.cf", text.as_bytes()).unwrap();
    let lists = read.zones.into_iter().map(|configured| {
        let id = configured.zone.trim_end_matches(".example").to_owned();
        ConfiguredList { configured, list: Some(id), known: true, refuses_in_band: true }
    });
    let lists = lists.collect();
    let gone = Zone::undescribed(
        "gone.example",
        &[crate::dnsbl::SubjectKind::Ipv4],
        "ended 2019: its domain lapsed (source: a friend)",
    );
    let mut gone = gone.unwrap();
    gone.id = "gone".into();
    listings.zones.push(crate::evidence::listing::ZoneEvidence {
        zone: gone,
        skipped: Some(Skipped::Dead),
        authority: None,
        random: None,
        entries: Vec::new(),
    });
    ConfiguredFile { name: "main.cf".into(), dialect: read.dialect, lists, notes: read.notes }
}

pub(in crate::report) fn sample() -> ListsReport {
    let mut listings = asked(subjects(), &scripted());
    let file = file(&mut listings);
    ListsReport::build(details(), &listings, &[file])
}

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn text(report: &ListsReport, quiet: bool) -> String {
    let options = Options { quiet, width: 100 };
    let coloured = written(|out| terminal::lists::write(report, out, options));
    anstream::adapter::strip_str(&coloured).to_string()
}

/// The report in every form, by the names of the files in `reports/samples/`.
fn all_forms(report: &ListsReport) -> [(&'static str, String); 4] {
    [
        ("lists.txt", text(report, false)),
        ("lists.json", written(|out| json::write(report, out))),
        ("lists.jsonl", written(|out| json::write_lines(report, out))),
        ("lists.csv", written(|out| csv::write(report, out))),
    ]
}

fn value(report: &ListsReport) -> Value {
    serde_json::from_str(&written(|out| json::write(report, out))).unwrap()
}

fn rows(report: &ListsReport) -> Vec<std::collections::HashMap<String, String>> {
    let text = written(|out| csv::write(report, out));
    ::csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}
