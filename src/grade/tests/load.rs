//! Policy files, good and bad.

use crate::grade::Policy;

const GOOD: &str = r#"version = 2
name = "small"
thresholds = { a_plus = 97, a = 90, b = 80, c = 65, d = 50 }
[[coverage]]
below = 90
at_most = "B"
[[category]]
id = "relay"
title = "relay"
weight = 60
check = [{ id = "relay.variants", points = 3, title = "closed" }]
[[category]]
id = "rest"
title = "rest"
weight = 40
check = [{ id = "rest.one", points = 1, title = "one" }, { id = "rest.two", points = 1, title = "two", built = false }]
[[cap]]
id = "open"
letter = "F"
check = "relay.variants"
when = "fail"
finding = "open-relay"
text = "it relays"
"#;

#[test]
fn a_good_file_is_read() {
    let policy = Policy::parse("p.toml", GOOD).unwrap();
    assert_eq!((policy.version, policy.name.as_str()), (2, "small"));
    let (category, check) = policy.find("rest.two").unwrap();
    assert_eq!((category.weight, check.points, check.built), (40, 1, false));
    assert_eq!(policy.caps[0].finding.as_deref(), Some("open-relay"));
}

#[test]
fn a_bad_file_is_told_where_and_why() {
    let table = [
        ("version = 2", "version = 0", "p.toml:1:11: versions are counted"),
        ("version = 2\n", "", "missing field `version`"),
        ("name = \"small\"", "name = \"\"", "p.toml:2:8: one line of text"),
        ("name = \"small\"", "name = small", "p.toml:2:8: "),
        ("a = 90", "a = 97", "p.toml:3:14: thresholds fall"),
        ("a_plus = 97", "a_plus = 101", "p.toml:3:14: thresholds fall"),
        ("d = 50", "d = 0", "p.toml:3:14: thresholds fall"),
        ("d = 50", "d = 50, e = 40", "unknown field `e`"),
        ("below = 90", "below = 91", "`below` is 1 to 90"),
        ("at_most = \"B\"", "at_most = \"A+\"", "A+ is no bound"),
        ("at_most = \"B\"", "at_most = \"F\"", "F is no bound"),
        ("at_most = \"B\"", "at_most = \"E\"", "p.toml:6:11: unknown variant `E`"),
        ("weight = 40", "weight = 41", "p.toml:15:10: the weights make 101, not 100"),
        ("weight = 40", "weight = 0", "p.toml:15:10: at most 12 categories"),
        ("weight = 60", "weight = 6.5", "p.toml:10:10: invalid type"),
        ("id = \"rest\"", "id = \"relay\"", "p.toml:13:6: `relay` stands here twice"),
        ("rest.two", "rest.one", "`rest.one` stands here twice"),
        ("points = 3", "points = 0", "p.toml:11:44: a check has at least 1 point"),
        ("points = 3", "points = 101", "at most 100"),
        (
            "check = [{ id = \"relay.variants\", points = 3, title = \"closed\" }]",
            "check = []",
            "p.toml:8:6: a category has at least one check",
        ),
        (
            "check = \"relay.variants\"",
            "check = \"relay.other\"",
            "p.toml:20:9: no check is called `relay.other`",
        ),
        ("letter = \"F\"", "letter = \"A+\"", "p.toml:19:10: A+ caps nothing"),
        ("when = \"fail\"", "when = \"pass\"", "p.toml:21:8: unknown variant `pass`"),
        (
            "open-relay",
            "no-such-thing",
            "p.toml:22:11: finding `no-such-thing` is not in the catalogue",
        ),
        ("when = \"fail\"", "when = \"untested\"", "leave `finding` out"),
        (
            "when = \"fail\"\nfinding = \"open-relay\"",
            "when = \"untested\"",
            "p.toml:21:8: `relay.variants` needs a cap for its failure",
        ),
    ];
    for (old, new, want) in table {
        let text = GOOD.replacen(old, new, 1);
        assert_ne!(text, GOOD, "{old} is in the file");
        let error = Policy::parse("p.toml", &text).expect_err(want).to_string();
        assert!(error.starts_with("p.toml:") && error.contains(want), "{error}\nwant {want}");
    }
}

#[test]
fn two_caps_may_not_share_an_id() {
    let cap = &GOOD[GOOD.find("[[cap]]").unwrap()..];
    let error = Policy::parse("p.toml", &format!("{GOOD}{cap}")).unwrap_err();
    assert_eq!(error.to_string(), "p.toml:25:6: `open` stands here twice");
}

#[test]
fn a_failure_must_not_be_better_than_not_knowing() {
    let with = |failed: &str| {
        let cap = |id: &str, letter: &str, when: &str| {
            format!(
                "[[cap]]\nid = \"{id}\"\nletter = \"{letter}\"\ncheck = \"rest.one\"\nwhen = \"{when}\"\ntext = \"t\"\n"
            )
        };
        let text = format!("{GOOD}{}{}", cap("u", "D", "untested"), cap("f", failed, "fail"));
        Policy::parse("p.toml", &text).map_err(|error| error.message)
    };
    assert!(with("D").is_ok() && with("F").is_ok());
    let message = with("C").unwrap_err();
    assert!(message.contains("at D or worse"), "{message}");
}

#[test]
fn too_many_categories_are_refused() {
    let category = |n: usize| {
        format!(
            "[[category]]\nid = \"c{n}\"\ntitle = \"c\"\nweight = 7\ncheck = [{{ id = \"k{n}\", points = 1, title = \"k\" }}]\n"
        )
    };
    let head = &GOOD[..GOOD.find("[[category]]").unwrap()];
    let text = format!("{head}{}", (0..13).map(category).collect::<String>());
    let error = Policy::parse("p.toml", &text).unwrap_err();
    assert!(error.message.contains("at most 12 categories"), "{error}");
}

#[test]
fn the_embedded_policy_is_good() {
    let policy = Policy::embedded().unwrap();
    assert_eq!(policy.version, 1);
    assert_eq!(policy.categories.len(), 6);
}
