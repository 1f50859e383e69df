use super::*;

const SECRET: &str = "s3cr3tkey";

#[test]
fn keys_come_from_a_file() {
    let text = format!("# mine\nspamhaus-dqs = \"{SECRET}\"\nabusix = 'ABC-123'\n");
    let keys = Keys::read(&text, "keys.toml").unwrap();
    assert_eq!(keys.names().collect::<Vec<_>>(), ["abusix", "spamhaus-dqs"]);
    let registry = Registry::embedded().unwrap();
    let key = |id| keys.of(registry.zone(id).unwrap());
    assert_eq!(key("spamhaus-zen-dqs"), Some(SECRET));
    assert_eq!(key("spamhaus-dbl-dqs"), Some(SECRET), "zones of one operator share it");
    assert_eq!(key("abusix"), Some("ABC-123"));
    assert_eq!(key("spamhaus-zen"), None, "a zone without a key gets none");
    assert_eq!(keys.check(&registry), Ok(()));
    assert_eq!(Keys::read("", "keys.toml").unwrap().names().count(), 0);
}

#[test]
fn keys_come_from_the_environment() {
    let variables =
        [("PATH", "/bin"), ("MXAUDIT_KEY_SPAMHAUS_DQS", SECRET), ("XMXAUDIT_KEY_A", "b")];
    let keys = Keys::from_variables(variables).unwrap();
    assert_eq!(keys.names().collect::<Vec<_>>(), ["spamhaus-dqs"]);
    let mut both = Keys::read("spamhaus-dqs = \"old\"\nabusix = \"x\"", "keys.toml").unwrap();
    both.overlay(keys);
    let registry = Registry::embedded().unwrap();
    assert_eq!(both.of(registry.zone("spamhaus-zen-dqs").unwrap()), Some(SECRET));
    assert_eq!(both.of(registry.zone("abusix").unwrap()), Some("x"));
}

#[test]
fn faults_name_the_place_and_never_the_key() {
    let syntax = |line, column| {
        format!(
            "keys.toml:{line}:{column}: no list of keys; write one line for each, such as \
             spamhaus-dqs = \"…\", with the key in quotes, and each name once"
        )
    };
    let bad = |place: &str, name: &str| {
        format!(
            "{place}: the key for `{name}` is not made of 1 to 63 letters, digits and hyphens; \
             copy it anew from the operator's page, or remove it"
        )
    };
    let long = format!("abusix = \"{SECRET}{}\"", "a".repeat(60));
    let cases = [
        ("no quotes", "abusix = s3cr3tkey", syntax(1, 10)),
        ("another type", "abusix = [\"s3cr3tkey\"]", syntax(1, 10)),
        ("twice", "abusix = \"a\"\nabusix = \"s3cr3tkey\"", syntax(2, 1)),
        ("two labels", "\nabusix = \"s3cr3tkey.x\"", bad("keys.toml:2:1", "abusix")),
        ("underscore", "abusix = \"s3cr3tkey_x\"", bad("keys.toml:1:1", "abusix")),
        ("hyphen last", "abusix = \"s3cr3tkey-\"", bad("keys.toml:1:1", "abusix")),
        ("space", "abusix = \"s3cr3tkey \"", bad("keys.toml:1:1", "abusix")),
        ("empty", "abusix = \"\"", bad("keys.toml:1:1", "abusix")),
        ("long", long.as_str(), bad("keys.toml:1:1", "abusix")),
        (
            "name",
            "Abusix = \"s3cr3tkey\"",
            "keys.toml:1:1: `Abusix` is no name of a key; use one such as spamhaus-dqs".to_owned(),
        ),
    ];
    for (case, text, expected) in cases {
        let error = Keys::read(text, "keys.toml").unwrap_err();
        assert_eq!(error.to_string(), expected, "{case}");
        assert!(!format!("{error} {error:?}").contains(SECRET), "{case}");
    }
    let error = Keys::from_variables([("MXAUDIT_KEY_ABUSIX", "a b")]).unwrap_err();
    assert_eq!(error.to_string(), bad("MXAUDIT_KEY_ABUSIX", "abusix"));
    let error = Keys::from_variables([("MXAUDIT_KEY_", "a")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MXAUDIT_KEY_: `` is no name of a key; use one such as spamhaus-dqs"
    );
}

#[test]
fn a_key_that_no_zone_takes_is_told() {
    let keys = Keys::read("spamhaus = \"a\"", "keys.toml").unwrap();
    let error = keys.check(&Registry::embedded().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no list takes a key by the name `spamhaus`; those that do: abusix, spamhaus-dqs"
    );
}

#[test]
fn keys_are_not_printed() {
    let keys = Keys::read(&format!("abusix = \"{SECRET}\""), "keys.toml").unwrap();
    assert_eq!(format!("{keys:?}"), "{\"abusix\": \"***\"}");
}
