//! What a reader sees on a terminal, and the fields of the JSON beside it.

use super::*;

#[test]
fn open_host() {
    let wide = Options { width: 120, ..Options::default() };
    let got = text(&run(vec![report(&open())], Vec::new()), wide);
    let want = r#"error[open-relay]: a third-party recipient was accepted because of the form of its address  suspected, confidence medium
   --> mx1.example.test:25  probe R01 relay-percent-host
    |
  7 | C: MAIL FROM:<probe@audit.example.test>
  8 | S: 250 2.1.0 ok
...
 11 | C: RCPT TO:<canary%audit.example.test@mx1.example.test>
 12 | S: 250 2.1.5 ok
    |    ^^^^^^^^^^^^ accepted here and again on a fresh connection; the random-user control was refused
    |
    = note: not sent past RCPT: the server may still refuse the message at DATA or discard it; only delivery proves
            relaying
    = fix: Postfix: Remove the alias or map that rewrites user%domain; keep allow_percent_hack = yes and
           allow_untrusted_routing = no.
    = fix: Exim: Unset percent_hack_domains, remove redirect routers that rewrite user%domain, and keep the "Restricted
           characters in address" deny in the acl_smtp_rcpt ACL.
    = fix: Sendmail: Remove FEATURE(`loose_relay_check') from the .mc file and rebuild sendmail.cf.
    = fix: qmail: Remove the domains from control/percenthack.
    = fix: Courier: Remove the domains from esmtppercentrelay and esmtppercentrelay.dir, then run makepercentrelay.
    = see: RFC 2505 section 2.1, RFC 5321 section 2.3.11, RFC 5321 section 3.6.1, RFC 5321 section 7.1
    = explain: mxaudit explain open-relay
    = reproduce: swaks --server 192.0.2.1 --port 25 --ehlo client.audit.example.test --from 'probe@audit.example.test' --to 'canary%audit.example.test@mx1.example.test' --quit-after RCPT

mx1.example.test:25 (192.0.2.1)   F   open   proof suspected   2 of 3 probes judged   2 connections, 11 commands
    relay F · operations N   score 2, coverage 58 %, policy mxaudit 1
    why: at most F: strangers can send mail to strangers through this server; -97.2 points: 1 of 3 relay probes was
      accepted; 29.1 % untested: 1 of 3 relay probes was accepted; 7.1 % untested: unknown (not-asked): the plan had no
      such form; and 1 more
    one letter up: mend relay.variants, so that no form of a stranger's mail for a stranger is accepted
    not run: S10 (no-local-domain): name a domain that the server takes mail for: --local-domain
"#;
    assert_eq!(got, want);
}

#[test]
fn closed_host() {
    assert_eq!(
        text_of(report(&closed())),
        "mx1.example.test:25 (192.0.2.1)   B   closed   proof none   2 of 2 probes judged   \
         1 connection, 7 commands
    relay A+ · operations N   score 100, coverage 88 %, policy mxaudit 1
    why: at most B: 88 % of what the policy asks for was tested; 7.1 % untested: unknown
      (not-asked): the plan had no such form; 4.7 % untested: unknown (not-asked): the plan had no
      such form
    one letter up: test operations.postmaster, so that mail for postmaster is accepted
"
    );
}

#[test]
fn deferred_host() {
    let want = r#"unknown[deferred]: the server said "not now" again after the retry: that is no refusal to relay
   --> mx1.example.test:25
    |
  2 | C: EHLO client.audit.example.test
  3 | S: 250-mx1.example.test
... 2 more lines
  6 | S: 250 8BITMIME
  7 | C: MAIL FROM:<probe@audit.example.test>
  8 | S: 250 2.1.0 ok
  9 | C: RCPT TO:<canary@audit.example.test>
 10 | S: 450 4.2.0 Greylisted, see the postmaster's page
    |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ decides S01
    |
    = remedy: run again with --greylist-wait SECONDS, as long as the server's words ask for
    = probes: S01 R01

mx1.example.test:25 (192.0.2.1)   N   inconclusive   proof none   0 of 3 probes judged   1 connection, 7 commands
    relay untested · operations N   no score, coverage 2 %, policy mxaudit 1
    why: not graded: whether the server relays is not known; not graded: 2 % of what the policy asks
      for was tested; 85.7 % untested: unknown (deferred): the server said "not now" again after the
      retry: that is no refusal to relay; 7.1 % untested: unknown (not-asked): the plan had no such
      form; and 1 more
    one letter up: test relay.variants, so that no form of a stranger's mail for a stranger is
      accepted
    not run: S10 (no-local-domain): name a domain that the server takes mail for: --local-domain
"#;
    assert_eq!(text_of(report(&deferred())), want);
}

#[test]
fn unreachable_host() {
    let want = "unknown[connection-refused]: connect to [2001:db8::1]:25: connection refused
  --> [2001:db8::1]:25
   = remedy: check the port: nothing listens there, or a firewall refuses

[2001:db8::1]:25   N   unreachable   proof none   0 of 1 probes judged   0 connections, 0 commands
    relay untested · operations untested   no score, coverage 0 %, policy mxaudit 1
    why: not graded: whether the server relays is not known; not graded: nothing could be judged;
      85.7 % untested: unknown (connection-refused): connect to [2001:db8::1]:25: connection
      refused; 7.1 % untested: unknown (unreachable): the host does not speak SMTP; and 2 more
    one letter up: test relay.variants, so that no form of a stranger's mail for a stranger is
      accepted
";
    assert_eq!(text_of(report(&unreachable())), want);
}

#[test]
fn a_change_midway_is_shown_at_the_end() {
    let mut evidence = closed();
    let later = fixtures::reply(b"450 4.7.1 later\r\n");
    evidence.transcripts[0].exchanges[6].answer = Answer::Reply(later);
    let got = text_of(report(&evidence));
    assert!(got.starts_with("unknown[changed-midway]: "), "{got}");
    let marked =
        " 16 | S: 450 4.7.1 later\n    |    ^^^^^^^^^^^^^^^ the same recipient, at the end\n";
    assert!(got.contains(marked), "{got}");
}

#[test]
fn colours_only_colour() {
    let coloured = bytes(&run(vec![report(&open())], Vec::new()), Options::default());
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31merror[open-relay]\u{1b}[0m"), "{coloured}");
    let quiet = Options { quiet: true, ..Options::default() };
    let got = text(&run(vec![report(&open()), report(&closed())], Vec::new()), quiet);
    let lines: Vec<_> = got.lines().map(|line| line.split("   ").nth(1)).collect();
    assert_eq!(lines, [Some("F"), Some("B")]);
}

#[test]
fn many_hosts_end_in_a_table_and_remarks() {
    let mut hosts = vec![report(&closed()), report(&closed()), report(&unreachable())];
    let file = AuthorityReport {
        source: Source::ScopeFile,
        file: Some("mxaudit.toml".into()),
        authorized_by: Some("J. Postmaster".into()),
        expires: Some(jiff::civil::date(2026, 3, 1)),
    };
    let flag =
        AuthorityReport { source: Source::Flag, file: None, authorized_by: None, expires: None };
    for (host, authority) in hosts.iter_mut().zip([&file, &file, &flag]) {
        host.authority = Some(authority.clone());
    }
    hosts[0].vantage.position = Some("inside");
    let other = NotProbed {
        domain: "example.test".into(),
        host: "mx.provider.test".into(),
        address: Some("192.0.2.99".parse().unwrap()),
        why: "run by others\u{202e}".into(),
    };
    let got = text(&run(hosts.clone(), vec![other]), Options::default());
    let want = r"                  grade   verdict       proof   judged   findings
mx1.example.test:25   B       closed        none    2 of 2   0
mx1.example.test:25   B       closed        none    2 of 2   0
[2001:db8::1]:25      N       unreachable   none    0 of 1   0
3 hosts: 2 closed, 1 unreachable

run by others, not probed:
  mx.provider.test (192.0.2.99), MX of example.test: run by others\u{202e}

authorized by J. Postmaster until 2026-03-01, scope file mxaudit.toml: mx1.example.test:25,
  mx1.example.test:25
authorized by flag: [2001:db8::1]:25
vantage: inside for mx1.example.test:25; every mail server relays for its own network, so an
  acceptance says nothing there: run from an address outside, or pass --vantage outside if this one
  is treated as a stranger's
";
    let got = got.split_once("\n\nhost").unwrap().1;
    assert_eq!(got, want);
}

#[test]
fn a_reserved_identity_and_an_interruption_are_said() {
    let identity = Identity { auditor_domain: None, ..fixtures::identity() };
    let mut details = details(&identity);
    details.interrupted = true;
    let report = RunReport::build(details, vec![report(&closed())], Vec::new());
    let got = text(&report, Options::default());
    assert!(got.contains("\n\nidentity: reserved, "), "{got}");
    assert!(got.contains("--auditor-domain") && got.contains("--local-domain"), "{got}");
    assert!(got.ends_with("\ninterrupted: this report is incomplete\n"), "{got}");
}

#[test]
fn what_was_said_inside_tls_is_said_to_have_been() {
    let mut evidence = open();
    let plain = report(&evidence).findings.remove(0);
    for transcript in &mut evidence.transcripts {
        transcript.tls = Some(crate::evidence::TlsFacts {
            version: "TLSv1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            certificates: Vec::new(),
        });
        transcript.exchanges.iter_mut().for_each(|exchange| exchange.tls = true);
    }
    let inside = report(&evidence).findings.remove(0);
    let note = "this was said inside TLS (TLSv1.3)".to_owned();
    assert!(inside.notes.contains(&note) && !plain.notes.contains(&note), "{:?}", inside.notes);
    let tls = |line: Option<String>| line.unwrap().contains(" --port 25 --tls --ehlo ");
    assert!(tls(inside.reproduce) && !tls(plain.reproduce));
}

#[test]
fn a_chosen_source_is_part_of_the_command_line() {
    let sent_from = |source| report(&open()).sent_from(source);
    assert_eq!(sent_from(None), report(&open()));
    let host = sent_from(Some("198.51.100.7".parse().unwrap()));
    let line = host.findings[0].reproduce.as_deref().unwrap();
    assert!(line.ends_with(" --quit-after RCPT --local-interface 198.51.100.7"), "{line}");
}

#[test]
fn other_forms_are_said_to_be_confirmed_where_they_are() {
    let mut host = report(&open());
    let known = host.probes.iter().find(|probe| probe.code == "R01").unwrap().clone();
    for (code, repeated) in [
        ("S02", None),
        ("H01", Some(true)),
        ("R02", Some(true)),
        ("R03", None),
        ("S05", Some(false)),
    ] {
        host.probes.push(ProbeReport { code: code.into(), repeated, ..known.clone() });
    }
    let table: &[(&[&str], &str)] = &[
        (
            &["H01", "R02", "S02", "R03"],
            "H01, R02 (each again on a fresh connection); S02, R03 (not asked again)",
        ),
        (&["H01"], "H01 (again on a fresh connection)"),
        (&["S05", "S02"], "S02 (not asked again); S05 (not again on a fresh connection)"),
        (&["S99"], "S99 (not asked again)"),
    ];
    for (also, want) in table {
        host.findings[0].also = also.iter().map(|code| (*code).to_owned()).collect();
        let got = text_of(host.clone());
        assert!(got.contains(&format!("\n    = also accepted: {want}\n")), "{also:?}: {got}");
    }
    host.findings[0].also.clear();
    assert!(!text_of(host).contains("also accepted"));
}

#[test]
fn lines_to_copy_are_not_broken() {
    let mut host = report(&open());
    let narrow = |host: &HostReport| {
        text(&run(vec![host.clone()], Vec::new()), Options { width: 40, ..Options::default() })
    };
    assert!(narrow(&host).contains("\n    = explain: mxaudit explain open-relay\n"));
    assert!(
        narrow(&host).contains("\n    = see: RFC 2505 section 2.1, RFC\n           5321 section")
    );
    host.findings[0].references.clear();
    assert!(!narrow(&host).contains("= see"));
}

#[test]
fn json_fields() {
    let hosts = [open(), closed(), deferred(), unreachable()];
    let (text, value) = json_of(&run(hosts.iter().map(report).collect(), Vec::new()));
    assert!(text.starts_with("{\n  \"schema\": \"mxaudit.report.v1\",\n") && text.ends_with("}\n"));
    let summary = json!({
        "hosts": 4, "open": 1, "conditional": 0, "closed": 1, "inconclusive": 1, "unreachable": 1,
        "grades": {"A+": 0, "A": 0, "B": 1, "C": 0, "D": 0, "N": 2, "F": 1}, "worst": "F"
    });
    let table = [
        ("/summary", summary),
        ("/tool/name", json!("mxaudit")),
        ("/run/profile", json!("quick")),
        ("/run/identity/canary", json!("canary@audit.example.test")),
        ("/hosts/0/target/role", json!("mx")),
        ("/hosts/0/server/greeting", json!("220 mx1.example.test ESMTP")),
        ("/hosts/0/vantage/position", json!("outside")),
        ("/hosts/0/vantage/source", json!("198.51.100.7")),
        ("/hosts/0/relay/reasons", json!(["accepted-recipient"])),
        ("/hosts/0/relay/coverage", json!({"planned": 3, "judged": 2, "percent": 66})),
        ("/hosts/0/probes/0/code", json!("S01")),
        ("/hosts/0/probes/0/outcome", json!("refused")),
        ("/hosts/0/probes/0/reason", json!("relay")),
        ("/hosts/0/probes/1/reason", json!("no-local-domain")),
        ("/hosts/0/probes/1/envelope", Value::Null),
        ("/hosts/0/probes/2/repeated", json!(true)),
        ("/hosts/0/probes/2/evidence", json!({"connection": 0, "exchange": 4})),
        ("/hosts/0/probes/2/envelope/helo", json!("client.audit.example.test")),
        ("/hosts/0/controls/0/control", json!("random-user")),
        ("/hosts/0/controls/0/reply", json!(["550 5.1.1 no such user"])),
        ("/hosts/0/findings/0/severity", json!("critical")),
        ("/hosts/0/findings/0/code", json!("R01")),
        ("/hosts/0/findings/0/dialogue/3/line", json!(12)),
        ("/hosts/0/findings/0/fix/qmail", json!("Remove the domains from control/percenthack.")),
        ("/hosts/0/connections/0/exchanges/0/sent", Value::Null),
        ("/hosts/0/totals", json!({"connections": 2, "commands": 11})),
        ("/hosts/1/relay/verdict", json!("closed")),
        ("/hosts/1/grade/letter", json!("B")),
        ("/hosts/1/grade/coverage", json!(88)),
        ("/hosts/1/grade/judged_categories", json!(["relay", "operations"])),
        ("/hosts/1/grade/categories/0/title", json!("relay and submission")),
        ("/hosts/1/grade/policy", json!({"name": "mxaudit", "version": 1})),
        ("/hosts/2/relay/explanations/0/reason", json!("deferred")),
        ("/hosts/3/vantage/position", Value::Null),
        ("/hosts/3/grade/score", Value::Null),
        ("/hosts/3/dial_failures/0/kind", json!("refused")),
        ("/hosts/3/stopped", Value::Null),
    ];
    for (path, want) in table {
        assert_eq!(value.pointer(path), Some(&want), "{path}");
    }
    let fix = text.split_once("\"fix\": {").unwrap().1;
    assert!(fix.trim_start().starts_with("\"Postfix\""), "fixes keep their order");
}

#[test]
fn pop_before_smtp_is_one_sentence() {
    use crate::evidence::pop::{PopAnswer, PopEnd};
    let yes =
        "    POP-before-SMTP: yes: relaying is granted after a POP3 login, for 0.3 s to 10.0 s\n";
    let granted = with_pop(closed());
    assert!(text_of(report(&granted)).contains(yes), "{}", text_of(report(&granted)));
    let with = |change: &dyn Fn(&mut crate::evidence::pop::PopBeforeSmtp)| {
        let mut evidence = with_pop(closed());
        change(evidence.pop.as_mut().unwrap());
        text_of(report(&evidence))
    };
    let open = with(&|pop| {
        pop.checks.pop();
    });
    assert!(open.contains("after a POP3 login, for at least 0.3 s\n"), "{open}");
    let no = with(&|pop| {
        pop.checks.remove(1);
    });
    let sentence = "no: relaying is refused after a POP3 login as before it (asked 1 times in 10.0";
    assert!(no.contains(sentence), "{no}");
    let refused = with(&|pop| {
        pop.checks.truncate(1);
        let login = &mut pop.logins[0];
        login.end = PopEnd::Refused;
        login.exchanges[3].answer = PopAnswer::Negative("-ERR [AUTH] wrong".into());
    });
    assert!(refused.contains("POP-before-SMTP: not known (pop-login-refused): "), "{refused}");
    assert!(refused.contains("\n      the POP3 server: -ERR [AUTH] wrong\n"), "{refused}");
    let before = with(&|pop| pop.checks[0].place = pop.checks[1].place);
    assert!(before.contains("POP-before-SMTP: not measured (granted-before-login): "), "{before}");
}
