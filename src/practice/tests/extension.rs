//! Extensions that are dangerous to offer to strangers.

use super::*;

const LISTED: &str = "250-XCLIENT NAME ADDR PROTO HELO";

fn trusting() -> Behaviour {
    let trusted = vec![IpAddr::from([127, 0, 0, 1]), "::1".parse().unwrap()];
    Behaviour {
        xclient: Some(Xclient::Honoured { trusted }),
        xforward: true,
        extensions: Vec::new(),
        ..Behaviour::closed()
    }
}

#[tokio::test]
async fn a_client_that_calls_itself_trusted_is_greeted_again_and_relays() {
    let lines = [
        "EHLO a.test",
        "MAIL FROM:<a@b>",
        "XCLIENT ADDR=127.0.0.1",
        "RCPT TO:<u@far.test>",
        "RSET",
        "XCLIENT ADDR=127.0.0.1 NAME=localhost",
        "RCPT TO:<u@far.test>",
        "EHLO b.test",
        "MAIL FROM:<a@b>",
        "RCPT TO:<u@far.test>",
        "RCPT TO:<random@practice.test>",
    ];
    let replies = talk(&trusting(), &lines).await;
    let expected = [
        "220 mx-closed.practice.test ESMTP",
        "250-mx-closed.practice.test",
        LISTED,
        "250 XFORWARD NAME ADDR PROTO HELO",
        "250 2.1.0 Ok",
        "503 5.5.1 Error: MAIL transaction in progress",
        "454 4.7.1 <u@far.test>: Relay access denied",
        "250 2.0.0 Ok",
        "220 mx-closed.practice.test ESMTP",
        "503 5.5.1 Error: need MAIL command",
        "250-mx-closed.practice.test",
        LISTED,
        "250 XFORWARD NAME ADDR PROTO HELO",
        "250 2.1.0 Ok",
        "250 2.1.5 Ok",
        "550 5.1.1 <random@practice.test>: Recipient address rejected: User unknown in local \
         recipient table",
    ];
    assert_eq!(replies, expected);
}

#[tokio::test]
async fn what_xclient_says_decides_who_is_trusted() {
    let relays = async |behaviour: &Behaviour, command: &str| {
        let lines = [command, "HELO a.test", "MAIL FROM:<>", "RCPT TO:<u@far.test>"];
        let mut replies = talk(behaviour, &lines).await;
        let taken = replies.pop().unwrap().starts_with("250");
        (replies.remove(1).get(..3).unwrap().to_owned(), taken)
    };
    let table = [
        ("XCLIENT ADDR=127.0.0.1", "220", true),
        ("xclient addr=IPv6:::1 helo=x", "220", true),
        ("XCLIENT ADDR=192.0.2.1", "220", false),
        ("XCLIENT ADDR=[UNAVAILABLE]", "220", false),
        ("XCLIENT NAME=localhost", "220", false),
        ("XCLIENT ADDR=localhost", "501", false),
        ("XCLIENT FROB=127.0.0.1", "501", false),
        ("XCLIENT ADDR", "501", false),
        ("XCLIENT", "501", false),
        ("XFORWARD ADDR=127.0.0.1", "250", false),
    ];
    for (command, code, taken) in table {
        assert_eq!(relays(&trusting(), command).await, (code.into(), taken), "{command}");
    }
    let reply = String::from("550 5.7.0 Error: insufficient authorization");
    let refusing = Behaviour { xclient: Some(Xclient::Refused(reply)), ..trusting() };
    assert_eq!(relays(&refusing, "XCLIENT ADDR=127.0.0.1").await, ("550".into(), false));
    assert!(talk(&refusing, &["EHLO a.test"]).await.contains(&LISTED.into()));
}

#[tokio::test]
async fn trust_can_be_told_away_again() {
    let rcpt = ["HELO a", "MAIL FROM:<>", "RCPT TO:<u@far.test>", "RSET"];
    let mut lines = vec!["XCLIENT ADDR=127.0.0.1"];
    lines.extend(rcpt);
    lines.push("XCLIENT ADDR=192.0.2.1");
    lines.extend(rcpt);
    let replies = talk(&trusting(), &lines).await;
    let codes: Vec<&str> = replies.iter().skip(1).filter_map(|reply| reply.get(..3)).collect();
    let expected = ["220", "250", "250", "250", "250", "220", "250", "250", "454", "250"];
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn extensions_that_are_not_there_are_unknown_commands() {
    for command in ["XCLIENT ADDR=127.0.0.1", "XFORWARD ADDR=x", "AUTH PLAIN", "STARTTLS"] {
        let replies = talk(&Behaviour::closed(), &["EHLO a.test", command]).await;
        assert!(!replies.iter().any(|line| line.starts_with("250-X")), "{replies:?}");
        assert_eq!(replies.last().unwrap(), "500 5.5.2 Error: command not recognized");
    }
}

#[tokio::test]
async fn nobody_has_a_password() {
    let server = Behaviour { auth: Some(AuthOffer::Everywhere), ..Behaviour::closed() };
    let replies = talk(&server, &["EHLO a.test", "AUTH PLAIN AGEAYg=="]).await;
    let expected = ["250 AUTH PLAIN LOGIN", "535 5.7.8 Error: authentication failed"];
    assert_eq!(replies.get(replies.len() - 2..).unwrap(), expected);
}
