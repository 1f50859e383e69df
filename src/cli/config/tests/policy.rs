//! `[policy]`: what is read, and what is wrong with it.

use super::*;
use crate::grade::Letter;
use crate::report::model::CheckWord;

const POLICY: &str = r#"[policy]
name = "mail"
version = 7
minimum_grade = "A+"

[[policy.check]]
id = "operations.postmaster"
required = ["pass", "warn"]
forbidden = ["fail"]

[[policy.mx]]
domain = "Example.org"
hosts = ["MX1.example.org", "mx2.example.org."]

[policy.matrix]
foreign.local.local = "no"
"#;

#[test]
fn a_policy_is_read() {
    let policy = Config::policy(POLICY, "policy.toml").unwrap();
    assert_eq!((policy.name.as_str(), policy.version), ("mail", 7));
    assert_eq!((policy.file.as_str(), policy.minimum_grade), ("policy.toml", Some(Letter::APlus)));
    let [rule] = policy.checks.as_slice() else { panic!("{policy:?}") };
    assert_eq!(rule.required, [CheckWord::Pass, CheckWord::Warn]);
    assert_eq!(rule.forbidden, [CheckWord::Fail]);
    let hosts: Vec<_> = policy.mx["example.org"].iter().map(String::as_str).collect();
    assert_eq!(hosts, ["mx1.example.org", "mx2.example.org"]);
    assert_eq!(policy.matrix.len(), 1);
    assert_eq!(parse(POLICY).unwrap().policy.map(|policy| policy.name), Some("mail".into()));
}

#[test]
fn a_policy_that_is_none_says_where_and_how_to_mend_it() {
    let none = Config::policy("[auditor]\n", "p.toml").unwrap_err().to_string();
    assert!(none.starts_with("p.toml:1:1: there is no [policy] table; "), "{none}");
    let with = |old: &str, new: &str| {
        assert!(POLICY.contains(old), "{old}");
        message(&POLICY.replacen(old, new, 1))
    };
    for (old, new, want) in [
        ("name = \"mail\"\n", "", "1:1: [policy]: `name` is missing; "),
        ("version = 7\n", "", "1:1: [policy]: `version` is missing; "),
        ("\"mail\"", "\" \"", "2:8: name: is empty"),
        ("7", "-7", "3:11: "),
        ("7", "\"1.0\"", "3:11: "),
        ("A+", "N", "4:17: minimum_grade: `N` is no grade to ask for; write \"A+\""),
        ("A+", "F", "4:17: minimum_grade: `F` is no grade to ask for"),
        (
            "operations.postmaster",
            "postmaster-refused",
            "7:6: id: `postmaster-refused` is no check of the grade; write one of relay.variants",
        ),
        ("operations.postmaster", "domain.spf", "7:6: id: `domain.spf` is no check of the grade"),
        (
            "operations.postmaster",
            "relay.variants",
            "8:21: required: no policy expects a server to relay",
        ),
        ("\"warn\"", "\"unknown\"", "8:21: required: `unknown` is no outcome to name"),
        ("\"fail\"", "\"bad\"", "9:14: forbidden: `bad` is no outcome to name"),
        ("\"fail\"", "\"warn\"", "8:21: required: `warn` is forbidden too"),
        (
            "required = [\"pass\", \"warn\"]\nforbidden = [\"fail\"]\n",
            "",
            "6:1: [[policy.check]]: `operations.postmaster` has neither",
        ),
        ("Example.org", "exa mple.org", "12:10: domain: character ' '"),
        ("[\"MX1.example.org\", \"mx2.example.org.\"]", "[]", "11:1: hosts: is empty"),
        (
            "foreign.local.local = \"no\"",
            "foreign.null.foreign = \"yes\"",
            "1:1: matrix: no policy expects a server to relay",
        ),
        ("\"no\"", "\"never\"", "16:23: matrix: `never` is no expectation"),
        ("version = 7", "version = 7\nallow = true", "4:1: unknown field `allow`"),
    ] {
        let error = with(old, new);
        assert!(error.starts_with(&format!("mxaudit.toml:{want}")), "{new}: {error}");
    }
    for (more, want) in [
        (
            "[[policy.check]]\nid = \"operations.postmaster\"\nrequired = [\"pass\"]\n",
            "two rules about operations.postmaster",
        ),
        (
            "[[policy.mx]]\ndomain = \"example.org\"\nhosts = [\"mx.example.org\"]\n",
            "two rules about example.org",
        ),
    ] {
        let error =
            message(&POLICY.replacen("[policy.matrix]", &format!("{more}\n[policy.matrix]"), 1));
        assert!(error.contains(want), "{error}");
    }
}

/// What `mxaudit policy make` writes is a policy.
#[test]
fn a_policy_that_is_made_is_read_as_it_was() {
    use crate::report::policy::{Expectations, Made};
    let policy = Config::policy(POLICY, "policy.toml").unwrap();
    // It requires, and has nothing to forbid.
    let checks: Vec<_> = policy
        .checks
        .iter()
        .cloned()
        .map(|mut rule| {
            rule.forbidden.clear();
            rule
        })
        .collect();
    let policy = Expectations { checks, ..policy };
    let made = Made { policy: policy.clone(), left_out: vec!["a thing".into()] };
    assert_eq!(Config::policy(&made.to_toml("report.json"), "policy.toml").unwrap(), policy);
}
