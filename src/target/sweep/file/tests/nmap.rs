use super::*;

/// What nmap 7.93 writes, shortened: hosts in the manner of the options.
pub(super) fn report(hosts: &str) -> String {
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

pub(super) fn host(state: &str, address: &str, rest: &str) -> String {
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

pub(super) fn ports(ports: &[(&str, u16, &str)]) -> String {
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
        report(&all.concat()),
        [
            "nmap XML",
            "192.0.2.1-192.0.2.3 192.0.2.7 2001:db8::1",
            "",
            "192.0.2.8-192.0.2.9",
            "192.0.2.4-192.0.2.6 192.0.2.10-192.0.2.11",
        ],
    );
    let one = report(&all[0]);
    assert_read("no hosts", report(""), ["nmap XML", "", "", "", ""]);
    let two = format!("{one}{}", report(&all[1]));
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
    let whole = report(&host("up", "192.0.2.1", &ports(&[("tcp", 25, "open")])));
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
    for whole in [report(&hosts).as_str(), elements, alone] {
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
