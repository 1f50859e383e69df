//! What is said of the recipient.

/// The foreign domain, or the sender's, was looked up in vain.
pub(super) const UNKNOWN_DOMAIN: &[&str] = &[
    "domain does not exist",
    "domain doesnt exist",
    "domain _ does not exist",
    "domain not found",
    "domain _ not found",
    "domain unknown",
    "unknown domain",
    "invalid domain",
    "no such domain",
    "host unknown",
    "unknown host",
    "host not found",
    "no valid mx",
    "null mx",
    "nullmx",
    "unresolvable",
    "indicated no smtp service",
];

pub(super) const UNKNOWN_USER: &[&str] = &[
    "user unknown",
    "unknown user",
    "unknown recipient",
    "unknown local*",
    "unknown mailbox",
    "unknown address",
    "recipient unknown",
    "mailbox unknown",
    "address unknown",
    "addressee unknown",
    "no such user",
    "no such local",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no mailbox",
    "does not exist",
    "doesnt exist",
    "mailbox not found",
    "mailbox disabled",
    "recipient not found",
    "address not found",
    "account not found",
    "user not found",
    "invalid mailbox",
    "invalid user",
    "unrouteable",
    "unroutable",
];

/// A verification that failed, without saying whose answer it was.
pub(super) const UNVERIFIED: &[&str] = &[
    "undeliverable",
    "unverified",
    "could not verify",
    "cannot verify",
    "cant verify",
    "unable to verify",
    "verify failed",
    "verification failed",
    "verification failure",
    "recipient verif*",
    "cannot be verified",
    "could not be verified",
];

pub(super) const SYNTAX: &[&str] = &[
    "restricted character",
    "restricted characters",
    "syntax error",
    "bad address syntax",
    "bad recipient address syntax",
    "address syntax",
    "malformed",
    "unqualified",
    "domain literal",
    "domain literals",
    "must contain a domain",
    "source rout*",
    "source-rout*",
    "uucp addressing",
    "illegal address",
    "illegal character*",
];

/// Sendmail numbers it like an unknown domain.
pub(super) const ROUTE_ADDRESS: &[&str] = &["invalid route address"];

/// OpenSMTPD says it of relaying and of unknown users.
pub(super) const INVALID_RECIPIENT: &[&str] = &["invalid recipient"];

/// The text of RFC 5321 for 550, which servers say of anything.
pub(super) const MAILBOX_UNAVAILABLE: &[&str] = &["mailbox unavailable"];
