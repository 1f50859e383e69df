use super::{assert_read, assert_refused};

#[test]
fn plain_lists_are_read() {
    let cases: [(&str, &[u8], [&str; 5]); 9] = [
        ("empty", b"", ["plain list", "", "", "", ""]),
        ("only comments", b"# none\n\n  # at all", ["plain list", "", "", "", ""]),
        (
            "everything",
            b"# mail\n\n192.0.2.1\n 192.0.2.2\t# second\n192.0.2.8/30\n192.0.2.20-22\n\
              host:mx.example.org\n2001:db8::1\nexample.org\n192.0.2.1\nexample.org",
            [
                "plain list",
                "192.0.2.1-192.0.2.2 192.0.2.8-192.0.2.11 192.0.2.20-192.0.2.22 2001:db8::1",
                "host:mx.example.org example.org",
                "",
                "",
            ],
        ),
        (
            "CRLF",
            b"192.0.2.1\r\n\r\n192.0.2.2\r\n",
            ["plain list", "192.0.2.1-192.0.2.2", "", "", ""],
        ),
        (
            "several on a line",
            b"192.0.2.1   192.0.2.2\t192.0.2.3 #192.0.2.4",
            ["plain list", "192.0.2.1-192.0.2.3", "", "", ""],
        ),
        ("byte order mark", b"\xef\xbb\xbf192.0.2.1\n", ["plain list", "192.0.2.1", "", "", ""]),
        ("IPv6 in brackets", b"[2001:db8::1]\n", ["plain list", "2001:db8::1", "", "", ""]),
        ("a host named ip", b"ip\n", ["plain list", "", "ip", "", ""]),
        (
            "unicode",
            "bücher.example\n".as_bytes(),
            ["plain list", "", "xn--bcher-kva.example", "", ""],
        ),
    ];
    for (case, content, expected) in cases {
        assert_read(case, content, expected);
    }
}

#[test]
fn other_plain_lists_are_refused_with_place_and_remedy() {
    let long = format!("192.0.2.1\n{}", "a ".repeat(40_000));
    let cases: [(&str, &[u8], &str); 10] = [
        (
            "a port",
            b"# list\n192.0.2.1\n192.0.2.2:25\n",
            "list:3: `192.0.2.2:25` ends in a port; use",
        ),
        ("columns", b"192.0.2.1,25\n", "list:1: character ',' cannot stand in the name"),
        ("IPv6 prefix", b"2001:db8::/64", "list:1: `2001:db8::/64` is an IPv6 prefix"),
        ("backwards", b"\n192.0.2.9-1", "list:2: `192.0.2.9-1` runs backwards; give 192.0.2.1-192"),
        (
            "range with blanks",
            b"192.0.2.1 - 192.0.2.9",
            "list:1: `-` is no range of addresses; give it without",
        ),
        ("UTF-16", b"\xff\xfe1\x009\x002\x00", "list: it is UTF-16 text; save it as UTF-8"),
        ("UTF-16 without a mark", b"1\x009\x002\x00.\x00", "list:1: it is not UTF-8 text"),
        ("compressed", b"\x1f\x8b\x08\0\0\n\xff", "list:1: it is not UTF-8 text; unpack it"),
        ("later bytes", b"192.0.2.1\n\xff\xff\n", "list:2: it is not UTF-8 text"),
        (
            "long line",
            long.as_bytes(),
            "list:2: a single line is longer than 64 KiB; give one target a line",
        ),
    ];
    for (case, content, message) in cases {
        assert_refused(case, content, message);
    }
    // No target is lost at the end of the part by which the form is told.
    let comment = format!("#{}\n", "c".repeat(59)).repeat(2000);
    assert_read(
        "long head",
        format!("{comment}192.0.2.1"),
        ["plain list", "192.0.2.1", "", "", ""],
    );
}
