//! Who may relay, and by which forms of address.

use super::*;

const PERCENT: [&str; 5] = [
    "<u%far.test@mx.practice.test>",
    "<u%far.test@[192.0.2.1]>",
    "<u%far.test@practice.test>",
    "<u%far.test@localhost>",
    "<u%far.test>",
];
const ROUTED: [&str; 3] = [
    "<@mx.practice.test:u@far.test>",
    "<@[192.0.2.1]:u@far.test>",
    "<@practice.test,@far.test:u@far.test>",
];
const OTHER: [&str; 8] = [
    "<u@far.test>",
    "u@far.test",
    "<\"u@far.test\">",
    "<u@far.test@mx.practice.test>",
    "<\"u@far.test\"@practice.test>",
    "<far.test!u>",
    "<far.test!u@mx.practice.test>",
    "<u@far.test@>",
];

fn all_forms() -> Vec<&'static str> {
    PERCENT.into_iter().chain(ROUTED).chain(OTHER).collect()
}

#[tokio::test]
async fn a_closed_server_refuses_every_foreign_form_as_relaying() {
    for form in all_forms() {
        let reply = rcpt(&practice(RelayPolicy::Closed), "probe.test", "<>", form).await;
        let path = form.trim_start_matches('<').trim_end_matches('>');
        assert_eq!(reply, format!("454 4.7.1 <{path}>: Relay access denied"));
    }
}

#[tokio::test]
async fn users_of_the_server_are_known() {
    let server = practice(RelayPolicy::Closed);
    let known = ["<user@practice.test>", "<USER@MX.Practice.Test>", "<postmaster>", "<user>"];
    assert_eq!(accepted(&server, "<a@far.test>", &known).await, known);
    assert_eq!(
        rcpt(&server, "probe.test", "<>", "<random@practice.test>").await,
        "550 5.1.1 <random@practice.test>: Recipient address rejected: User unknown in local \
         recipient table"
    );
    let server = Behaviour { catch_all: true, ..server };
    assert_eq!(accepted(&server, "<>", &["<random@practice.test>"]).await.len(), 1);
    assert!(accepted(&server, "<>", &all_forms()).await.is_empty());
}

#[tokio::test]
async fn relay_policies_accept_what_they_name_and_nothing_else() {
    let forms = all_forms();
    let table: [(RelayPolicy, &[&str]); 5] = [
        (RelayPolicy::Open, &forms),
        (RelayPolicy::PercentHack, &PERCENT),
        (RelayPolicy::SourceRoute, &ROUTED),
        (RelayPolicy::LocalSender, &[]),
        (RelayPolicy::AnyOf(vec![RelayPolicy::SourceRoute, RelayPolicy::HeloIsOwnName]), &ROUTED),
    ];
    for (policy, expected) in table {
        let server = practice(policy);
        let taken = accepted(&server, "<a@far.test>", &forms).await;
        assert_eq!(taken, expected, "{:?}", server.relay);
        let control = rcpt(&server, "probe.test", "<>", "<random@practice.test>").await;
        assert!(control.starts_with("550 5.1.1 "), "{control}");
    }
}

#[tokio::test]
async fn senders_and_greetings_open_only_the_servers_that_trust_them() {
    let (own, strange) = ("MX.practice.test", "probe.test");
    let table = [
        (RelayPolicy::LocalSender, strange, "<a@practice.test>", true),
        (RelayPolicy::LocalSender, strange, "<a@mx.practice.test>", true),
        (RelayPolicy::LocalSender, strange, "<a@[192.0.2.1]>", true),
        (RelayPolicy::LocalSender, own, "<a@sub.practice.test>", false),
        (RelayPolicy::LocalSender, own, "<>", false),
        (RelayPolicy::LocalSender, own, "<@practice.test:a@far.test>", false),
        (RelayPolicy::HeloIsOwnName, own, "<a@far.test>", true),
        (RelayPolicy::HeloIsOwnName, "practice.test", "<a@practice.test>", false),
        (RelayPolicy::Closed, own, "<a@practice.test>", false),
    ];
    for (policy, helo, from, expected) in table {
        let reply = rcpt(&practice(policy.clone()), helo, from, FOREIGN).await;
        assert_eq!(reply.starts_with("250 "), expected, "{policy:?} {helo} {from}: {reply}");
    }
}

#[tokio::test]
async fn a_second_recipient_relays_only_behind_a_local_one() {
    let foreign = "RCPT TO:<u@far.test>";
    let lines = ["HELO a.test", "MAIL FROM:<>", foreign, "RCPT TO:<user>", foreign];
    let replies = talk(&practice(RelayPolicy::SecondRecipient), &lines).await;
    let codes: Vec<&str> = replies.iter().filter_map(|reply| reply.get(..3)).collect();
    assert_eq!(codes, ["220", "250", "250", "454", "250", "250"]);
    let replies = talk(&practice(RelayPolicy::Closed), &lines).await;
    assert!(replies.last().unwrap().starts_with("454 "));

    let either = RelayPolicy::AnyOf(vec![RelayPolicy::SecondRecipient, RelayPolicy::PercentHack]);
    let lines = ["HELO a.test", "MAIL FROM:<>", "RCPT TO:<u%far.test>", foreign];
    let replies = talk(&practice(either), &lines).await;
    assert!(replies.last().unwrap().starts_with("454 "), "the first recipient was foreign too");
}

#[tokio::test]
async fn the_fleet_is_the_table() {
    let fleet = demo_fleet();
    let expected: Vec<(&str, &str)> =
        fleet.iter().map(|server| (server.expect.verdict, server.expect.proof)).collect();
    let (closed, open, unknown) =
        (("closed", "none"), ("open", "suspected"), ("inconclusive", "none"));
    let table = [closed, open, open, open, open, unknown, closed, open, unknown];
    assert_eq!(expected, table);
    let names: std::collections::HashSet<&str> =
        fleet.iter().map(|server| server.behaviour.name.as_str()).collect();
    assert_eq!(names.len(), 9);
    assert!(names.iter().all(|name| name.ends_with(".practice.test")));

    let forms = [
        ("probe.test", "<a@far.test>", FOREIGN),
        ("probe.test", "<a@practice.test>", FOREIGN),
        ("", "<a@far.test>", FOREIGN),
        ("probe.test", "<a@far.test>", "<u%far.test@practice.test>"),
        ("probe.test", "<a@far.test>", "<postmaster@practice.test>"),
        ("probe.test", "<a@far.test>", "<random@practice.test>"),
    ];
    let replies = [
        ["454", "454", "454", "454", "250", "550"],
        ["250", "250", "250", "250", "250", "550"],
        ["454", "250", "454", "454", "250", "550"],
        ["454", "454", "250", "454", "250", "550"],
        ["454", "454", "454", "250", "250", "550"],
        ["451", "451", "451", "451", "451", "451"],
        ["454", "454", "454", "454", "250", "550"],
        ["250", "250", "250", "250", "250", "550"],
        ["554", "554", "554", "554", "554", "554"],
    ];
    for (server, expected) in fleet.iter().zip(replies) {
        for ((helo, from, to), code) in forms.into_iter().zip(expected) {
            let helo = if helo.is_empty() { server.behaviour.name.as_str() } else { helo };
            let reply = rcpt(&server.behaviour, helo, from, to).await;
            assert!(reply.starts_with(code), "{}: {helo} {from} {to}: {reply}", server.title);
        }
    }
}

#[tokio::test]
async fn the_fleet_differs_in_its_limits_and_at_data() {
    let foreign = "RCPT TO:<u@far.test>";
    let lines = ["MAIL FROM:<>", foreign, foreign, foreign, foreign, "DATA", "x", ".", "QUIT"];
    let sessions = [
        (1, vec!["220", "250", "454", "454", "454", "454", "554", "500", "500", "221"]),
        (2, vec!["220", "250", "250", "250", "250", "250", "354", "250", "221"]),
        (7, vec!["220", "250", "454", "454", "454"]),
        (8, vec!["220", "250", "250", "250", "250", "250", "554", "500", "500", "221"]),
    ];
    let fleet = demo_fleet();
    for (number, expected) in sessions {
        let server = fleet.get(number - 1).unwrap();
        let replies = talk(&server.behaviour, &lines).await;
        let codes: Vec<&str> = replies.iter().filter_map(|reply| reply.get(..3)).collect();
        assert_eq!(codes, expected, "{}", server.title);
    }
}

/// A domain that is listed is taken from anyone, in any case of letters; others are not.
#[tokio::test]
async fn domains_whose_mx_names_the_server() {
    let server = practice(RelayPolicy::MxListsTarget(vec!["far.test".into()]));
    let paths = [FOREIGN, "<u@FAR.test>", "<u@sub.far.test>", "<u@other.test>", "<far.test!u>"];
    assert_eq!(accepted(&server, "<>", &paths).await, [FOREIGN, "<u@FAR.test>"]);
}
