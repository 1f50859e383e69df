//! Texts of real servers.

use super::*;

#[test]
fn relay_refusals() {
    check(
        Class::RelayDenied,
        &[
            // Postfix
            "454 4.7.1 <c4n4ry@probe.example>: Relay access denied",
            "554 5.7.1 <c4n4ry@probe.example>: Relay access denied",
            "554 <c4n4ry@probe.example>: Recipient address rejected: Relay access denied",
            // Exim and cPanel
            "550 relay not permitted",
            "550-Please turn on SMTP Authentication in your mail client.\n550-(client) [192.0.2.66]:36825 is not permitted to relay through\n550 this server without authentication.",
            "550-client.example (x) [192.0.2.9] is currently not permitted to relay\n550-through this server. Perhaps you have not logged into the pop/imap server\n550 in the last 30 minutes",
            "550-relay not\n550 permitted",
            // Sendmail
            "550 5.7.1 <c4n4ry@probe.example>... Relaying denied",
            "450 4.7.1 <c4n4ry@probe.example>... Relaying denied: IP name lookup failed [192.0.2.9]",
            "550 5.7.1 <c4n4ry@probe.example>... Relaying denied. IP name lookup failed [192.0.2.9]",
            "550 5.7.1 <c4n4ry@probe.example>... Relaying denied. Proper authentication required.",
            "450 4.7.1 <c4n4ry@probe.example>... Relaying temporarily denied. Cannot resolve PTR record for 192.0.2.66",
            "550 we do not relay",
            // Courier, qmail, Plesk, spamdyke
            "513 Relaying denied.",
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "553 sorry, that domain isn't in my list of allowed rcpthosts; no valid cert for gatewaying (#5.7.1)",
            "550 Refused. Sending to remote addresses (relaying) is not allowed.",
            // Exchange
            "550 5.7.1 Unable to relay",
            "550 5.7.1 Unable to relay for c4n4ry@probe.example",
            "550 5.7.1 Relaying prohibited",
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            "550 5.7.64 TenantAttribution; Relay Access Denied",
            "550 5.4.1 Relay Access Denied [x.protection.test]",
            // Domino, CommuniGate, Kerio, James and others
            "554 Relay rejected for policy reasons.",
            "571 c4n4ry@probe.example we do not relay",
            "571 mx.target.example prefers not to relay",
            "550 5.7.1 Relaying to <c4n4ry@probe.example> denied",
            "530 5.7.1 Relaying not allowed: c4n4ry@probe.example",
            "550 Relaying prohibited, user is not local",
            "550 5.7.1 routed address relaying denied #131",
            "550 not local host probe.example, not a gateway",
            "551 This server does not relay",
            "550 5.7.0 Mail relay denied [192.0.2.66]. Invalid credentials for relay",
            "554 5.7.1 Client host rejected: Relay access denied",
        ],
    );
    check(Class::InvalidRecipient, &["550 Invalid recipient: <c4n4ry@probe.example>"]);
    check(
        Class::Denied,
        &[
            "550 Access denied",
            "550 5.0.0 Access denied",
            "554 5.7.1 <c4n4ry@probe.example>: Recipient address rejected: Access denied",
            "550 5.4.1 [c4n4ry@probe.example]: Recipient address rejected: Access denied. AS(201806281)",
        ],
    );
}

#[test]
fn tls_and_login() {
    check(
        Class::TlsNeeded,
        &[
            // Sendmail, where its access table wants TLS of a client
            "454 4.7.0 encryption too weak 0 less than 112",
            "503 5.7.0 encryption too weak 0 less than 112",
            "530 5.7.0 Must issue a STARTTLS command first",
            "530 Must issue STARTTLS first.",
            "451 5.7.3 STARTTLS is required to send mail",
            "530 5.7.0 Bring TLS",
            "538 5.7.11 Encryption required for requested authentication mechanism",
        ],
    );
    check(
        Class::AuthNeeded,
        &[
            "530 5.7.0 Authentication required",
            "530 SMTP authentication is required.",
            "503 AUTH first (#5.5.1)",
            "503 This mail server requires authentication when attempting to send to a non-local e-mail address. Please check your mail client settings or contact your administrator",
            "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
            "550 5.7.57 Client not authenticated to send mail",
            "550 SMTP AUTH is required for message submission on port 587",
            "535 5.7.0 authentication required",
            "550 5.7.1 Authentication Required",
        ],
    );
}

#[test]
fn refusals_of_the_client() {
    check(
        Class::Listed,
        &[
            "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using bl.test",
            "554 Service unavailable; Client host [192.0.2.9] blocked using relays.bl.test; This mail was handled by an open relay - please visit http://bl.test/lookup",
            "550 Email blocked by ORDB - to unblock see http://www.example.com/",
            "550 5.7.1 host client.test [192.0.2.9] black listed #120",
            "591 your host is blacklisted by relays.test",
            "550-\"JunkMail rejected - client.test (x) [192.0.2.9]:36825 is in an RBL: see\n550 http://www.spamhaus.org/query/bl\"",
            "550 rejected because 192.0.2.9 is in a black list at dnsbl.test",
            "550 5.7.1 Rejected: 192.0.2.9 listed at dnsbl.test",
            "553 5.3.0 <c4n4ry@probe.example>... Spam blocked see: http://spamcop.net/bl.shtml?192.0.2.9",
            "554 mx.target.example Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
            "450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.9]",
            "550 Client host rejected: cannot find your hostname, [192.0.2.9]",
            "550 5.7.25 [192.0.2.9] no",
            "550 Refused. You have no reverse DNS entry.",
            "550 5.7.1 Mail From Ip Address Refused By Blackhole Site dialups.test",
            "550 5.7.606 Access denied, banned sending IP [192.0.2.9]",
            "550 5.7.708 Access denied, traffic not accepted from this IP",
            "550-5.7.1 [192.0.2.9] Our system has detected an unusual rate of\n550 5.7.1 unsolicited mail originating from your IP address.",
            "550 5.7.1 192.0.2.9 rejected by zen.spamhaus.org",
        ],
    );
    check(
        Class::ClientRefused,
        &[
            "554 5.7.1 <client.test[192.0.2.9]>: Client host rejected: Access denied",
            "550 Your host is not allowed to connect",
            "554 mx.target.example ESMTP not accepting messages",
            "550 5.7.51 TenantInboundAttribution; There is a partner connector configured",
        ],
    );
    check(
        Class::Throttled,
        &[
            "550 too many bad recipients",
            "421 4.7.0 mx.target.example Error: too many errors",
            "421 4.7.1 Connection rate limit exceeded",
            "550 5.7.28 no",
            "554 Too many nonmail commands",
            "501 Too many syntax or protocol errors",
            "501-Too many errors\n501 Too many syntax or protocol errors",
            "501-Too many errors from your address\n501 Goodbye",
            "501-no\n501 Too many connections",
            "550-no\n550 too many errors",
            "450 4.7.1 Error: too much mail, slow down",
            "450 4.7.1 Error: too much mail from 192.0.2.9",
        ],
    );
    check(
        Class::Deferred,
        &[
            "451 4.7.1 Greylisted, try again in 300 seconds",
            "451 4.7.1 Your IP is greylisted",
            "450 4.2.0 <c4n4ry@probe.example>: Recipient address rejected: Greylisted",
            "451-192.0.2.9 is not yet authorized to deliver mail from\n451 <p@audit.example> to <c4n4ry@probe.example>. Please try later.",
            "450 4.3.2 Service currently unavailable",
            "451 4.7.1 Try again later",
            "451 4.7.500 Server busy. Please try again later",
            "451 Temporary local problem - please try later",
            "550 5.7.1 Greylisted",
        ],
    );
}

#[test]
fn refusals_of_name_and_sender() {
    check(
        Class::HeloRefused,
        &[
            "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname",
            "550 REJECTED - Bad HELO - Host impersonating domain name [target.example]",
            "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)",
            "554 5.7.1 <mx.target.example>: Helo command rejected: You are not me",
        ],
    );
    check(
        Class::SenderRefused,
        &[
            "450 4.1.8 <p@audit.example>: Sender address rejected: Domain not found",
            "553 5.1.8 <c4n4ry@probe.example>... Domain of sender address p@audit.example does not exist",
            "550-Verification failed for <p@audit.example>\n550-Unrouteable address\n550 Sender verify failed",
            "550-Callback setup failed while verifying <p@audit.example>\n550-The initial connection, or a HELO or MAIL FROM:<> command was\n550-rejected.\n550 Sender verify failed",
            "553 5.7.1 <postmaster@target.example>: Sender address rejected: not logged in",
            "553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)",
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "550 5.7.1 SPF fail",
            "550 5.7.23 no",
            "550 5.7.27 Sender address has null MX",
            "554 5.7.1 Service unavailable; Sender address [p@audit.example] blocked using dbl.test",
            "550-5.7.26 Unauthenticated email from audit.example is not accepted due to\n550-5.7.26 domain's DMARC policy.\n550 5.7.26 authentication required",
            "550 5.1.0 Sender denied",
        ],
    );
}

#[test]
fn refusals_of_the_recipient() {
    check(
        Class::UnknownUser,
        &[
            "550 5.1.1 <c4n4ry@probe.example>: Recipient address rejected: User unknown",
            "550 5.1.1 <c4n4ry@probe.example>... User unknown",
            "550 Unrouteable address",
            "550 No Such User Here",
            "550 sorry, no mailbox here by that name. (#5.1.1 - chkuser)",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try again",
            "550 5.2.1 <c4n4ry@probe.example>... Mailbox disabled for this recipient",
            "550 Invalid user",
        ],
    );
    check(Class::MailboxUnavailable, &["550 Requested action not taken: mailbox unavailable"]);
    check(
        Class::UnknownDomain,
        &[
            "550 5.1.2 <c4n4ry@probe.example>... Host unknown (Name server: probe.example: host not found)",
            "550 domain probe.example does not exist",
            "556 5.1.10 Recipient address has null MX",
        ],
    );
    check(
        Class::Unverified,
        &[
            "550-Callback setup failed while verifying <c4n4ry@probe.example>\n550 x",
            "550-Callout verification failed:\n550 550 5.1.1 User unknown",
            "550 (result of an earlier callout reused).",
            "550 Previous (cached) callout verification failure",
            "450 4.1.1 <c4n4ry@probe.example>: Recipient address rejected: unverified address: timed out",
            "550 5.1.1 <c4n4ry@probe.example>: Recipient address rejected: undeliverable address: host mx.far.test[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
            "550 Could not verify recipient",
            "450 4.1.4 nein",
        ],
    );
    check(
        Class::Syntax,
        &[
            "553 5.1.3 <c4n4ry@probe.example@mx.target.example>... Invalid route address",
            "553 5.1.2 <c4n4ry@probe.example@>... Invalid route address",
            "501 <x>: domain missing or malformed",
            "501-<x@[192.0.2.25]>: domain literals not allowed\n501 Too many syntax or protocol errors",
            "501 <x>: recipient address must contain a domain",
            "550 restricted characters in address",
            "553 5.1.3 <x>... User address required",
            "501 5.1.3 Bad recipient address syntax",
            "550 5.7.1 UUCP addressing denied #132",
            "500 5.5.2 x",
            "555 5.5.4 x",
        ],
    );
    check(Class::Sequence, &["503 5.5.1 Error: need MAIL command", "504 x"]);
    check(
        Class::Unworded,
        &[
            "550 Delivery is not allowed to this address.",
            "550 I cannot deliver mail for <c4n4ry@probe.example>",
            "550 #5.1.0 Address rejected.",
            "550 Administrative prohibition",
            "502 5.5.1 x",
        ],
    );
}

/// Without a phrase that is known, no language is guessed at.
#[test]
fn other_languages() {
    check(
        Class::Unworded,
        &[
            "550 Nein danke",
            "550 5.7.1 Weiterleitung verweigert",
            "554 5.7.1 Acc\u{e8}s au relais refus\u{e9}",
            "550 5.7.1 Relay-Zugriff verweigert",
            "550 Пересылка запрещена",
            "550 不允许转发",
        ],
    );
}
