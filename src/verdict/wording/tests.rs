use super::*;

fn names() -> Names {
    let names = ["relay-blocked-530.example", "mx.target.example", "probe.example", "c4n4ry"];
    Names::new(names.map(str::to_owned), &["192.0.2.25".parse().unwrap()])
}

fn class(phase: Phase, text: &str) -> Class {
    names().classify(&Reply::from_text(text).expect(text), phase)
}

/// Relay refusals as real servers say them.
#[test]
fn relay_refusals() {
    let table = [
        "454 4.7.1 <c4n4ry@probe.example>: Relay access denied",
        "554 5.7.1 <c4n4ry@probe.example>: Relay access denied",
        "550 relay not permitted",
        "550 5.7.1 <c4n4ry@probe.example>... Relaying denied",
        "450 4.7.1 <c4n4ry@probe.example>... Relaying denied: IP name lookup failed [192.0.2.9]",
        "550 5.7.1 <c4n4ry@probe.example>... Relaying denied. IP name lookup failed [192.0.2.9]",
        "513 Relaying denied.",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "550 5.7.64 TenantAttribution; Relay Access Denied",
        "550 we do not relay",
        "550-client.example (x) [192.0.2.9] is\n550 not permitted to relay through this server",
    ];
    for text in table {
        assert_eq!(class(Phase::Rcpt, text), Class::RelayDenied, "{text}");
    }
    let invalid = "550 Invalid recipient: <c4n4ry@probe.example>";
    assert_eq!(class(Phase::Rcpt, invalid), Class::InvalidRecipient);
    assert_eq!(class(Phase::Rcpt, "550 Access denied"), Class::Denied);
}

/// Everything else that stands in the way of a verdict.
#[test]
fn other_refusals() {
    let table = [
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using bl.test",
            Class::Listed,
        ),
        (
            "554 5.7.1 <client.test[192.0.2.9]>: Client host rejected: Access denied",
            Class::ClientRefused,
        ),
        ("550 open relay, see the listing in our blacklist", Class::Listed),
        ("450 4.7.25 Client host rejected: cannot find your reverse hostname", Class::Listed),
        ("504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname", Class::HeloRefused),
        (
            "450 4.1.8 <p@audit.example>: Sender address rejected: Domain not found",
            Class::SenderRefused,
        ),
        (
            "550-Verification failed for <p@audit.example>\n550 Sender verify failed",
            Class::SenderRefused,
        ),
        ("530 5.7.0 Must issue a STARTTLS command first", Class::TlsNeeded),
        ("530 5.7.0 Authentication required", Class::AuthNeeded),
        ("503 AUTH first (#5.5.1)", Class::AuthNeeded),
        ("451 4.7.1 Greylisted, try again in 300 seconds", Class::Deferred),
        ("451 4.7.1 Your IP is greylisted", Class::Deferred),
        ("450 4.3.2 Service currently unavailable", Class::Deferred),
        (
            "550 5.1.1 <c4n4ry@probe.example>: Recipient address rejected: User unknown",
            Class::UnknownUser,
        ),
        (
            "550-Callback setup failed while verifying <c4n4ry@probe.example>\n550 x",
            Class::UnknownUser,
        ),
        ("450 4.1.1 <c4n4ry@probe.example>: unverified address: timed out", Class::UnknownUser),
        ("550 Unrouteable address", Class::UnknownUser),
        ("501 <x>: domain missing or malformed", Class::Syntax),
        ("550 restricted characters in address", Class::Syntax),
        ("553 5.1.3 <x>... User address required", Class::Syntax),
        ("550 too many bad recipients", Class::Throttled),
        ("421 4.7.0 mx.target.example Error: too many errors", Class::Throttled),
        ("550 Nein danke", Class::Unworded),
        ("354 go on", Class::Odd),
        ("250 2.1.5 Ok", Class::Accepted),
    ];
    for (text, want) in table {
        assert_eq!(class(Phase::Rcpt, text), want, "{text}");
    }
    assert_eq!(class(Phase::Mail, "553 no such luck"), Class::SenderRefused);
}

/// A name that reads like a verdict means nothing.
#[test]
fn names_are_no_wording() {
    let table = [
        "550 relay-blocked-530.example says no",
        "550 relay-blocked-530.example: <relay.access.denied@x>: no",
        "550 192.0.2.25 [relaying denied] no",
        "550 blocklist@somewhere.test no",
    ];
    for text in table {
        assert_eq!(class(Phase::Rcpt, text), Class::Unworded, "{text}");
    }
}

#[test]
fn alike_looks_past_names() {
    let reply = |text| Reply::from_text(text).unwrap();
    let one = reply("550 5.7.1 <a@probe.example>: go away mx.target.example");
    assert!(names().alike(&one, &reply("550 5.7.1 <b@local.example>: go away")));
    assert!(!names().alike(&one, &reply("554 5.7.1 <b@local.example>: go away")));
    assert!(!names().alike(&one, &reply("550 5.7.1 <b@local.example>: stay")));
}
