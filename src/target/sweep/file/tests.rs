use std::io::{self, BufReader, Read};

use proptest::prelude::*;

use super::*;
use crate::target::sweep::{TargetList, read_exclusions, read_targets};

fn read_list(content: impl AsRef<[u8]>) -> Result<TargetList, ReadError> {
    read_targets("list", content.as_ref(), &[25, 587])
}

/// The form, the addresses, the names, what is down and what is closed, as text.
fn table(list: &TargetList) -> [String; 5] {
    let ranges = |set: &crate::target::set::AddressSet| {
        set.ranges().map(|range| range.to_string()).collect::<Vec<_>>().join(" ")
    };
    let names: Vec<_> = list.targets.names.iter().map(ToString::to_string).collect();
    [
        list.form.to_string(),
        ranges(&list.targets.addresses),
        names.join(" "),
        ranges(&list.left_out.down),
        ranges(&list.left_out.closed),
    ]
}

fn assert_read(case: &str, content: impl AsRef<[u8]>, expected: [&str; 5]) {
    let list = read_list(content.as_ref()).unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(table(&list), expected, "{case}");
}

fn assert_refused(case: &str, content: impl AsRef<[u8]>, message: &str) {
    let error = read_list(content.as_ref()).map(|list| table(&list)).expect_err(case).to_string();
    assert!(error.starts_with(message), "{case}: {error}");
    assert!(!error.contains(char::is_control), "{case}: {error:?}");
}

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

/// What nmap 7.93 writes, shortened: hosts in the manner of the options.
fn nmap(hosts: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/bin/../share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.93 scan initiated Sun Nov 22 20:58:31 2026 as: nmap -oX a.xml -p 25,587 192.0.2.0/24 -->
<nmaprun scanner="nmap" args="nmap -oX a.xml" start="1795381111" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="2" services="25,587"/>
<verbose level="0"/>
<hosthint><status state="up" reason="unknown-response" reason_ttl="0"/>
<address addr="192.0.2.99" addrtype="ipv4"/>
</hosthint>
{hosts}
<runstats><finished time="1795381111" summary="Nmap done" elapsed="0.07" exit="success"/><hosts up="3" down="0" total="3"/>
</runstats>
</nmaprun>
"#
    )
}

fn host(state: &str, address: &str, rest: &str) -> String {
    format!(
        r#"<host starttime="1795381111"><status state="{state}" reason="syn-ack" reason_ttl="64"/>
<address addr="{address}" addrtype="ipv4"/>
<address addr="02:00:00:00:00:01" addrtype="mac" vendor="none"/>
<hostnames><hostname name="mx.example.org" type="PTR"/></hostnames>
{rest}
<times srtt="20" rttvar="3753" to="100000"/>
</host>"#
    )
}

fn ports(ports: &[(&str, u16, &str)]) -> String {
    let port = |(protocol, number, state): &(&str, u16, &str)| {
        format!(
            r#"<port protocol="{protocol}" portid="{number}"><state state="{state}" reason="syn-ack"/><service name="smtp" method="table" conf="3"/></port>"#
        )
    };
    format!("<ports>{}\n</ports>", ports.iter().map(port).collect::<String>())
}

#[test]
fn nmap_reports_are_read() {
    let open = ports(&[("tcp", 25, "open"), ("tcp", 587, "closed")]);
    let second = ports(&[("tcp", 25, "filtered"), ("tcp", 587, "open")]);
    let other = ports(&[("tcp", 25, "closed"), ("tcp", 80, "open")]);
    let udp = ports(&[("udp", 25, "open")]);
    let perhaps = ports(&[("tcp", 25, "open|filtered")]);
    let extra = r#"<ports><extraports state="filtered" count="1000"/></ports>"#.to_owned();
    // A script whose table looks like a port is none.
    let script = r#"<ports><port protocol="tcp" portid="25"><state state="closed"/><script id="x"><table><state state="open"/></table></script></port></ports>"#;
    let elsewhere = r#"<ports><port protocol="tcp" portid="25"><state state="closed"/></port><extraports><state state="open"/></extraports></ports>"#;
    let all = [
        host("up", "192.0.2.1", &open),
        host("up", "192.0.2.2", &second),
        host("up", "192.0.2.3", &other),
        host("up", "192.0.2.4", &udp),
        host("up", "192.0.2.5", &perhaps),
        host("up", "192.0.2.6", &extra),
        host("up", "192.0.2.7", ""),
        host("down", "192.0.2.8", ""),
        host("unknown", "192.0.2.9", ""),
        host("up", "192.0.2.10", script),
        host("up", "192.0.2.11", elsewhere),
        // Scanned twice.
        host("up", "192.0.2.3", &open),
        host("down", "192.0.2.1", ""),
        host("down", "192.0.2.4", ""),
        host("up", "2001:db8::1", &open).replace("ipv4", "ipv6"),
    ];
    assert_read(
        "all kinds",
        nmap(&all.concat()),
        [
            "nmap XML",
            "192.0.2.1-192.0.2.3 192.0.2.7 2001:db8::1",
            "",
            "192.0.2.8-192.0.2.9",
            "192.0.2.4-192.0.2.6 192.0.2.10-192.0.2.11",
        ],
    );
    let one = nmap(&all[0]);
    assert_read("no hosts", nmap(""), ["nmap XML", "", "", "", ""]);
    let two = format!("{one}{}", nmap(&all[1]));
    assert_read("appended", two, ["nmap XML", "192.0.2.1-192.0.2.2", "", "", ""]);
    let marked = format!("\u{feff}\n{}", one.split_once('\n').unwrap().1);
    assert_read("byte order mark", marked, ["nmap XML", "192.0.2.1", "", "", ""]);
    let masscan = r#"<?xml version="1.0"?><nmaprun scanner="masscan" start="1" version="1.0-BETA" xmloutputversion="1.03">
<host endtime="1"><address addr="192.0.2.1" addrtype="ipv4"/><ports><port protocol="tcp" portid="25"><state state="open" reason="syn-ack" reason_ttl="64"/></port></ports></host>
<host endtime="1"><address addr="192.0.2.2" addrtype="ipv4"/><ports><port protocol="tcp" portid="80"><state state="open" reason="syn-ack" reason_ttl="64"/></port></ports></host>
<host endtime="1"><address addr="192.0.2.3" addrtype="ipv4"/></host>
<runstats><finished time="1" /></runstats></nmaprun>"#;
    assert_read("masscan", masscan, ["nmap XML", "192.0.2.1", "", "192.0.2.3", "192.0.2.2"]);
}

#[test]
fn other_xml_is_refused_with_place_and_remedy() {
    let whole = nmap(&host("up", "192.0.2.1", &ports(&[("tcp", 25, "open")])));
    let bad = |from: &str, to: &str| whole.replacen(from, to, 1);
    let cases = [
        (
            "html",
            "<html><body></html>".to_owned(),
            "list:1: it is XML, but begins with <html> and not",
        ),
        (
            "bad address",
            bad("addr=\"192.0.2.1\"", "addr=\"192.0.2.x\""),
            "list:12: `192.0.2.x` is no address",
        ),
        (
            "no address",
            bad("addr=\"192.0.2.1\" addrtype=\"ipv4\"", "addr=\"02::\" addrtype=\"mac\""),
            "list:18: the host has no IPv4 or IPv6 address",
        ),
        ("bad port", bad("portid=\"25\"", "portid=\"smtp\""), "list:15: `smtp` is no port"),
        ("entity", bad("192.0.2.1", "&lol;"), "list:12: it is no well-formed XML: "),
        ("wrong end", bad("</hostnames>", "</hosts>"), "list:14: it is no well-formed XML: "),
        ("markup", bad("<hostnames>", "<!hostnames>"), "list:14: it is no well-formed XML: "),
        (
            "error",
            bad("exit=\"success\"", "exit=\"error\" errormsg=\"no route\""),
            "list:19: the scan did not finish (`no route`), so hosts may be missing; scan again",
        ),
    ];
    for (case, content, message) in cases {
        assert_refused(case, content, message);
    }
    let mut latin = whole.clone().into_bytes();
    latin[whole.find("mx.example.org").unwrap()] = 0xfc;
    assert_refused("other encoding", latin, "list:14: it is not UTF-8 text");
}

#[test]
fn a_report_that_is_cut_short_is_no_shorter_list() {
    let open = ports(&[("tcp", 25, "open")]);
    let hosts = host("up", "192.0.2.1", &open) + &host("up", "192.0.2.2", &open);
    let elements = "[\n{\"ip\":\"192.0.2.1\",\"ports\":[{\"port\":25}]}\n,\n{\"ip\":\"192.0.2.2\",\"ports\":[{\"port\":25}]}\n]\n";
    let alone = "{\"ip\":\"192.0.2.1\",\"ports\":[{\"port\":25}]},\n{\"ip\":\"192.0.2.2\",\"ports\":[{\"port\":25}]},\n{finished: 1}\n";
    for whole in [nmap(&hosts).as_str(), elements, alone] {
        assert!(read_list(whole).is_ok());
        // Without its last character, and with every shorter beginning that tells the form.
        let least = 30.min(whole.find("192").unwrap());
        for end in least..whole.trim_end().len() {
            let part = &whole[..end];
            // A list without brackets is whole after each element, unless a comma follows.
            if whole == alone && part.ends_with("]}") {
                continue;
            }
            let error = read_list(part).map(|list| table(&list)).expect_err(part).to_string();
            assert!(error.contains("so hosts may be missing"), "{part}: {error}");
        }
    }
}

#[test]
fn masscan_reports_are_read() {
    let element = |address: &str, rest: &str| {
        format!(
            r#"{{   "ip": "{address}",   "timestamp": "1501607463", "ports": [ {{{rest}}} ] }}"#
        )
    };
    let open = r#""port": 25, "proto": "tcp", "status": "open", "reason": "syn-ack", "ttl": 128"#;
    let banner =
        r#""port": 587, "proto": "tcp", "service": {"name": "smtp", "banner": "220 \"}]\\"}"#;
    let a = element("192.0.2.1", open);
    let b = element("192.0.2.2", banner);
    let other = element("192.0.2.3", &open.replace("25", "80"));
    let closed = element("192.0.2.4", &open.replace("open", "closed"));
    let udp = element("192.0.2.5", &open.replace("tcp", "udp"));
    let six = element("2001:db8::1", open);
    let again = element("192.0.2.1", &open.replace("25", "80"));
    let expected =
        ["masscan JSON", "192.0.2.1-192.0.2.2 2001:db8::1", "", "", "192.0.2.3-192.0.2.5"];
    let all = [a.as_str(), &b, &other, &closed, &udp, &six, &again];
    let cases = [
        // 1.3: the comma before each element but the first.
        ("array", format!("[\n{}\n]\n", all.join("\n,\n"))),
        ("array on one line", format!("[{}]", all.join(","))),
        // 1.0.4 to 1.0.6: a comma after each element.
        ("comma at the end", format!("[\n{},\n]\n", all.join(",\n"))),
        // Before: no brackets.
        ("finished", format!("{},\n{{finished: 1}}\n", all.join(",\n"))),
        ("finished in an array", format!("[\n{},\n{{finished: 1}}\n]\n", all.join(",\n"))),
        ("finished in quotes", format!("[{},\n{{\"finished\": 1}}]\n", all.join(",\n"))),
        ("one a line", all.join("\n")),
        ("CRLF", format!("[\r\n{}\r\n]\r\n", all.join("\r\n,\r\n"))),
    ];
    for (case, content) in cases {
        assert_read(case, content, expected);
    }
    let lines = r#"{"ip":"192.0.2.1","timestamp":"1","port":25,"proto":"tcp","rec_type":"status","data":{"status":"open","reason":"syn-ack","ttl":64}}
{"ip":"192.0.2.2","timestamp":"1","port":25,"proto":"tcp","rec_type":"banner","data":{"service_name":"smtp","banner":"220 mx"}}
{"ip":"192.0.2.3","timestamp":"1","port":80,"proto":"tcp","rec_type":"status","data":{"status":"open","reason":"syn-ack","ttl":64}}
{"ip":"192.0.2.4","timestamp":"1","port":25,"proto":"tcp","rec_type":"status","data":{"status":"closed","reason":"rst","ttl":64}}
"#;
    let expected = ["masscan JSON", "192.0.2.1-192.0.2.2", "", "", "192.0.2.3-192.0.2.4"];
    assert_read("-oD", lines, expected);
    let deep = format!("[{{\"ip\":\"192.0.2.1\",\"x\":{}{}}}]", "[".repeat(9000), "]".repeat(9000));
    assert_read("deep", deep, ["masscan JSON", "192.0.2.1", "", "", ""]);
    assert_read("nothing found", "[\n]\n", ["masscan JSON", "", "", "", ""]);
    assert_read("no ports", r#"{"ip":"192.0.2.1"}"#, ["masscan JSON", "192.0.2.1", "", "", ""]);
}

#[test]
fn other_json_is_refused_with_place_and_remedy() {
    let long = format!("[{{\"ip\":\"{}\"}}]", "1".repeat(2 << 20));
    let cases = [
        (
            "no address",
            "[\n{\"ports\": []}\n]",
            "list:2: it is no JSON that masscan writes: missing field `ip`",
        ),
        ("bad address", "[\n\n{\"ip\": \"192.0.2\"}\n]", "list:3: `192.0.2` is no address"),
        (
            "bad port",
            "[{\"ip\":\"192.0.2.1\",\"ports\":[{\"port\":70000}]}]",
            "list:1: it is no JSON that masscan writes: invalid value",
        ),
        (
            "old keys",
            "{   ip: \"192.0.2.1\", ports: [ {port: 25} ] },\n{finished: 1}",
            "list:1: it is no JSON that masscan writes: key must be a string",
        ),
        (
            "a list of texts",
            "[\n\"192.0.2.1\"]",
            "list:2: it is no JSON that masscan writes: `\\\"` stands between its elements",
        ),
        (
            "a second array",
            "[{\"ip\":\"192.0.2.1\"}]\n[]",
            "list:2: it is no JSON that masscan writes: text follows the end",
        ),
        (
            "an element behind",
            "[\n]\n{\"ip\":\"192.0.2.1\"}",
            "list:3: it is no JSON that masscan writes: text follows",
        ),
        (
            "two commas",
            "[{\"ip\":\"192.0.2.1\"},,]",
            "list:1: it is no JSON that masscan writes: `,` stands",
        ),
        (
            "an end without a beginning",
            "{\"ip\":\"192.0.2.1\"}\n]",
            "list:2: it is no JSON that masscan writes: `]` stands",
        ),
        (
            "crossed",
            "[{\"ip\":\"192.0.2.1\"]]",
            "list:1: it is no JSON that masscan writes: expected",
        ),
        ("long", long.as_str(), "list:1: a single element is longer than 1024 KiB"),
    ];
    for (case, content, message) in cases {
        assert_refused(case, content, message);
    }
}

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

#[test]
fn exclusions_take_the_same_forms() {
    let open = ports(&[("tcp", 25, "closed")]);
    let report = nmap(&(host("up", "192.0.2.1", &open) + &host("down", "192.0.2.2", "")));
    let plain = "# not these\n192.0.2.1-2\n\n2001:db8::/64 # a network\n";
    let csv = "saddr,success\n192.0.2.1,0\n192.0.2.2,1\n";
    for content in [report.as_str(), plain, csv] {
        let cover = read_exclusions("except", content.as_bytes()).unwrap().cover();
        for address in ["192.0.2.1", "192.0.2.2"] {
            assert!(cover.contains(address.parse().unwrap()), "{content}");
        }
        assert!(!cover.contains("192.0.2.3".parse().unwrap()), "{content}");
        assert_eq!(cover.contains("2001:db8::7".parse().unwrap()), content == plain, "{content}");
    }
    let error = read_exclusions("except", "192.0.2.1\nmx.example.org\n".as_bytes()).unwrap_err();
    assert!(
        error.to_string().starts_with("except:2: `mx.example.org` is a name, and a name may lead"),
        "{error}"
    );
}

#[test]
fn a_file_has_an_end() {
    let mut targets = crate::target::sweep::Exclusions::default();
    let lines = "192.0.2.1\n".repeat(10);
    assert!(read_limited(lines.as_bytes(), 100, &[], &mut targets).is_ok());
    for content in [lines.as_str(), "[{\"ip\":\"192.0.2.1\"}]", &nmap("")] {
        let limit = content.len() as u64 - 1;
        let fault = read_limited(content.as_bytes(), limit, &[], &mut targets).unwrap_err();
        assert!(matches!(fault, Fault { line: None, problem: Problem::TooLong }), "{fault:?}");
    }
    let text = Problem::TooLong.to_string();
    assert_eq!(text, "it holds more than 256 MiB; split it, or give networks instead of addresses");
}

/// Gives some bytes and then fails.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            length => Ok(length),
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let beginnings =
        ["", "192.0.2.1\n", "<nmaprun>", "[{\"ip\":\"192.0.2.1\"}", "saddr\n192.0.2.1\n"];
    for beginning in beginnings {
        let input = BufReader::new(Broken(beginning.as_bytes()));
        let error = read_targets("a\nb", input, &[25]).unwrap_err().to_string();
        assert!(error.ends_with("cannot read it: the disk is gone"), "{beginning}: {error}");
        assert!(error.starts_with("a\\nb:"), "{beginning}: {error}");
    }
}

/// Pieces of all forms, so that random files get far.
const PIECES: &[&str] = &[
    "192.0.2.1",
    "-9",
    "/24",
    "\n",
    " ",
    "#",
    "saddr",
    ",",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "\"ip\":",
    "\"192.0.2.1\"",
    "\"ports\":[",
    "{\"port\":25}",
    "{finished: 1}",
    "<nmaprun>",
    "</nmaprun>",
    "<host>",
    "</host>",
    "<status state=\"up\"/>",
    "<address addr=\"192.0.2.1\" addrtype=\"ipv4\"/>",
    "<ports>",
    "</ports>",
    "<port protocol=\"tcp\" portid=\"25\">",
    "</port>",
    "<!--",
    "-->",
    "<?",
    "&",
    "<![CDATA[",
    "\u{0}",
    "é",
    "::1",
    "host:",
    "\r",
    "<",
    ">",
    "\\",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_file_is_a_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30),
        bytes in proptest::collection::vec(any::<u8>(), 0..8),
        at in 0_usize..200,
    ) {
        let mut content = pieces.concat().into_bytes();
        let at = at.min(content.len());
        content.splice(at..at, bytes);
        let whole = read_list(&content).map(|list| table(&list)).map_err(|error| error.to_string());
        let _ = read_exclusions("list", content.as_slice());
        // The result does not depend on how the bytes arrive.
        let slowly = BufReader::with_capacity(1, content.as_slice());
        let slowly = read_targets("list", slowly, &[25, 587]);
        let slowly = slowly.map(|list| table(&list)).map_err(|error| error.to_string());
        prop_assert_eq!(whole, slowly);
    }
}
