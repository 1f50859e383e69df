use super::*;

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
