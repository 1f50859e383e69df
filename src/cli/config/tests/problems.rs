//! What is wrong with a file: the place, the fault and the remedy.

use super::message;

#[test]
fn problems_have_their_place_and_a_remedy() {
    let cases = [
        ("no TOML", "[auditor]\ndomain = audit\n", "2:10: ", "; `mxaudit init` writes a file"),
        (
            "unknown key",
            "[auditor]\n  ratee = 1\n",
            "2:3: unknown field `ratee`, expected one of `domain`",
            "; `mxaudit init`",
        ),
        (
            "unknown table",
            "\n[auditors]\n",
            "2:2: unknown field `auditors`, expected one of `auditor`",
            "",
        ),
        (
            "key twice",
            "[auditor]\nhelo = \"a.example\"\nhelo = \"b.example\"\n",
            "3:1: duplicate key",
            "",
        ),
        ("wrong type", "[local]\ndomains = \"example.org\"\n", "2:11: invalid type: string", ""),
        ("one table instead of several", "[scope]\nnetworks = []\n", "1:1: invalid type: map", ""),
        ("bad domain", "[auditor]\ndomain = \"exa mple.net\"\n", "2:10: domain: character ' '", ""),
        ("bad helo", "[auditor]\nhelo = \"192.0.2.1\"\n", "2:8: helo: `192.0.2.1` is neither", ""),
        (
            "bad local domain",
            "[local]\ndomains = [\"example.org\", \"*.example.org\"]\n",
            "2:27: domains: character '*'",
            "",
        ),
        (
            "no mailbox",
            "[auditor]\ncontact = \"postmaster\"\n",
            "2:11: contact: `postmaster` is not a mailbox",
            "write it like",
        ),
        (
            "no local part",
            "[auditor]\ncanary = \"@example.net\"\n",
            "2:10: canary: `@example.net` is not a mailbox",
            "",
        ),
        (
            "line feed in a mailbox",
            "[auditor]\ncanary = \"a\\nb@example.net\"\n",
            "2:10: canary: `a\\nb@example.net` is not",
            "",
        ),
        (
            "bad domain of a mailbox",
            "[auditor]\ncanary = \"c@example..net\"\n",
            "2:10: canary: `example..net` has an empty label",
            "",
        ),
        (
            "user with a domain",
            "[local]\nuser = \"jane@example.org\"\n",
            "2:8: user: `jane@example.org` is not a user",
            "the part before the @",
        ),
        ("empty user", "[local]\nuser = \"\"\n", "2:8: user: `` is not a user", ""),
        (
            "bad address",
            "[auditor]\ncanary_address = \"192.0.2.300\"\n",
            "2:18: canary_address: `192.0.2.300` is not an address",
            "",
        ),
        (
            "canary is local",
            "[auditor]\ncanary = \"c@mail.example.org\"\n[local]\ndomains = [\"example.org\"]\n",
            "2:10: canary: mail.example.org is at or below the local domain example.org",
            "use a domain",
        ),
        (
            "auditor is local",
            "[auditor]\ndomain = \"example.org\"\n[local]\ndomains = [\"example.org\"]\n",
            "2:10: domain: example.org is at or below",
            "",
        ),
        (
            "bad client name",
            "[auditor]\nclient_name = \"[192.0.2.1]\"\n",
            "2:15: client_name: character '['",
            "",
        ),
        (
            "bad partner",
            "[local]\npartners = [\"a.example\", \"b c.example\"]\n",
            "2:26: partners: character ' '",
            "",
        ),
        ("one partner", "[local]\npartners = \"a.example\"\n", "2:12: invalid type: string", ""),
        (
            "bad MX domain",
            "[local]\nmx_domain = \"a..example\"\n",
            "2:13: mx_domain: `a..example` has an empty label",
            "",
        ),
        (
            "two MX domains",
            "[local]\nmx_domain = [\"a.example\"]\n",
            "2:13: invalid type: sequence",
            "",
        ),
        (
            "partner holds the canary",
            "[auditor]\ncanary = \"c@probe.a.example\"\n[local]\npartners = [\"b.example\", \"a.example\"]\n",
            "4:26: partners: a.example holds probe.a.example",
            "use a canary",
        ),
        (
            "partner holds the auditor",
            "[auditor]\ndomain = \"a.example\"\n[local]\npartners = [\"a.example\"]\n",
            "4:13: partners: a.example holds a.example",
            "",
        ),
        (
            "MX domain is local",
            "[local]\ndomains = [\"example.org\"]\n\nmx_domain = \"mx.example.org\"\n",
            "4:13: mx_domain: mx.example.org is at or below the local domain example.org",
            "not set up for",
        ),
        (
            "MX domain is a partner's",
            "[local]\npartners = [\"a.example\"]\nmx_domain = \"a.example\"\n",
            "3:13: mx_domain: a.example is at or below the partner a.example",
            "",
        ),
        (
            "MX domain is the canary's",
            "[auditor]\ndomain = \"a.example\"\n[local]\nmx_domain = \"a.example\"\n",
            "4:13: mx_domain: a.example is the canary's domain",
            "use another domain",
        ),
        (
            "bad network",
            "[[scope]]\nnetworks = [\"192.0.2.0/33\"]\n",
            "2:13: networks: `192.0.2.0/33` is not a network",
            "write it like",
        ),
        (
            "bad exclusion",
            "[[scope]]\nexclude = [\"mx.example.org\"]\n",
            "2:12: exclude: `mx.example.org` is not a network",
            "",
        ),
        (
            "host bits",
            "[[scope]]\nnetworks = [\"10.0.0.9/28\"]\n",
            "2:13: networks: 10.0.0.9/28 is not the start",
            "write 10.0.0.0/28 or 10.0.0.9",
        ),
        (
            "no such day",
            "[[scope]]\nexpires = \"2027-02-30\"\n",
            "2:11: expires: `2027-02-30` is not a day",
            "write it like 2027-01-31",
        ),
        (
            "day with a time",
            "[[scope]]\nexpires = 2027-01-31T10:00:00Z\n",
            "2:11: expires: `2027-01-31T10:00:00Z` is not a day",
            "",
        ),
        (
            "day with a local time",
            "[[scope]]\nexpires = 2027-01-31T10:00:00\n",
            "2:11: expires: `2027-01-31T10:00:00` is not a day",
            "",
        ),
        (
            "day without hyphens",
            "[[scope]]\nexpires = \"20270131\"\n",
            "2:11: expires: `20270131` is not a day",
            "",
        ),
        (
            "number for a day",
            "[[scope]]\nexpires = 20270131\n",
            "2:11: expected a date such as 2027-01-31",
            "",
        ),
        (
            "expired",
            "[[scope]]\n\nexpires = 2026-11-21\n",
            "3:11: expires: the authorisation ended after 2026-11-21",
            "set a new day",
        ),
    ];
    for (case, text, start, remedy) in cases {
        let message = message(text);
        assert!(message.starts_with(&format!("mxaudit.toml:{start}")), "{case}: {message}");
        assert!(message.contains(remedy), "{case}: {message}");
        assert!(!message.contains(char::is_control), "{case}: {message:?}");
    }
}

#[test]
fn problems_of_the_scope_stand_at_their_value() {
    let signed = "authorized_by = \"Jane Doe\"\nexpires = 2027-01-31\n";
    let table = |body: &str| format!("[[scope]]\nnetworks = [\"10.0.0.0/8\"]\n\n[[scope]]\n{body}");
    let cases = [
        (
            "too large",
            format!("networks = [\"192.0.2.0/24\", \"11.0.0.0/12\"]\n{signed}"),
            "5:29: the public IPv4 networks up to 11.0.0.0/12",
        ),
        (
            "ipv6 too large",
            format!("networks = [\"2001:db8::/32\"]\n{signed}"),
            "5:13: 2001:db8::/32 is too large",
        ),
        (
            "domain too large",
            format!("domains = [\"a.example\", \"org\"]\n{signed}"),
            "5:25: domain org is too large",
        ),
        (
            "bad domain",
            format!("domains = [\"http://a.example\"]\n{signed}"),
            "5:12: domain is not valid: character ':'",
        ),
        (
            "unsigned",
            "networks = [\"192.0.2.1\"]\nexpires = 2027-01-31\n".to_owned(),
            "4:1: 192.0.2.1/32 needs authorized_by",
        ),
        (
            "blank signature",
            "networks = [\"192.0.2.1\"]\nauthorized_by = \"\"\n".to_owned(),
            "6:17: 192.0.2.1/32 needs authorized_by",
        ),
        (
            "no expiry",
            "domains = [\"a.example\"]\nauthorized_by = \"Jane Doe\"\n".to_owned(),
            "4:1: a.example needs an expiry",
        ),
        (
            "too late",
            "domains = [\"a.example\"]\nauthorized_by = \"Jane Doe\"\nexpires = 2027-02-21\n"
                .to_owned(),
            "7:11: a.example expires on 2027-02-21",
        ),
    ];
    for (case, body, start) in cases {
        let message = message(&table(&body));
        assert!(message.starts_with(&format!("mxaudit.toml:{start}")), "{case}: {message}");
    }
}

#[test]
fn expectations_that_are_none_have_a_place() {
    let cases = [
        ("[matrix]\nforeign.local.local = \"maybe\"\n", "mxaudit.toml:2:23: matrix: `maybe` is no"),
        ("[matrix]\nforeign.local.all = \"no\"\n", "mxaudit.toml:2:15: unknown field `all`"),
        ("[matrix]\nstranger.local.local = \"no\"\n", "mxaudit.toml:2:1: unknown field `stranger`"),
        ("[matrix]\nforeign.local.local = true\n", "mxaudit.toml:2:23: invalid type"),
    ];
    for (text, start) in cases {
        assert!(message(text).starts_with(start), "{}", message(text));
    }
}

#[test]
fn a_suppression_says_what_whom_why_and_until_when() {
    const KEYS: [(&str, &str); 4] = [
        ("check", "\"peer-fault\""),
        ("target", "\"192.0.2.1\""),
        ("reason", "\"old\""),
        ("expires", "2026-12-01"),
    ];
    let table = |key: &str, value: Option<&str>| {
        let lines = KEYS.iter().filter_map(|(known, usual)| match *known == key {
            true => Some(format!("{known} = {}\n", value?)),
            false => Some(format!("{known} = {usual}\n")),
        });
        format!("\n[[suppress]]\n{}", lines.collect::<String>())
    };
    for (key, _) in KEYS {
        let error = message(&table(key, None));
        let want = format!("mxaudit.toml:2:1: [[suppress]]: `{key}` is missing; ");
        assert!(error.starts_with(&want), "{error}");
    }
    for (key, value, place, want) in [
        ("check", "\"peer-faults\"", "3:9", "check: `peer-faults` is no check"),
        ("check", "\"open-relay\"", "3:9", "check: `open-relay` cannot be suppressed: "),
        (
            "check",
            "\"conditional-relay\"",
            "3:9",
            "check: `conditional-relay` cannot be suppressed",
        ),
        (
            "target",
            "\"192.0.2.1/24\"",
            "4:10",
            "target: 192.0.2.1/24 is not the start of its network",
        ),
        ("target", "\"192.0.2.1/33\"", "4:10", "target: `192.0.2.1/33` is not a network"),
        ("target", "\"mx one\"", "4:10", "target: character ' '"),
        ("reason", "\"  \"", "5:10", "reason: is empty"),
        ("expires", "\"soon\"", "6:11", "expires: `soon` is not a day"),
        ("expires", "2026-12-01T00:00:00", "6:11", "expires: `2026-12-01T00:00:00` is not a day"),
    ] {
        let error = message(&table(key, Some(value)));
        assert!(error.starts_with(&format!("mxaudit.toml:{place}: {want}")), "{error}");
    }
    let error = message(&format!("{}grade = \"A\"\n", table("", None)));
    assert!(error.contains("unknown field `grade`"), "{error}");
}
