//! The cases: a `.cf` file each, laid on top of `base.cf`.

use super::super::case::{Case, Limits, Relays, Verdict};

/// A case whose `main.cf` is the file `<name>.cf`.
macro_rules! case {
    ($name:literal, $about:literal, $relays:expr, $verdict:expr) => {
        Case::new(
            $name,
            $about,
            &[("main.cf", include_str!(concat!($name, ".cf")))],
            $relays,
            $verdict,
        )
    };
}

/// Every case.
pub(super) static CASES: [Case; 12] = [
    case!("stock", "the restrictions that Postfix ships", Relays::Nothing, Verdict::Closed),
    case!(
        "wide-open",
        "lets every client through before the relay check",
        Relays::EverythingPlain,
        Verdict::Open
    ),
    case!(
        "local-sender",
        "relays for senders in its own domain",
        Relays::By(&["relay-sender-host", "relay-sender-local-domain"]),
        Verdict::Open
    ),
    case!(
        "helo-trust",
        "relays for who greets with its name",
        Relays::By(&["relay-helo-own-name"]),
        Verdict::Open
    ),
    case!(
        "dnsbl-block",
        "blocks the auditor's address, in words that do not speak of relaying",
        Relays::Nothing,
        Verdict::Inconclusive
    ),
    case!(
        "helo-trust-greylisted",
        "as helo-trust, behind a greylist that never ends",
        Relays::Nothing,
        Verdict::Inconclusive
    ),
    case!(
        "block-exempt-postmaster",
        "blocks the auditor's address, but not for postmaster",
        Relays::Nothing,
        Verdict::Inconclusive
    ),
    case!("reject-wording", "refuses with 554 instead of 454", Relays::Nothing, Verdict::Closed),
    Case {
        limits: Limits::Lowered,
        ..case!(
            "low-error-limit",
            "ends the session after one refusal",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "low-error-limit-open",
            "ends the session after one refusal, and relays everything",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
    case!(
        "percent-hole",
        "sends user%domain on to user@domain",
        Relays::By(&["relay-percent-host", "relay-percent-local-domain"]),
        Verdict::Open
    ),
    case!("catch-all", "takes mail for every local user", Relays::Nothing, Verdict::Closed),
];
