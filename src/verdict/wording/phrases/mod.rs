//! The phrases that servers use, by meaning.
//!
//! A phrase matches whole words within one sentence; a `*` at its end leaves the last word open.
//! Apostrophes are left out of words, hyphens stay in them, and `_` stands for a name or an
//! address (see [`super::text`]).

mod found;
mod recipient;
mod us;

pub(super) use found::Found;
use recipient::*;
use us::*;

/// Names the lists of phrases, so that each has a bit in [`Found`].
macro_rules! lists {
    ($($name:ident: $phrases:ident)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum List { $($name),+ }

        const LISTS: &[(List, &[&str])] = &[$((List::$name, $phrases)),+];
    };
}

lists! {
    RelayFirm: RELAY_FIRM
    RelayWeak: RELAY_WEAK
    OpenRelay: OPEN_RELAY
    Quoted: QUOTED
    SenderVerification: SENDER_VERIFICATION
    Content: CONTENT
    AccessDenied: ACCESS_DENIED
    UnknownDomain: UNKNOWN_DOMAIN
    UnknownUser: UNKNOWN_USER
    Unverified: UNVERIFIED
    Syntax: SYNTAX
    RouteAddress: ROUTE_ADDRESS
    InvalidRecipient: INVALID_RECIPIENT
    MailboxUnavailable: MAILBOX_UNAVAILABLE
    Tls: TLS
    TlsHint: TLS_HINT
    Auth: AUTH
    Throttled: THROTTLED
    NotThrottled: NOT_THROTTLED
    TooManyErrors: TOO_MANY_ERRORS
    Greylist: GREYLIST
    Helo: HELO
    Sequence: SEQUENCE
    Sender: SENDER
    Listed: LISTED
    Client: CLIENT
}

/// A refusal to relay, in a firm wording that nobody uses for anything else.
const RELAY_FIRM: &[&str] = &[
    "relay access denied",
    "relay access is denied",
    "relaying access denied",
    "relay denied",
    "relay is denied",
    "relaying denied",
    "relaying is denied",
    "relay temporarily denied",
    "relaying temporarily denied",
    "relaying to _ denied",
    "relay not permitted",
    "relay is not permitted",
    "relaying not permitted",
    "relaying is not permitted",
    "relay not allowed",
    "relay is not allowed",
    "relaying not allowed",
    "relaying is not allowed",
    "relaying mail is not allowed",
    "relaying mail to _ is not allowed",
    "relay prohibited",
    "relay is prohibited",
    "relaying prohibited",
    "relaying is prohibited",
    "relay rejected",
    "relaying rejected",
    "relay refused",
    "relaying refused",
    "relay forbidden",
    "relaying forbidden",
    "relay not authorized",
    "relaying not authorized",
    "relay disabled",
    "relaying disabled",
    "relaying is disabled",
    "no relaying",
    "unauthorized relay",
    "unauthorized relaying",
    "not a gateway",
    "not permitted to relay",
    "not allowed to relay",
    "not authorized to relay",
    "not authorised to relay",
    "not configured to relay",
    "prefers not to relay",
    "we do not relay",
    "we dont relay",
    "rcpthosts",
    "tenantattribution",
    "non-accepted domain",
];

/// Words of a refusal to relay that an unable server or a block may use too.
const RELAY_WEAK: &[&str] = &[
    "unable to relay",
    "cannot relay",
    "can not relay",
    "cant relay",
    "do not relay",
    "does not relay",
    "dont relay",
    "doesnt relay",
    "will not relay",
    "wont relay",
    "may not relay",
    "refuse to relay",
    "permitted to relay",
    "allowed to relay",
    "authorized to relay",
    "authorised to relay",
    "allowed to be relayed",
];

/// What a block says of the client that it blocks.
const OPEN_RELAY: &[&str] = &[
    "open relay",
    "open relays",
    "open-relay",
    "open-relays",
    "open mail relay",
    "insecure relay",
    "insecure mail relay",
    "third party relay*",
    "third-party relay*",
];

/// The reply passes on what another server said.
const QUOTED: &[&str] = &[
    "callout*",
    "callback*",
    "undeliverable address",
    "unverified address",
    "in reply to",
    "host _ said",
    "host _ _ said",
    "host said",
    "server said",
];

/// The verification of a sender, by asking another server or not.
const SENDER_VERIFICATION: &[&str] =
    &["sender verif*", "sender callout*", "sender callback*", "verify sender", "verifying sender"];

/// The message is refused for what is in it.
const CONTENT: &[&str] = &[
    "spam*",
    "unsolicited",
    "bulk mail",
    "junk",
    "virus*",
    "malware",
    "infected",
    "phish*",
    "content*",
    "attachment*",
    "message size*",
    "message too large",
    "message too big",
    "too large",
    "size limit*",
    "bad header*",
    "header*",
    "line too long",
    "lines longer",
    "malformed",
    "dmarc",
    "spf",
    "dkim",
];

/// Old Sendmail kits say it of relaying, others of clients.
const ACCESS_DENIED: &[&str] = &["access denied"];
