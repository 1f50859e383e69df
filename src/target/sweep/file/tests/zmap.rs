use super::*;

#[test]
fn zmap_reports_are_read() {
    let cases = [
        ("one column", "saddr\n192.0.2.1\n192.0.2.2\n", "192.0.2.1-192.0.2.2", ""),
        ("without a row", "saddr\n", "", ""),
        ("CRLF", "saddr,ttl\r\n192.0.2.1,64\r\n", "192.0.2.1", ""),
        ("old header", "ttl, saddr\n64,192.0.2.1\n", "192.0.2.1", ""),
        ("ip", "ip,ttl\n192.0.2.1,64\n", "192.0.2.1", ""),
        ("success", "saddr,success\n192.0.2.1,1\n192.0.2.2,0\n", "192.0.2.1", "192.0.2.2"),
        (
            "classes and ports",
            "saddr,sport,classification\n192.0.2.1,25,synack\n192.0.2.2,25,rst\n192.0.2.3,80,synack\n",
            "192.0.2.1",
            "192.0.2.2-192.0.2.3",
        ),
        (
            "success outranks the class",
            "classification,success,saddr\nrst,1,192.0.2.1\n\"a,b\",0,192.0.2.2\n192.0.2.9,true,192.0.2.3\n",
            "192.0.2.1 192.0.2.3",
            "192.0.2.2",
        ),
        ("comments", "# zmap\nsaddr\n# row\n192.0.2.1\n", "192.0.2.1", ""),
    ];
    for (case, content, wanted, closed) in cases {
        assert_read(case, content, ["zmap CSV", wanted, "", "", closed]);
    }
    let bare = ["plain list", "192.0.2.1-192.0.2.2", "", "", ""];
    assert_read("without a header", "192.0.2.1\n192.0.2.2\n", bare);
    let cases: [(&str, &[u8], &str); 6] = [
        ("bad address", b"saddr\n192.0.2.1\n192.0.2\n", "list:3: `192.0.2` is no address"),
        ("name", b"saddr\nmx.example.org\n", "list:2: `mx.example.org` is no address"),
        (
            "short row",
            b"saddr,ttl\n192.0.2.1,64\n192.0.2.2\n",
            "list:3: the row has 1 cells, the header 2",
        ),
        (
            "bad success",
            b"saddr,success\n192.0.2.1,yes\n",
            "list:2: `yes` in the column success; give",
        ),
        ("bad port", b"saddr,sport\n192.0.2.1,smtp\n", "list:2: `smtp` is no port"),
        ("bytes", b"saddr,ttl\n\xff,64\n", "list:2: it is not UTF-8 text"),
    ];
    for (case, content, message) in cases {
        assert_refused(case, content, message);
    }
}
