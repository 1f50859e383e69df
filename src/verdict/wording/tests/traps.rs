//! Texts that hold a phrase and do not mean it.

use super::*;

/// A phrase inside a longer word, or across words that do not belong together.
#[test]
fn phrases_inside_words_and_across_sentences() {
    check(
        Class::Unworded,
        &[
            "550 verbl no",
            "550 marble and garbled",
            "550 rdnssec",
            "550 could not relay-check the message",
            "550 relay-access-denied",
            "550 prelaying denied",
            "550 spfx and inspf",
            "550 heloise and mehelo",
            "550 nostarttls",
            "550 your hosting ended",
            "550 unbanned",
            "550 no syntax errorless",
        ],
    );
    // Two sentences are not one phrase.
    check(
        Class::Denied,
        &[
            "550 Message for relay. Access denied.",
            "550 relay: access denied",
            "550 no relay; access denied!",
        ],
    );
    check(
        Class::Unworded,
        &["550 not a relay! denied", "550 user. unknown", "550 sender: address"],
    );
}

/// A block that speaks of relays is no refusal to relay.
#[test]
fn blocks_that_mention_relays() {
    check(
        Class::Listed,
        &[
            "550 open relay, see the listing in our blacklist",
            "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using relays.bl.test",
            "554 blocked using relay-denied.example, open relay: relaying denied",
            "550 5.7.1 Mail from 192.0.2.9 refused; insecure mail relay, listed in bl.test",
            "550 blacklisted: your server is permitted to relay for anyone",
            "550 blocked using bl.test; we are unable to relay your mail",
        ],
    );
    check(
        Class::ClientRefused,
        &[
            "550 your mail server is an open relay",
            "550 your host is permitted to relay by anyone: open relay",
        ],
    );
    // The name of a list, or a link, is no wording about relaying.
    check(
        Class::Unworded,
        &[
            "550 see http://help.test/relaying/denied",
            "550 see https://help.test/relay-not-permitted",
            "550 relaying.denied.test says no",
            "550 no (relay.access.denied)",
        ],
    );
}

/// What another server said while it was asked is not this server's word.
#[test]
fn relay_words_of_another_server() {
    check(
        Class::Unverified,
        &[
            "550-Callout verification failed:\n550 550 5.7.1 <c4n4ry@probe.example>... Relaying denied",
            "550-Callout verification failed:\n550 550 relay not permitted",
            "550-Callout verification failed:\n550 550 5.7.1 Null sender refused",
            "550-Callout verification failed:\n550 554 blocked using zen.spamhaus.org",
            "550-Callout verification failed:\n550 530 5.7.0 Authentication required",
            "550 5.1.1 <c4n4ry@probe.example>: Recipient address rejected: undeliverable address: host mx.probe.example[192.0.2.1] said: 554 5.7.1 <c4n4ry@probe.example>: Relay access denied (in reply to RCPT TO command)",
            "450 4.1.1 <c4n4ry@probe.example>: unverified address: host mx.probe.example said: 454 4.7.1 Relay access denied",
            "550-Callback setup failed while verifying <c4n4ry@probe.example>\n550-(result of an earlier callout reused).\n550 The initial connection, or a HELO or MAIL FROM:<> command was rejected.",
        ],
    );
}

/// A server that cannot relay just now is not one that will not.
#[test]
fn relaying_that_fails_for_the_moment() {
    check(
        Class::Deferred,
        &[
            "451 4.4.0 Unable to relay message at this time",
            "450 cannot relay now",
            "451 4.7.1 greylisted; relay access denied until then",
        ],
    );
    check(Class::RelayDenied, &["550 Unable to relay", "454 relay access denied"]);
}

/// Words about logging in inside a block, or about the sender's own proof.
#[test]
fn auth_words_in_blocks() {
    check(
        Class::Listed,
        &[
            "550 5.7.1 Your IP is in the PBL: please authenticate, or use SMTP AUTH",
            "554 5.7.1 Client host rejected: dynamic IP address, authentication required",
            "550 blocked using bl.test; authentication required",
            "530 5.7.1 blocked using bl.test",
        ],
    );
    check(Class::ClientRefused, &["550 Client host rejected: authentication required"]);
    check(
        Class::SenderRefused,
        &[
            "550 5.7.26 This mail is unauthenticated; requires authentication with SPF or DKIM",
            "550 Sender address rejected: authentication required",
        ],
    );
    check(
        Class::Unworded,
        &["550 not authenticated by us", "550 unauthenticated", "550 authentic"],
    );
}

/// Too much of something else.
#[test]
fn too_many_of_what() {
    check(Class::Unworded, &["554 5.4.6 too many hops", "550 too many Received headers"]);
    check(Class::Throttled, &["554 too many errors", "550 too many hosts connected"]);
}

/// A domain that is unknown is not a user that is.
#[test]
fn unknown_what() {
    check(Class::UnknownUser, &["550 user <x> does not exist", "550 unknown user"]);
    check(Class::UnknownDomain, &["550 domain does not exist", "550 unknown host"]);
    check(Class::SenderRefused, &["550 sender domain does not exist", "550 unknown sender"]);
}
