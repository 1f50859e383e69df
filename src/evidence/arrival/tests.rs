use proptest::prelude::*;

use super::*;

const TOKEN: &str = "mxa1abcdefghijklmnopqrstuvwx";
const OTHER: &str = "mxa1234567abcdefghijklmnopqr";

fn handed_over(reverse_path: &str) -> Handover {
    Handover {
        at: "2026-01-02T03:04:05Z".into(),
        client: Some("192.0.2.1".parse().unwrap()),
        helo: Some("mx.target.test".into()),
        envelope: Some((reverse_path.into(), vec!["u@audit.test".into()])),
    }
}

fn tokens(message: &[u8]) -> Vec<String> {
    let arrivals = Arrival::read(message, handed_over("a@b.test"));
    arrivals.into_iter().map(|arrival| arrival.token).collect()
}

#[test]
fn tokens_are_whole_words() {
    let long = format!("{TOKEN}y");
    let before = format!("x{TOKEN}");
    let upper = TOKEN.to_ascii_uppercase();
    let table: [(&str, String, &[&str]); 13] = [
        ("alone", TOKEN.into(), &[TOKEN]),
        ("header", format!("X-Mxaudit-Token: {TOKEN}\r\n\r\n"), &[TOKEN]),
        ("subject", format!("Subject: mxaudit [{TOKEN}]\n\n"), &[TOKEN]),
        ("body", format!("A: b\r\n\r\n> > {TOKEN}.\r\n"), &[TOKEN]),
        ("encoded word", format!("Subject: =?utf-8?q?a_{TOKEN}?=\r\n"), &[TOKEN]),
        ("twice", format!("{TOKEN} {TOKEN}"), &[TOKEN]),
        ("two", format!("{TOKEN}\r\n{OTHER}"), &[TOKEN, OTHER]),
        ("too long", long, &[]),
        ("in a word", before, &[]),
        ("upper case", upper, &[]),
        ("too short", TOKEN[..27].into(), &[]),
        ("not base32", TOKEN.replace('x', "1"), &[]),
        ("none", "A: b\r\n\r\nhello\r\n".into(), &[]),
    ];
    for (case, message, want) in table {
        assert_eq!(tokens(message.as_bytes()), want, "{case}");
    }
    assert!(is_token(TOKEN) && is_token(OTHER) && !is_token("mxa1"));
}

#[test]
fn a_message_gives_one_arrival_a_token() {
    let message = format!("X-Mxaudit-Token: {TOKEN}\r\n\r\n{OTHER}\r\n");
    let arrivals = Arrival::read(message.as_bytes(), handed_over("a@b.test"));
    assert_eq!(arrivals.len(), 2);
    let first = &arrivals[0];
    assert_eq!(first.client, Some("192.0.2.1".parse().unwrap()));
    assert_eq!(first.helo.as_deref(), Some("mx.target.test"));
    assert_eq!(first.reverse_path, "a@b.test");
    assert_eq!(first.forward_paths, ["u@audit.test"]);
    assert_eq!(first.size, message.len() as u64);
    assert!(!first.bounce);
    let report = Report { unsettled: true, remote: None };
    assert_eq!(arrivals[1], Arrival { token: OTHER.into(), bounce: true, report, ..first.clone() });
}

#[test]
fn the_number_of_tokens_is_bounded() {
    let many: String = (0..40)
        .map(|n| format!("mxa1aaaaaaaaaaaaaaaaaaaaaa{}{}\n", b(n / 26), b(n % 26)))
        .collect();
    assert_eq!(tokens(many.as_bytes()).len(), 16);

    fn b(n: u8) -> char {
        char::from(b'a' + n)
    }
}

#[test]
fn received_lines_are_unfolded_newest_first() {
    let message = format!(
        "Received: from a.test ([192.0.2.9])\r\n\tby b.test;\r\n  Mon, 1 Jan 2026\r\n\
         X: y\r\nRECEIVED : from c.test\n by a.test\n\r\nReceived: in the body {TOKEN}\r\n"
    );
    let arrival = Arrival::read(message.as_bytes(), handed_over("a@b.test")).remove(0);
    let want = ["from a.test ([192.0.2.9]) by b.test; Mon, 1 Jan 2026", "from c.test by a.test"];
    assert_eq!(arrival.received, want);
}

#[test]
fn received_lines_are_capped() {
    let long = "é".repeat(1200);
    let mut message = format!("Received: {long}\r\n");
    for n in 0..40 {
        message.push_str(&format!("Received: {n}\r\n"));
    }
    message.push_str(TOKEN);
    let arrival = Arrival::read(message.as_bytes(), handed_over("a@b.test")).remove(0);
    assert_eq!(arrival.received.len(), 30);
    assert_eq!(arrival.received[0].chars().count(), 1000);
    assert_eq!(arrival.received[29], "28");
}

#[test]
fn folds_without_a_field_are_left_out() {
    let message = format!(" first\r\nno field\r\n and its fold\r\nReceived: x\r\n\r\n{TOKEN}");
    let arrival = Arrival::read(message.as_bytes(), handed_over("a@b.test")).remove(0);
    assert_eq!(arrival.received, ["x"]);
}

/// The message itself has arrived; a bounce says that it was returned; what quotes it says nothing.
#[test]
fn messages_bounces_and_answers_are_told_apart() {
    let own = format!("X-Mxaudit-Token: {TOKEN}");
    let id = format!("Message-ID: <{TOKEN}@audit.test>");
    let other = format!("X-Mxaudit-Token: {OTHER}");
    let (itself, returned, quoted) = ((false, false), (true, true), (true, false));
    let table = [
        ("the message itself", "a@b.test", own.as_str(), itself),
        ("the same by its id", "a@b.test", &id, itself),
        ("the message itself from the null path", "", &own, itself),
        ("an answer by a person", "jane@b.test", "Subject: Re: hello", quoted),
        ("quoted in another message of ours", "a@b.test", &other, quoted),
        ("null path", "", "A: b", returned),
        ("null path, in another message of ours", "", &other, returned),
        ("an answer by a machine", "", "Auto-Submitted: auto-replied (vacation)", quoted),
        ("a bounce says that it is one", "", "Auto-Submitted: auto-generated", returned),
        ("report", "a@b.test", "Content-Type: Multipart/Report; report-type=x", returned),
        (
            "a report that calls itself an answer",
            "",
            "Content-Type: multipart/report\r\nAuto-Submitted: auto-replied",
            returned,
        ),
        ("folded report", "a@b.test", "Content-Type:\r\n multipart/report;\r\n x=y", returned),
        ("failed recipients", "a@b.test", "x-failed-recipients: u@audit.test", returned),
        ("other multipart", "a@b.test", "Content-Type: multipart/mixed", quoted),
    ];
    for (case, path, field, want) in table {
        let message = format!("{field}\r\n\r\n{TOKEN}\r\n");
        let arrivals = Arrival::read(message.as_bytes(), handed_over(path));
        let arrival = arrivals.iter().find(|arrival| arrival.token == TOKEN).unwrap();
        assert_eq!((arrival.bounce, arrival.is_final_return()), want, "{case}");
    }
}

#[test]
fn without_an_envelope_the_message_says_it() {
    let read = |head: &str| {
        let message = format!("{head}\n\n{TOKEN}\n");
        Arrival::read(message.as_bytes(), Handover::default()).remove(0)
    };
    let plain = read("Return-Path: <a@b.test>\nDelivered-To: u@audit.test\nDelivered-To: <v@w>");
    assert_eq!(plain.reverse_path, "a@b.test");
    assert_eq!(plain.forward_paths, ["u@audit.test", "v@w"]);
    assert!(!plain.is_final_return());
    assert!(read("Return-Path: <>").is_final_return());
    assert!(!read("A: b").is_final_return(), "an unknown path is not the null path");
    assert!(!read(&format!("Message-ID: <{TOKEN}@audit.test>")).bounce);
}

#[test]
fn lines_of_a_store_come_back() {
    let message = format!("Received: \u{1b}[31m\u{202e}\"\\\r\n\r\n{TOKEN}\r\n");
    let arrival = Arrival::read(message.as_bytes(), handed_over("\"a\n\"@b.test")).remove(0);
    let line = serde_json::to_string(&arrival).unwrap();
    assert!(!line.contains('\n'));
    assert_eq!(Arrival::from_line(line.as_bytes()).unwrap(), arrival);
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let message = [&bytes[..], b"\n", TOKEN.as_bytes()].concat();
        prop_assert!(tokens(&message).contains(&TOKEN.to_owned()));
        let _ = Arrival::from_line(&bytes);
    }

    #[test]
    fn pieces_make_no_difference(
        text in "(Received: [a-z\\n ]{0,9}|\\nAction: [a-z]{3}|mxa1[a-z2-7]{24}|[\\r\\n ]|[a-z]){0,40}",
        cut in 1_usize..40,
    ) {
        let whole = Arrival::read(text.as_bytes(), handed_over(""));
        let mut reader = ArrivalReader::default();
        for piece in text.as_bytes().chunks(cut) {
            reader.take(piece);
        }
        prop_assert_eq!(reader.finish(handed_over("")), whole);
    }
}

#[test]
fn what_a_bounce_reports() {
    let report = |lines: &str| {
        let message = format!("Content-Type: multipart/report\r\n\r\n{lines}\r\n\r\n{TOKEN}\r\n");
        Arrival::read(message.as_bytes(), handed_over("")).remove(0)
    };
    let table = [
        ("Action: failed\r\nStatus: 5.1.1", true, None),
        ("we give up on this", true, None),
        ("ACTION : failed is no field", true, None),
        ("action:delayed", false, None),
        ("Action: relayed", false, None),
        ("Action: failed\r\nAction: delivered", false, None),
        ("Action: failed\r\nRemote-MTA: dns; mx.audit.test", false, Some("mx.audit.test")),
        ("remote-mta: MX.audit.test", false, Some("mx.audit.test")),
        ("Remote-MTA: dns; [127.0.0.1]", true, None),
        ("Remote-MTA: dns; localhost", true, None),
        ("Remote-MTA: dns;", true, None),
        ("Remote host said: 550 no", false, Some("another server")),
        ("Action: failed\r\nDiagnostic-Code: smtp; 550 5.1.1 no", false, None),
        ("Action: failed\r\nDiagnostic-Code: X-Postfix; unknown user", true, None),
        ("u@audit.test: 550 5.1.1 no such user", false, None),
        ("u@audit.test: 550-no", false, None),
        ("u@audit.test: unknown user", true, None),
        ("write to me@audit.test: 550 is my number", true, None),
    ];
    for (lines, want, remote) in table {
        let arrival = report(lines);
        assert_eq!(arrival.is_final_return(), want, "{lines}");
        assert_eq!(arrival.report.remote.as_deref(), remote, "{lines}");
    }
    // Our own message is no report, whatever is written in it.
    let own = format!("X-Mxaudit-Token: {TOKEN}\r\n\r\nAction: delayed\r\n");
    let arrival = Arrival::read(own.as_bytes(), handed_over("")).remove(0);
    assert_eq!(arrival.report, Report::default());
    assert!(!arrival.is_final_return());
}

#[test]
fn a_report_is_read_in_bounds() {
    let long = "x".repeat(2000);
    let arrival = |text: String| Arrival::read(text.as_bytes(), handed_over("")).remove(0);
    let named = arrival(format!("{TOKEN}\r\nRemote-MTA: dns; {long}\r\n"));
    assert_eq!(named.report.remote.map(|name| name.len()), Some(255));
    let far = arrival(format!("{TOKEN}\r\n{}\r\nAction: failed\r\n", "y\n".repeat(200_000)));
    assert!(!far.is_final_return(), "what stands behind 256 KiB is not looked at");
}
