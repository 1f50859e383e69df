mod policy;
mod problems;

use jiff::civil::date;

use super::*;
use crate::report::terms::Suppressed;
use crate::target::Via;
use crate::target::scope::Candidate;

const TODAY: Date = date(2026, 11, 22);

const FULL: &str = r#"[auditor]
domain  = "Audit.example.net"
contact = "postmaster@audit.example.net"
canary  = "canary@audit.example.net"
canary_address = "192.0.2.10"
helo    = "probe.audit.example.net."
client_name = "Client.audit.example.net"
[local]
domains = ["Example.org", "bücher.example"]
user    = "postmaster"
partners = ["Partner.example", "other.example"]
mx_domain = "backup.audit.example.net"

[matrix]
foreign.local.local = "yes"
authenticated.null = { local = "no", foreign = "any" }

[[scope]]
networks = ["198.51.100.0/28", "2001:db8::25"]
domains  = ["example.org"]
exclude  = ["198.51.100.9"]
authorized_by = "Jane Doe, change 4711"
expires  = 2027-01-31

[[scope]]
networks = ["10.0.0.0/8"]
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "mxaudit.toml", TODAY)
}

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_full_file_is_read() {
    let config = parse(FULL).unwrap();
    let text = |t: &str| Some(t.to_owned());
    let auditor = Auditor {
        domain: text("audit.example.net"),
        contact: text("postmaster@audit.example.net"),
        canary: text("canary@audit.example.net"),
        canary_address: Some("192.0.2.10".parse().unwrap()),
        helo: text("probe.audit.example.net"),
        client_name: text("client.audit.example.net"),
    };
    assert_eq!(config.auditor, auditor);
    let domains = vec!["example.org".to_owned(), "xn--bcher-kva.example".to_owned()];
    let partners = vec!["partner.example".to_owned(), "other.example".to_owned()];
    let mx_domain = text("backup.audit.example.net");
    assert_eq!(config.local, Local { domains, user: text("postmaster"), partners, mx_domain });
    let key = |client, sender, recipient| CellKey { client, sender, recipient };
    use Client::{Authenticated, Foreign as Stranger};
    let matrix = [
        (key(Stranger, Sender::Local, Recipient::Local), Expected::Yes),
        (key(Authenticated, Sender::Null, Recipient::Foreign), Expected::Any),
        (key(Authenticated, Sender::Null, Recipient::Local), Expected::No),
    ];
    assert_eq!(config.matrix, matrix);
    let nets = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<IpNet>>();
    let first = Rule {
        networks: nets(&["198.51.100.0/28", "2001:db8::25/128"]),
        domains: vec!["example.org".to_owned()],
        exclude: nets(&["198.51.100.9/32"]),
        authorized_by: text("Jane Doe, change 4711"),
        expires: Some(date(2027, 1, 31)),
        line: 18,
    };
    let second = Rule { networks: nets(&["10.0.0.0/8"]), line: 25, ..Rule::default() };
    assert_eq!(config.rules, [first, second]);
}

#[test]
fn the_scope_of_a_file_names_file_and_line() {
    let mut scope = parse(FULL).unwrap().scope;
    let mut admit = |address: &str| {
        scope.admit(Candidate {
            name: None,
            address: address.parse().unwrap(),
            port: 25,
            mail_domain: None,
            via: Via::Address,
            named_by_user: true,
        })
    };
    assert!(admit("198.51.100.8").is_ok());
    assert!(admit("10.2.3.4").is_ok());
    let refusal = admit("198.51.100.9").unwrap_err().to_string();
    assert!(refusal.contains("excluded: line 18 of mxaudit.toml"), "{refusal}");
    let refusal = admit("192.0.2.1").unwrap_err().to_string();
    assert!(refusal.contains("outside the scope of mxaudit.toml"), "{refusal}");
}

#[test]
fn small_files_are_read() {
    let signed = "authorized_by = \"Jane Doe\"\nexpires = 2027-01-31\n";
    let cases = [
        ("nothing", String::new()),
        ("empty tables", "[auditor]\n[local]\n[[scope]]\n".to_owned()),
        ("a quoted day", "[[scope]]\nexpires = \"2027-01-31\"\n".to_owned()),
        ("a signed domain", format!("[[scope]]\ndomains = [\"example.org\"]\n{signed}")),
        ("last day", "[[scope]]\nexpires = 2026-11-22\n".to_owned()),
        ("an address with its prefix", format!("[[scope]]\nnetworks = [\"192.0.2.1/32\"]\n{signed}")),
        ("canary beside the local domain", "[auditor]\ncanary = \"c@example.net\"\n[local]\ndomains = [\"example.org\"]\n".to_owned()),
        ("canary above the local domain", "[auditor]\ncanary = \"c@example.org\"\n[local]\ndomains = [\"lists.example.org\"]\n".to_owned()),
        (
            "partner and MX domain above the local domain",
            "[auditor]\ndomain = \"a.example\"\n[local]\ndomains = [\"lists.b.example\"]\npartners = [\"b.example\"]\nmx_domain = \"c.example\"\n".to_owned(),
        ),
        (
            "partner below the canary, MX domain too",
            "[auditor]\ndomain = \"a.example\"\n[local]\npartners = [\"b.a.example\"]\nmx_domain = \"mx.a.example\"\n".to_owned(),
        ),
        (
            "auditor's domain held by a partner, canary elsewhere",
            "[auditor]\ndomain = \"a.example\"\ncanary = \"c@b.example\"\n[local]\npartners = [\"a.example\"]\nmx_domain = \"c.example\"\n".to_owned(),
        ),
        (
            "canary elsewhere, auditor at home",
            "[auditor]\ndomain = \"example.org\"\ncanary = \"c@example.net\"\n[local]\ndomains = [\"example.org\"]\n".to_owned(),
        ),
    ];
    for (case, text) in cases {
        assert_eq!(parse(&text).err(), None, "{case}");
    }
}

const SUPPRESS: &str = r#"[[suppress]]
check = "listed-minor"
target = "198.51.100.0/28"
reason = " delisting asked for "
expires = 2026-11-30

[[suppress]]
check = "late-refusal"
target = "MX.Example.org."
reason = "a gateway in front, change 4711"
expires = "2020-01-01"
code = "R01"
list = "zen.example.net"
"#;

#[test]
fn suppressions_are_read_with_their_places() {
    let [first, second] = parse(SUPPRESS).unwrap().suppressions.try_into().unwrap();
    let network = Suppressed::Network("198.51.100.0/28".parse().unwrap());
    assert_eq!((first.check.as_str(), first.target), ("listed-minor", network));
    assert_eq!((first.reason.as_str(), first.expires), ("delisting asked for", date(2026, 11, 30)));
    assert_eq!((first.place.as_str(), first.code, first.list), ("mxaudit.toml:1", None, None));
    // One that has ended is read: the report says that it does nothing.
    assert_eq!(second.expires, date(2020, 1, 1));
    assert_eq!(second.target, Suppressed::Name("mx.example.org".into()));
    assert_eq!(second.place, "mxaudit.toml:7");
    assert_eq!(
        (second.code.as_deref(), second.list.as_deref()),
        (Some("R01"), Some("zen.example.net"))
    );
}

/// Stored reports are read when a scope may long have ended.
#[test]
fn suppressions_are_read_whatever_became_of_the_scope() {
    let ended = format!(
        "[[scope]]\nnetworks = [\"198.51.100.0/28\"]\nauthorized_by = \"J\"\nexpires = 2020-01-01\n{SUPPRESS}"
    );
    assert!(parse(&ended).is_err());
    assert_eq!(Config::judged(&ended, "mxaudit.toml").unwrap().suppressions.len(), 2);
    let error = Config::judged("[[suppress]]\n", "mxaudit.toml").unwrap_err();
    assert!(error.to_string().starts_with("mxaudit.toml:1:1: "), "{error}");
}
