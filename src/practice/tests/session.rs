//! What is said in the course of a session.

use super::*;

#[tokio::test]
async fn a_transaction_has_an_order() {
    let lines = [
        "RCPT TO:<user>",
        "DATA",
        "EHLO a.test",
        "MAIL FROM:<> SIZE=10",
        "MAIL FROM:<>",
        "DATA",
        "RCPT TO:<u@far.test>",
        "DATA",
        "RCPT TO:<user>",
        "EHLO a.test",
        "RCPT TO:<user>",
        "FROB",
        "MAIL FROM:<a@b> FROB=1",
        "MAIL FROM:<a@b",
        "EHLO",
        "VRFY user",
        "RSET",
        "QUIT",
        "NOOP",
    ];
    let replies = talk(&Behaviour::closed(), &lines).await;
    let expected = [
        "220 mx-closed.practice.test ESMTP",
        "503 5.5.1 Error: need MAIL command",
        "503 5.5.1 Error: need RCPT command",
        "250-mx-closed.practice.test",
        "250-PIPELINING",
        "250-SIZE 10240000",
        "250-8BITMIME",
        "250 ENHANCEDSTATUSCODES",
        "250 2.1.0 Ok",
        "503 5.5.1 Error: nested MAIL command",
        "554 5.5.1 Error: no valid recipients",
        "454 4.7.1 <u@far.test>: Relay access denied",
        "554 5.5.1 Error: no valid recipients",
        "250 2.1.5 Ok",
        "250-mx-closed.practice.test",
        "250-PIPELINING",
        "250-SIZE 10240000",
        "250-8BITMIME",
        "250 ENHANCEDSTATUSCODES",
        "503 5.5.1 Error: need MAIL command",
        "500 5.5.2 Error: command not recognized",
        "555 5.5.4 Unsupported option: FROB=1",
        "501 5.1.7 Bad sender address syntax",
        "501 5.5.4 Syntax: HELO hostname",
        "252 2.0.0 Cannot verify, try to send mail",
        "250 2.0.0 Ok",
        "221 2.0.0 Bye",
    ];
    assert_eq!(replies, expected);
}

#[tokio::test]
async fn a_message_ends_at_a_lone_dot_between_crlfs_and_is_counted() {
    let (mut client, ledger) = connect(Behaviour::closed());
    let input = "HELO a.test\r\nMAIL FROM:<>\r\nRCPT TO:<user>\r\nDATA\r\nSubject: x\r\n\r\n\
                 one\n.\r\ntwo\r\n.\nQUIT\r\n.x\r\n.\r\nRCPT TO:<user>\r\nQUIT\r\n";
    client.write_all(input.as_bytes()).await.unwrap();
    let mut output = String::new();
    client.read_to_string(&mut output).await.unwrap();
    let tail: Vec<&str> = output.split_terminator("\r\n").skip(4).collect();
    let expected = [
        "354 End data with <CR><LF>.<CR><LF>",
        "250 2.0.0 Ok: queued as 0000000001",
        "503 5.5.1 Error: need MAIL command",
        "221 2.0.0 Bye",
    ];
    assert_eq!(tail, expected);
    let counters = ledger.counters();
    let seen = (counters.messages, counters.data, counters.commands, counters.quits);
    assert_eq!(seen, (1, 1, 6, 1));
}

#[tokio::test]
async fn envelopes_are_kept_as_they_were_written() {
    let (mut client, ledger) = connect(Behaviour::closed());
    let input = b"EHLO a.test\r\nmail from:<a@b>\r\nRCPT TO:<u%x@y>\r\nrcpt to:<user>\r\nQUIT\r\n";
    client.write_all(input).await.unwrap();
    client.read_to_end(&mut Vec::new()).await.unwrap();
    let envelope = |path: &str, accepted| SeenEnvelope {
        helo: b"a.test".to_vec(),
        reverse_path: b"a@b".to_vec(),
        forward_path: path.into(),
        inside_tls: false,
        accepted,
    };
    assert_eq!(ledger.envelopes(), [envelope("u%x@y", false), envelope("user", true)]);
    let counters = ledger.counters();
    let seen = (counters.recipients, counters.refused_recipients, counters.most_ehlos);
    assert_eq!(seen, (2, 1, 1));
}

#[tokio::test]
async fn greylisting_lasts_for_ever_or_for_the_first_tries_of_an_envelope() {
    let reply = String::from("451 4.7.1 Greylisted");
    let always = Temporary::Always { reply: reply.clone() };
    let server = Behaviour { temporary: Some(always), ..Behaviour::closed() };
    for path in ["<postmaster>", FOREIGN, FOREIGN] {
        assert_eq!(rcpt(&server, "a.test", "<>", path).await, reply);
    }
    let temporary = Some(Temporary::FirstTries { n: 2, reply: reply.clone() });
    let server = Behaviour { temporary, ..Behaviour::closed() };
    let to = "RCPT TO:<user>";
    let lines = ["HELO a", "MAIL FROM:<>", to, to, to, "RSET", "MAIL FROM:<a@b>", to];
    let replies = talk(&server, &lines).await;
    let codes: Vec<&str> = replies.iter().skip(3).filter_map(|reply| reply.get(..3)).collect();
    assert_eq!(codes, ["451", "451", "250", "250", "250", "451"]);
}

#[tokio::test]
async fn error_limits_end_the_session() {
    let foreign = "RCPT TO:<u@far.test>";
    let lines = ["HELO a", "MAIL FROM:<>", foreign, "RCPT TO:<user>", "FROB", "NOOP", "NOOP"];
    let limit = |error_limit| Behaviour { error_limit: Some(error_limit), ..Behaviour::closed() };
    let replies = talk(&limit(ErrorLimit::Reply421AfterErrors(2)), &lines).await;
    let last = "421 4.7.0 mx-closed.practice.test Error: too many errors";
    assert_eq!((replies.len(), replies.last().unwrap().as_str()), (7, last));
    let replies = talk(&limit(ErrorLimit::HangUpAfterErrors(2)), &lines).await;
    let last = "500 5.5.2 Error: command not recognized";
    assert_eq!((replies.len(), replies.last().unwrap().as_str()), (6, last));
}

#[tokio::test]
async fn data_can_be_refused_after_recipients_were_accepted() {
    let refusal = "554 5.7.1 Relay access denied";
    let server = Behaviour { refuse_data: Some(refusal.into()), ..practice(RelayPolicy::Open) };
    let lines = ["HELO a", "MAIL FROM:<>", "RCPT TO:<u@far.test>", "DATA", "NOOP"];
    let replies = talk(&server, &lines).await;
    assert_eq!(replies.get(3..).unwrap(), ["250 2.1.5 Ok", refusal, "250 2.0.0 Ok"]);
}

#[tokio::test]
async fn a_client_can_be_blocked_at_each_stage() {
    let reply = "554 5.7.1 blocked";
    let block = |stage, exempt_postmaster| Behaviour {
        block_client: Some(Block { stage, reply: reply.into(), exempt_postmaster }),
        ..Behaviour::closed()
    };
    let lines = ["HELO a", "MAIL FROM:<>", "RCPT TO:<postmaster>", "RCPT TO:<user>", "QUIT"];
    let table = [
        (BlockStage::Greeting, false, ["554", "503", "503", "503", "503", "221"]),
        (BlockStage::Mail, false, ["220", "250", "554", "503", "503", "221"]),
        (BlockStage::Rcpt, false, ["220", "250", "250", "554", "554", "221"]),
        (BlockStage::Rcpt, true, ["220", "250", "250", "250", "554", "221"]),
    ];
    for (stage, exempt, expected) in table {
        let replies = talk(&block(stage, exempt), &lines).await;
        let codes: Vec<&str> = replies.iter().filter_map(|reply| reply.get(..3)).collect();
        assert_eq!(codes, expected, "{stage:?}");
    }
    assert_eq!(rcpt(&block(BlockStage::Rcpt, true), "a", "<>", FOREIGN).await, reply);
}

#[tokio::test]
async fn greetings_and_senders_can_be_refused() {
    let refusal = "504 5.5.2 no";
    let server = |which| Behaviour {
        refuse_helo: Some((which, refusal.into())),
        ehlo: EhloSupport::Refused("502 5.5.1 Command not implemented".into()),
        banner: Some(b"220-one\r\n220 two".to_vec()),
        ..Behaviour::closed()
    };
    let own = "HELO mx-closed.practice.test";
    let replies = talk(&server(HeloMatch::OwnName), &["EHLO a.test", own, "HELO a.test"]).await;
    let ok = "250 mx-closed.practice.test";
    let missing = "502 5.5.1 Command not implemented";
    assert_eq!(replies, ["220-one", "220 two", missing, refusal, ok]);
    let replies = talk(&server(HeloMatch::OneLabel), &["HELO x", "HELO [192.0.2.1]", own]).await;
    assert_eq!(replies.get(2..).unwrap(), [refusal, ok, ok]);

    let froms = ["<>", "<a@practice.test>", "<a@far.test>", "<a>"];
    let table = [
        (SenderMatch::Null, [true, false, false, false]),
        (SenderMatch::Local, [false, true, false, false]),
        (SenderMatch::Foreign, [false, false, true, false]),
        (SenderMatch::Any, [true; 4]),
    ];
    for (which, expected) in table {
        let refuse_sender = Some((which, String::from("553 5.1.8 no")));
        let server = Behaviour { refuse_sender, ..Behaviour::closed() };
        for (from, refused) in froms.into_iter().zip(expected) {
            let reply = talk(&server, &[&format!("MAIL FROM:{from}")]).await.pop().unwrap();
            assert_eq!(reply == "553 5.1.8 no", refused, "{which:?} {from}");
        }
    }
}

#[tokio::test]
async fn a_sink_says_yes_to_anything() {
    let server = Behaviour { accept_everything: true, ..Behaviour::closed() };
    let lines = ["RCPT TO:<u@far.test>", "FROB", "MAIL", "RCPT", "RSET", "DATA", "x", ".", "QUIT"];
    let replies = talk(&server, &lines).await;
    let codes: Vec<&str> = replies.iter().filter_map(|reply| reply.get(..3)).collect();
    assert_eq!(codes, ["220", "250", "250", "250", "250", "250", "354", "250", "221"]);
}

#[tokio::test]
async fn exim_reads_addresses_strictly() {
    let server = Behaviour { own_addresses: vec![[192, 0, 2, 1].into()], ..Behaviour::exim() };
    let table = [
        ("<u@far.test>", "550 relay not permitted"),
        ("<@practice.test:u@far.test>", "550 relay not permitted"),
        ("u@far.test", "550 relay not permitted"),
        ("<u@192.0.2.1>", "550 relay not permitted"),
        ("<u%far.test@practice.test>", "550 restricted characters in address"),
        ("<\"u@far.test\"@practice.test>", "550 restricted characters in address"),
        ("<far.test!u@practice.test>", "550 restricted characters in address"),
        ("<u%far.test>", "501 <u%far.test>: recipient address must contain a domain"),
        ("<u@[192.0.2.1]>", "501 <u@[192.0.2.1]>: domain literals not allowed"),
        (
            "<u@far.test@practice.test>",
            "501 <u@far.test@practice.test>: malformed recipient address",
        ),
        ("<u@far.test.>", "501 <u@far.test.>: domain missing or malformed"),
        ("<a::u@practice.test>", "501 <a::u@practice.test>: malformed recipient address"),
        ("<random@practice.test>", "550 Unrouteable address"),
        ("<postmaster>", "250 Accepted"),
        ("<user@practice.test>", "250 Accepted"),
    ];
    for (path, expected) in table {
        assert_eq!(rcpt(&server, "a.test", "<>", path).await, expected, "{path}");
    }
    let replies = talk(&server, &["MAIL FROM:<>", "HELO a.test", "MAIL FROM:<a>"]).await;
    let unqualified = "501 <a>: sender address must contain a domain";
    assert_eq!(replies.get(1).unwrap(), "503 HELO or EHLO required");
    assert_eq!(replies.last().unwrap(), unqualified);
    let server = Behaviour { relay: RelayPolicy::PercentHack, ..server };
    let reply = rcpt(&server, "a.test", "<>", "<u%far.test@practice.test>").await;
    assert_eq!(reply, "250 Accepted");
}

#[tokio::test]
async fn exim_counts_what_is_no_mail_and_what_is_no_syntax() {
    let last_of = async |lines: Vec<&str>| {
        let mut lines = lines;
        lines.insert(0, "HELO a.test");
        let mut replies = talk(&Behaviour::exim(), &lines).await;
        (replies.len() - 2, replies.pop().unwrap())
    };
    let ended = String::from("554 Too many nonmail commands");
    assert_eq!(last_of(vec!["RSET"; 20]).await, (12, ended.clone()));
    assert_eq!(last_of(vec!["EHLO a.test"; 20]).await, (10 * 4 + 1, ended));
    let syntax = (5, String::from("503 Too many syntax or protocol errors"));
    assert_eq!(last_of(vec!["RCPT TO:<user>"; 20]).await, syntax);
    let unknown = (5, String::from("500 Too many unrecognized commands"));
    assert_eq!(last_of(vec!["FROB"; 20]).await, unknown);
}

#[tokio::test]
async fn an_endless_command_is_refused_and_ends_the_session() {
    for length in [8190, 8191, 10_000] {
        let replies = talk(&Behaviour::closed(), &[&"x".repeat(length), "NOOP"]).await;
        let expected: &[&str] = match length {
            8190 => &["500 5.5.2 Error: command not recognized", "250 2.0.0 Ok"],
            _ => &["500 5.5.2 Error: line too long"],
        };
        assert_eq!(replies.get(1..).unwrap(), expected, "{length}");
    }
}

#[tokio::test]
async fn long_lines_of_a_message_do_not_end_it() {
    for length in [8190, 8191, 8192, 8193] {
        let text = "x".repeat(length) + ".";
        let lines = ["MAIL FROM:<>", "RCPT TO:<user>", "DATA", &text, "QUIT", ".", "NOOP"];
        let replies = talk(&Behaviour::closed(), &lines).await;
        let expected = ["250 2.0.0 Ok: queued as 0000000001", "250 2.0.0 Ok"];
        assert_eq!(replies.get(4..).unwrap(), expected, "{length}");
    }
}
