//! The mail, written for runs made by hand, and taken apart again.

use lettre::Address;
use lettre::message::header::Date;

use super::*;
use crate::report::fixtures::{closed, details, hostile, identity, open, report, run};
use crate::report::model::PolicySection;
use crate::report::tests::samples::sample;

const ELSEWHERE: &str = "All of it: mxaudit report run";

fn message_of(contents: Contents) -> Message {
    written(contents).unwrap()
}

fn written(contents: Contents) -> Result<Message, MailError> {
    let from: Address = "postmaster@audit.example.test".parse().unwrap();
    let to = ["a@example.test", "b@example.test"].map(|address| address.parse().unwrap());
    let date = Date::new(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600));
    let head = Head { from: &from, to: &to, date, token: "t0k3n", elsewhere: ELSEWHERE };
    contents.message(&head)
}

fn text_of(message: &Message) -> &str {
    std::str::from_utf8(&message.bytes).unwrap()
}

fn subject_of(report: &RunReport) -> String {
    Contents::of(report, LARGEST).unwrap().subject
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let again = || message_of(Contents::of(&sample(), LARGEST).unwrap());
    let message = again();
    assert_eq!(message, again());
    let text = text_of(&message);
    assert!(text.is_ascii() && message.left_out.is_empty());
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    for line in [
        "From: postmaster@audit.example.test",
        "To: a@example.test, b@example.test",
        "Subject: mxaudit: 1 open relay, 1 inconclusive, 1 unreachable, 1 closed; grades ",
        "Date: Thu, 01 Jan 2026 00:00:00 +0000",
        "Message-ID: <t0k3n@audit.example.test>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(head.lines().any(|found| found.starts_with(line)), "{line}: {head}");
    }
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends in CRLF");
    assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
}

#[test]
fn the_verdict_comes_first_and_the_unknown_never_sounds_good() {
    let one = |evidence| run(vec![report(&evidence)], Vec::new());
    assert_eq!(subject_of(&one(open())), "mxaudit: open relay, grade F: mx1.example.test:25");
    assert_eq!(subject_of(&one(closed())), "mxaudit: closed, grade B: mx1.example.test:25");
    let mut held = one(closed());
    let policy = |met| PolicySection {
        name: "ours".into(),
        version: 1,
        file: "policy.toml".into(),
        met,
        hosts: 1,
        hosts_violating: usize::from(!met),
        violations: Vec::new(),
    };
    held.run.policy = Some(policy(true));
    assert_eq!(subject_of(&held), "mxaudit: closed, grade B: mx1.example.test:25");
    held.run.policy = Some(policy(false));
    assert!(subject_of(&held).ends_with("example.test:25; policy violated"));
    let none = subject_of(&run(Vec::new(), Vec::new()));
    assert_eq!(none, "mxaudit: no host was reached, so nothing is known");
    let many = subject_of(&sample());
    let want = "mxaudit: 1 open relay, 1 inconclusive, 1 unreachable, 1 closed; grades F 1, ";
    assert!(many.starts_with(want) && many.ends_with(", N 2"), "{many}");
    let identity = identity();
    let mut details = details(&identity);
    details.interrupted = true;
    let cut = RunReport::build(details, vec![report(&closed())], Vec::new());
    assert!(subject_of(&cut).starts_with("mxaudit (interrupted): closed"));
}

#[test]
fn a_name_does_not_become_a_header() {
    let mut host = report(&hostile());
    host.target.name = Some(format!("mx\r\nBcc: x@y.test\r\n\r\n\u{202e}é{}", "x".repeat(9000)));
    let message = message_of(Contents::of(&run(vec![host], Vec::new()), LARGEST).unwrap());
    let head = text_of(&message).split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert!(head.contains("\r\nSubject: "), "{head}");
    assert!(head.contains("\r\nAuto-Submitted: auto-generated"), "{head}");
    assert!(head.len() < 2000, "{head}");
}

/// A sweep gives the mail that a report of the same hosts gives, but for the text, which is a
/// sweep's.
#[test]
fn host_by_host_comes_the_same() {
    let mut whole = sample();
    let sweep = SweepCounts::default();
    whole.sweep = Some(sweep);
    let of_report = Contents::of(&whole, LARGEST).unwrap();
    let mut collector = Collector::begin(&whole.run, LARGEST).unwrap();
    whole.hosts.iter().for_each(|host| collector.host(host).unwrap());
    let summary = whole.summary;
    let of_sweep = collector.end(&whole.run, &whole.not_probed, (summary, sweep)).unwrap();
    assert_eq!((&of_sweep.subject, &of_sweep.html), (&of_report.subject, &of_report.html));
    assert_eq!(of_sweep.files, of_report.files);
    assert!(of_sweep.text.contains("error[open-relay]") && !of_sweep.text.contains('\u{1b}'));
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    let all = message_of(Contents::of(&sample(), LARGEST).unwrap());
    assert!(!text_of(&all).contains("Left out"));
    let mut seen = Vec::new();
    let mut limit = all.bytes.len() - 1;
    loop {
        let contents = Contents { limit, ..Contents::of(&sample(), LARGEST).unwrap() };
        let Ok(message) = written(contents) else { break };
        assert!(message.bytes.len() <= limit);
        let text = text_of(&message).replace("=\r\n", "");
        assert!(text.contains("Left out, since this mail would be too large with it: "), "{text}");
        let page = text.contains("Content-Type: text/html");
        let notes = text.matches("mxaudit report run").count();
        assert_eq!(notes, 1 + usize::from(page), "text and page say where it is");
        for name in ["report.json", "hosts.csv", "findings.csv"] {
            let attached = text.contains(&format!("filename=\"{name}\""));
            assert_ne!(attached, message.left_out.contains(&name), "{name}");
        }
        assert_ne!(page, message.left_out.contains(&"the page in HTML"));
        seen.push(message.left_out);
        limit = message.bytes.len() - 1;
    }
    assert_eq!(seen[0], ["report.json"], "the largest goes first");
    assert_eq!(seen.last().unwrap().last(), Some(&"the page in HTML"), "the text stays: {seen:?}");
}

#[test]
fn what_is_too_large_is_not_held() {
    let whole = sample();
    let (size, limit) = (8, 50_000);
    let mut collector = Collector::begin(&whole.run, limit).unwrap();
    for _ in 0..size {
        whole.hosts.iter().for_each(|host| collector.host(host).unwrap());
    }
    assert!(collector.all.is_none() && collector.page.is_none());
    let counts = (whole.summary, SweepCounts::default());
    let contents = collector.end(&whole.run, &[], counts).unwrap();
    let (cut, text) = (contents.is_text_cut, contents.text.len());
    assert!(cut && text <= limit / TEXT, "{text}");
    let message = message_of(contents);
    let text = text_of(&message);
    assert!(text.contains("The text is cut off") && text.contains(ELSEWHERE), "{text}");
    assert!(message.left_out.contains(&"report.json"));
}
