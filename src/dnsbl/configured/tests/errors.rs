//! Files that are not read, and what no input does.

use proptest::prelude::*;

use super::*;

#[test]
fn files_that_are_not_read() {
    let table: [(&str, &[u8], &str); 10] = [
        ("empty", b"", "it is empty"),
        ("blank", b" \n\t\r\n", "it is empty"),
        ("mark", "\u{feff}\n".as_bytes(), "it is empty"),
        ("hash.db", b"main\0cf", "NUL byte in line 1"),
        ("later", b"smtpd_banner = x\nmyhostname = \0", "NUL byte in line 2"),
        (
            "prose",
            b"Dear postmaster,\nwarn me when the score of a header is bad.\n",
            "looked for Postfix",
        ),
        ("table", b"score 10 20\nbody 12 34\n", "looked for Postfix"),
        ("index.html", b"<html><body>\n<p>rbl</p></body></html>", "looked for Postfix"),
        ("comments", b"# nothing\n# here\n", "looked for Postfix"),
        ("main.cf", b"\xff\xfe\xfd\xfc", "looked for Postfix"),
    ];
    for (name, bytes, expected) in table {
        let error = read(name, bytes).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(name), "{name}: {error}");
    }
}

#[test]
fn the_size_is_limited() {
    let mut bytes = b"smtpd_client_restrictions = reject_rbl_client a.b.example\n".to_vec();
    bytes.resize(SIZE_LIMIT, b'\n');
    assert_eq!(read("main.cf", &bytes).unwrap().zones.len(), 1);
    bytes.push(b'\n');
    let error = read("main.cf", &bytes).unwrap_err();
    assert!(matches!(error, ConfigError::TooLarge { size, .. } if size == SIZE_LIMIT + 1));
}

#[test]
fn dialects_are_told_apart() {
    let table: [(&str, &str, Dialect); 9] = [
        ("/etc/postfix/main.cf", "# nothing but comments\n", Dialect::PostfixMain),
        ("-", "maps_rbl_domains = a.b.example\n", Dialect::PostfixMain),
        ("-", "submission/inet/smtpd_helo_restrictions = permit\n", Dialect::PostfixMain),
        ("-", "smtp inet n - y - - smtpd\n", Dialect::PostfixMaster),
        ("30_exim4-config_check_rcpt", "  deny\n    dnslists = a.b.example\n", Dialect::Exim),
        ("-", "FEATURE(`dnsbl', `a.b.example')\n", Dialect::SendmailMc),
        ("-", "V10/Berkeley\nKdnsbl dns -R A\n", Dialect::SendmailCf),
        ("-", "rbls {\n}\n", Dialect::Rspamd),
        ("-", "score RCVD_IN_XBL 2.0\n", Dialect::SpamAssassin),
    ];
    for (name, text, expected) in table {
        assert_eq!(read(name, text.as_bytes()).unwrap().dialect, expected, "{text}");
    }
}

/// Latin-1 in a comment, line ends of DOS and a byte order mark do not keep a file from being read.
#[test]
fn odd_encodings() {
    let bytes = b"\xef\xbb\xbf# f\xfcr uns\r\nsmtpd_client_restrictions =\r\n  reject_rbl_client a.b.example\r\n";
    let found = read("x", bytes).unwrap();
    assert_eq!(
        found.zones.iter().map(show).collect::<Vec<_>>(),
        ["3 Reject a.b.example [ClientAddress]"]
    );
}

/// Pieces of the dialects, from which hostile files are put together.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: [&str; 60] = [
        "smtpd_client_restrictions",
        "postscreen_dnsbl_sites",
        " = ",
        "=",
        "reject_rbl_client ",
        "$",
        "${",
        "$(",
        "}",
        ")",
        "{",
        "(",
        "zen.example.test",
        "=127.0.0.[2..",
        ";",
        "]",
        "[",
        "*",
        "-3",
        "\n",
        "\n ",
        "\\\n",
        "#",
        "warn_if_reject ",
        "check_client_access ",
        "begin acl",
        "deny ",
        "dnslists = ",
        "!",
        ":",
        "<;",
        "/",
        "+include_unknown",
        "&0.0.0.1",
        ".ifdef X",
        ".else",
        ".endif",
        "X = ",
        "FEATURE(",
        "`",
        "'",
        ",",
        "dnl",
        "enhdnsbl",
        "Kdnsbl dns ",
        "R$-.$-\t$: $(dnsbl ",
        "$4.$3.$2.$1.",
        "rbls ",
        "rbl",
        "\"",
        "/*",
        "*/",
        ".include ",
        "header A eval:check_rbl(",
        "check_rbl_sub('a','",
        "score A ",
        "uridnssub A a.b ",
        "smtp inet n - n - - smtpd",
        " -o ",
        "ä",
    ];
    proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read("main.cf", &bytes);
    }

    /// Whatever the text, every reader ends, and each line that is named exists.
    #[test]
    fn no_text_panics(text in pieces()) {
        let readers: [fn(&str, &mut Reading); 7] = [
            super::super::postfix::read_main,
            super::super::postfix::read_master,
            exim::read,
            sendmail::read_mc,
            sendmail::read_cf,
            rspamd::read,
            spamassassin::read,
        ];
        let _ = read("x", text.as_bytes());
        for reader in readers {
            let mut reading = Reading::default();
            reader(&text, &mut reading);
            let found = reading.finish(Dialect::Exim);
            let lines = text.split('\n').count();
            let named = found.zones.iter().map(|zone| zone.line).chain(found.notes.iter().map(|note| note.line));
            for line in named {
                prop_assert!((1..=lines).contains(&line), "line {line} of {lines}");
            }
            for zone in &found.zones {
                prop_assert_eq!(Some(zone.zone.clone()), reading::zone_name(&zone.zone));
            }
        }
    }
}
