//! Hosts that were really asked: what a sweep writes of them, and what `mxaudit report` makes of that later.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::cli::args::{FailOn, Format, FormatArg, ReportArgs};
use crate::cli::exit::Exit;
use crate::cli::report::Wish;
use crate::cli::reports::Reports;
use crate::dnsbl::SubjectKind;
use crate::engine::{Budget, Interrupt, Settings, Wanted, audit};
use crate::evidence::listing::{Confirmation, Listed, Preflight, Subject, SubjectEvidence};
use crate::evidence::lookup::{Lookup, LookupAnswer, LookupKind};
use crate::net::TcpDialer;
use crate::practice::{LOCAL_DOMAIN, PracticeServer, demo_fleet};
use crate::probe::Profile;
use crate::report::jsonl::host_line;
use crate::report::terms::Terms;
use crate::session::Deadlines;
use crate::target::scope::Authority;

/// The evidence of the practice servers of the demonstration.
async fn fleet() -> Vec<(Evidence, Option<Authority>)> {
    let mut scope = Scope::loopback_only();
    let (mut servers, mut targets) = (Vec::new(), Vec::new());
    for practice in demo_fleet() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = PracticeServer::start(practice.behaviour, any).await.unwrap();
        let candidate = Candidate {
            name: None,
            address: server.address().ip(),
            port: server.address().port(),
            mail_domain: None,
            via: Via::Address,
            named_by_user: true,
        };
        targets.push(scope.admit(candidate).unwrap());
        servers.push(server);
    }
    let settings = Settings {
        library: Arc::clone(&LIBRARY),
        profile: Profile::Quick,
        deeper: None,
        wanted: Wanted::default(),
        identity: Identity { local_domains: vec![LOCAL_DOMAIN.into()], ..identity() },
        outside_asserted: true,
        deadlines: Deadlines { greeting: Duration::from_secs(5), reply: Duration::from_secs(5) },
        host_deadline: Duration::from_secs(60),
        retry_wait: Duration::from_millis(100),
        greylist_wait: Duration::ZERO,
        budget: Budget::default(),
        letters: None,
        max_hosts: 16,
        seed: 7,
        matrix: None,
        pop: None,
    };
    let dialer = TcpDialer::new(scope.admitted(), None, Duration::from_secs(5));
    let dialer = Arc::new(dialer);
    let all = audit(targets, Arc::new(settings), dialer, Interrupt::default(), |_| {}).await;
    let with_authority = |evidence: Evidence| {
        let authority = scope.authority(evidence.target.address());
        (evidence, authority)
    };
    all.into_iter().map(with_authority).collect()
}

/// What a worker of a sweep does with a host.
fn written(folder: &mut RunFolder, number: u64, host: &(Evidence, Option<Authority>)) {
    let (evidence, authority) = host;
    let judged = JUDGING.judge(evidence, &Said::default());
    let report = JUDGING.report(evidence, &judged, authority.as_ref());
    let line = host_line(folder.key(), &report).unwrap();
    let evidence = evidence_line(number, evidence, authority.as_ref(), None).unwrap();
    folder.host(number, &evidence, &line, &HostCounts::of(&report)).unwrap();
}

fn reported(dir: &Path, format: Format) -> (String, Exit) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let formats = vec![FormatArg { format, file: Some(file.path().to_owned()) }];
    let reports =
        Reports::prepare(&ReportArgs { formats, output: None, template: None, quiet: false })
            .unwrap();
    let reader = RunReader::open(dir).unwrap();
    let exit = {
        let (reports, mail, fail_on) = (Some(reports), None, FailOn::High);
        let wish = Wish { reports, mail, fail_on, quiet: false };
        crate::cli::report::write(reader, &LIBRARY, &Terms::default(), wish).unwrap()
    };
    (fs::read_to_string(file.path()).unwrap(), exit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_of_a_host_what_the_sweep_said() {
    let hosts = fleet().await;
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    let numbers = [40, 7, 99, 3, 12, 80, 1, 61, 5];
    assert_eq!(hosts.len(), numbers.len());
    for (number, host) in numbers.into_iter().zip(&hosts) {
        written(&mut folder, number, host);
    }
    folder.dark(2, DialFault::Refused);
    folder.checkpoint(LATER).unwrap();
    let (tally, counts) = folder.counts();
    // While the sweep goes on.
    let (lines, exit) = reported(dir.path(), Format::Jsonl);
    assert_eq!(exit, Exit::Findings);
    let swept = String::from_utf8(bytes(dir.path(), REPORTS)).unwrap();
    let mut swept: Vec<_> = numbers.into_iter().zip(swept.lines()).collect();
    swept.sort_unstable_by_key(|(number, _)| *number);
    let mut lines: Vec<_> = lines.lines().collect();
    let last: serde_json::Value = serde_json::from_str(lines.pop().unwrap()).unwrap();
    assert_eq!(lines, swept.into_iter().map(|(_, line)| line).collect::<Vec<_>>());
    assert_eq!(last["summary"], serde_json::to_value(tally.summary).unwrap());
    assert_eq!(last["sweep"], serde_json::to_value(counts).unwrap());
    assert_eq!(last["run"]["started"], STARTED);
    assert_eq!(
        (&last["run"]["finished"], &last["run"]["interrupted"]),
        (&LATER.into(), &true.into())
    );
    let (json, _) = reported(dir.path(), Format::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for field in ["run", "summary", "sweep", "not_probed", "tool"] {
        assert_eq!(json[field], last[field], "{field}");
    }
    assert_eq!(json["hosts"].as_array().unwrap().len(), lines.len());
}

#[test]
fn what_lists_said_is_kept_with_each_host() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    let subject =
        SubjectEvidence { subject: Subject::Domain("example.org".into()), answers: Vec::new() };
    let lists = |registry_version| Listings {
        registry_version,
        registry_date: jiff::civil::date(2026, 1, 1),
        resolvers: vec!["192.0.2.53".into()],
        preflight: Preflight::default(),
        zones: Vec::new(),
        subjects: vec![subject.clone()],
    };
    assert_eq!(folder.lists(&lists(3)).unwrap(), 0);
    assert_eq!(folder.lists(&lists(4)).unwrap(), 1);
    let Lines { evidence: bare, report, host } = lines(4);
    write(&mut folder, 3).unwrap();
    let evidence: Evidence =
        RunReader::open(dir.path()).unwrap().host(0).unwrap().unwrap().evidence;
    let negative =
        Lookup { name: "x.test".into(), kind: LookupKind::A, answer: LookupAnswer::NoSuchName };
    let confirmation = Confirmation { zone: "x".into(), kind: SubjectKind::Domain, negative };
    let said = Listed { subjects: vec![subject.clone()], confirmations: vec![confirmation] };
    let listed = ListedHost { part: 1, said };
    let line = evidence_line(4, &evidence, None, Some(&listed)).unwrap();
    assert_ne!(line.len(), bare.len());
    let mut other = serde_json::from_slice::<serde_json::Value>(&line).unwrap();
    other["evidence"]["target"]["address"] = "127.0.0.4".into();
    let line = format!("{other}\n");
    folder.host(4, line.as_bytes(), &report, &HostCounts::of(&host)).unwrap();
    let mut reader = RunReader::open(dir.path()).unwrap();
    let none = |version| Some(Listings { subjects: Vec::new(), ..lists(version) });
    assert_eq!(reader.head().lists(0).cloned(), none(3), "what is about one host is in its line");
    assert_eq!(reader.head().lists(1).cloned(), none(4));
    assert_eq!(
        (reader.head().lists(2), reader.head().newest_lists()),
        (None, reader.head().lists(1))
    );
    assert_eq!(reader.host(0).unwrap().unwrap().listed, None);
    assert_eq!(reader.host(1).unwrap().unwrap().listed, Some(listed));
    assert!(reader.host(2).unwrap().is_none());
    drop(folder);
    let folder = resume(dir.path()).folder;
    // What a kill left of a line goes.
    let path = dir.path().join(LISTS);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [whole.as_slice(), b"{\"registry"].concat()).unwrap();
    assert_eq!(RunReader::open(dir.path()).unwrap().head().newest_lists().cloned(), none(4));
    assert_eq!(folder.lists(&lists(5)).unwrap(), 2);
    assert_eq!(RunReader::open(dir.path()).unwrap().head().newest_lists().cloned(), none(5));
    fs::write(&path, [b"{}\n", whole.as_slice()].concat()).unwrap();
    let damaged = folder.lists(&lists(6)).unwrap_err().to_string();
    assert!(damaged.contains("lists.jsonl, line 1: holds no proofs of lists"), "{damaged}");
    let damaged = RunReader::open(dir.path()).err().unwrap().to_string();
    assert!(damaged.contains("lists.jsonl, line 1: holds no proofs of lists"), "{damaged}");
}

#[test]
fn the_code_is_that_of_the_worst_finding_and_of_what_is_missing() {
    let jobs = |jobs: u64| Plan { jobs, ..plan() };
    let run = |planned: u64, numbers: &[u64], ended: Option<bool>| {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(dir.path(), jobs(planned), versions(), STARTED).unwrap();
        for number in numbers {
            write(&mut folder, *number).unwrap();
        }
        for number in 0..planned.min(3) {
            folder.dark(number, DialFault::Timeout);
        }
        match ended {
            Some(interrupted) => folder.finish(LATER, interrupted).unwrap(),
            None => folder.checkpoint(LATER).unwrap(),
        }
        reported(dir.path(), Format::Terminal)
    };
    // These hosts spoke no SMTP, so that nothing is known of them.
    assert_eq!(run(4, &[3], Some(false)).1, Exit::Incomplete);
    let (text, exit) = run(4, &[], Some(false));
    assert_eq!(exit, Exit::Incomplete);
    assert!(text.contains("4 addresses and ports: 3 gave no answer, 1 not asked"), "{text}");
    let counts = |hosts, severe, not_asked| {
        let mut sweep = SweepCounts { not_asked, ..SweepCounts::default() };
        (sweep.severities.high, sweep.severities.low) = (severe, hosts - severe);
        let summary = crate::report::model::Summary { hosts, closed: hosts, ..Default::default() };
        (summary, sweep)
    };
    let high = crate::finding::Severity::High;
    let code = |(summary, sweep): (_, SweepCounts), ended| {
        let found = sweep.severities.at_least(high) > 0;
        crate::cli::exit::of_sweep(&summary, &sweep, found, ended)
    };
    for (counts, ended, want) in [
        (counts(3, 0, 0), true, Exit::Clean),
        (counts(3, 1, 0), true, Exit::Findings),
        (counts(3, 1, 9), false, Exit::Findings),
        (counts(3, 0, 1), true, Exit::Incomplete),
        (counts(3, 0, 0), false, Exit::Incomplete),
        (counts(0, 0, 0), true, Exit::Incomplete),
    ] {
        assert_eq!(code(counts, ended), want, "{counts:?} {ended}");
    }
    let unknown = |(mut summary, sweep): (crate::report::model::Summary, SweepCounts)| {
        (summary.closed, summary.inconclusive) = (summary.closed - 1, 1);
        (summary, sweep)
    };
    assert_eq!(code(unknown(counts(3, 0, 0)), true), Exit::Incomplete);
}
