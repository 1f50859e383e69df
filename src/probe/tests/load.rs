//! Faults of probe files, each with its place.

use std::fs;

use crate::probe::{Library, LibraryError, Outer, Probe, Profile, SourceError};

const FILE: &str = "probes/relay/demo.toml";

const SOUND: &str = r#"id = "relay-demo"
code = "R99"
title = "A demonstration"
since = "0.1.0"
check = "open-relay"
axis = "recipient"
profile = "standard"
safety = "envelope"
roles = ["mx"]
outer = "local"
at = "host-name"
detects = "Nothing."
references = ["RFC 5321 section 3.6.1"]
fix.postfix = "Do nothing."

[envelope]
mail_from = '{sender}'
rcpt_to = '{canary.local}%{canary.domain}@{target.name}'

[[vector]]
name = "accepted"
replies = ["220 mx", "250 mx", "250 ok", "250 ok"]
control = "550 5.1.1 unknown"
outcome = "accepted"

[[vector]]
name = "refused"
replies = ["220 mx", "250-mx\n250 SIZE", "250 ok", "550 relay not permitted"]
outcome = "refused"
reason = "relay"

[[vector]]
name = "put off"
replies = ["220 mx", "250 mx", "250 ok", "451 later"]
outcome = "deferred"
"#;

fn parse(source: &str) -> Result<Probe, SourceError> {
    Probe::parse(FILE, source)
}

#[test]
fn a_sound_file_is_read() {
    let probe = parse(SOUND).expect("a sound file");
    assert_eq!((probe.id.as_str(), probe.code.as_str(), probe.gate), ("relay-demo", "R99", false));
    assert_eq!((probe.outer, probe.profile), (Outer::HostName, Profile::Standard));
    assert_eq!(probe.vectors.len(), 3);
    assert_eq!(probe.vectors[1].replies[1].line_count(), 2);
    assert_eq!(probe.file, FILE);
}

/// One change each: what is replaced by what, and the fault that names it.
#[test]
fn faults_point_at_their_place() {
    let table = [
        (
            "id = \"relay-demo\"",
            "id = \"relay-other\"",
            "1:6: id `relay-other` does not match the file: it must be `relay-demo`",
        ),
        ("code = \"R99\"", "code = \" \"", "2:8: must not be empty"),
        (
            "title = \"A demonstration\"",
            "title = \"A\\nB\"",
            "3:9: must be one line without control characters",
        ),
        (
            "check = \"open-relay\"",
            "check = \"open-door\"",
            "5:9: check `open-door` is not in the catalogue",
        ),
        (
            "safety = \"envelope\"",
            "safety = \"message\"",
            "8:10: an envelope probe stops at RCPT: its safety is passive or envelope",
        ),
        ("roles = [\"mx\"]", "roles = []", "9:9: name at least one role: mx or submission"),
        (
            "at = \"host-name\"\n",
            "",
            "10:9: outer = \"local\" needs at = \"host-name\", \"mail-domain\", \"address\"",
        ),
        ("outer = \"local\"", "outer = \"foreign\"", "10:9: `at` goes with outer = \"local\""),
        (
            "references = [\"RFC 5321 section 3.6.1\"]",
            "references = []",
            "13:14: name at least one reference",
        ),
        (
            "references = [\"RFC 5321 section 3.6.1\"]",
            "references = [\" \"]",
            "13:14: name at least one reference",
        ),
        (
            "mail_from = '{sender}'",
            "mail_from = '{recipient}'",
            "17:13: unknown placeholder {recipient}; known are",
        ),
        ("mail_from = '{sender}'", "mail_from = '{sender'", "17:13: unbalanced brace"),
        ("mail_from = '{sender}'", "mail_from = \"a\\r\\nQUIT\"", "17:13: control character"),
        (
            "\"250 ok\", \"250 ok\"]",
            "\"250 ok\", \"250 ok\", \"250 ok\", \"250 ok\"]",
            "20:1: replies are greeting, EHLO, MAIL and RCPT: one to four of them",
        ),
        (
            "\"250-mx\\n250 SIZE\"",
            "\"250-mx\\n550 SIZE\"",
            "28:22: is not one SMTP reply with one code",
        ),
        (
            "control = \"550 5.1.1 unknown\"",
            "control = \"no\"",
            "23:11: is not one SMTP reply with one code",
        ),
        (
            "outcome = \"accepted\"",
            "outcome = \"refused\"",
            "1:6: no [[vector]] whose outcome is accepted: add one",
        ),
        (
            "outcome = \"refused\"",
            "outcome = \"deferred\"",
            "1:6: no [[vector]] whose outcome is refused: add one",
        ),
        (
            "outcome = \"deferred\"",
            "outcome = \"auth-required\"",
            "1:6: no [[vector]] whose outcome is undecided",
        ),
        ("outcome = \"deferred\"", "outcome = \"maybe\"", "35:11: unknown variant `maybe`"),
        ("axis = \"recipient\"", "axis = \"time\"", "6:8: unknown variant `time`"),
        (
            "profile = \"standard\"",
            "profile = \"standard\"\nregex = \"x\"",
            "8:1: unknown field `regex`",
        ),
        ("fix.postfix", "fix.nobody", "14:5: unknown variant `nobody`"),
        ("since = \"0.1.0\"\n", "", "missing field `since`"),
        ("[envelope]", "[envelope", "16:10: "),
    ];
    for (old, new, want) in table {
        assert!(SOUND.contains(old), "{old}");
        let error = parse(&SOUND.replacen(old, new, 1)).expect_err(new).to_string();
        let found = error.strip_prefix("probes/relay/demo.toml:").unwrap_or(&error);
        assert!(found.contains(want), "{new}: {error}");
    }
    let no_fix = SOUND.replacen("fix.postfix = \"Do nothing.\"", "fix = {}", 1);
    assert!(parse(&no_fix).expect_err("no fix").message.contains("how at least one server"));
}

/// The other kinds of undecided and of refused are enough.
#[test]
fn kinds_of_vectors_that_are_enough() {
    for outcome in ["deferred", "tls-required", "inconclusive"] {
        let source = SOUND.replacen("\"deferred\"", &format!("\"{outcome}\""), 1);
        assert!(parse(&source).is_ok(), "{outcome}");
    }
    let source = SOUND.replacen("\"refused\"\nreason", "\"auth-required\"\nreason", 1);
    assert!(parse(&source).is_ok());
}

#[test]
fn the_file_name_is_compared_whatever_the_folder() {
    for file in ["relay/demo.toml", "/x/relay/demo.toml", "x\\relay\\demo.toml"] {
        assert!(Probe::parse(file, SOUND).is_ok(), "{file}");
    }
    for file in ["relay/other.toml", "other/demo.toml", "demo.toml", ""] {
        assert!(Probe::parse(file, SOUND).is_err(), "{file}");
    }
}

#[test]
fn a_folder_is_read_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let errors = Library::from_folder(root).unwrap_err();
    assert!(matches!(errors.as_slice(), [LibraryError::Empty { .. }]), "{errors:?}");
    let errors = Library::from_folder(&root.join("absent")).unwrap_err();
    assert!(matches!(errors.as_slice(), [LibraryError::Read { .. }]), "{errors:?}");

    fs::create_dir(root.join("relay")).unwrap();
    let put = |name: &str, text: &str| fs::write(root.join("relay").join(name), text).unwrap();
    put("demo.toml", SOUND);
    put("notes.txt", "not a probe");
    assert_eq!(Library::from_folder(root).unwrap().len(), 1);

    put("second.toml", &SOUND.replacen("relay-demo", "relay-second", 1));
    put("third.toml", "nonsense");
    let errors = Library::from_folder(root).unwrap_err();
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("second.toml: `R99` is already used by"), "{}", texts[0]);
    assert!(texts[1].contains("third.toml:1:"), "{}", texts[1]);

    fs::write(root.join("relay").join("third.toml"), [0xff, 0xfe]).unwrap();
    let errors = Library::from_folder(root).unwrap_err();
    assert!(
        errors[1].to_string().ends_with("third.toml:1:1: a byte that is not UTF-8"),
        "{errors:?}"
    );
}

#[test]
fn probes_are_found_by_id_and_code() {
    let library = Library::embedded().unwrap();
    assert_eq!(library.find("relay-percent-host").unwrap().code, "R01");
    assert_eq!(library.find("r01").unwrap().id, "relay-percent-host");
    assert!(library.find("relay").is_none());
    assert!(!library.is_empty());
    let codes: Vec<_> = library.iter().map(|probe| probe.code.as_str()).collect();
    let mut by_axis = codes.clone();
    by_axis.sort_by_key(|code| ("SHRC".find(&code[..1]), code.to_string()));
    assert_eq!(codes, by_axis);
    let in_profile = |profile| library.in_profile(profile).count();
    assert!(in_profile(Profile::Quick) <= in_profile(Profile::Standard));
    assert_eq!(in_profile(Profile::Thorough), library.len());
}
