//! The servers of the demonstration and what an audit must say of each.

use super::behaviour::{Behaviour, Block, BlockStage, ErrorLimit, RelayPolicy, Temporary};

/// The domain that every server of the demonstration takes mail for.
pub const LOCAL_DOMAIN: &str = "practice.test";

/// One server of the demonstration.
#[derive(Clone, Debug)]
pub struct DemoServer {
    /// What it does.
    pub behaviour: Behaviour,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What an audit must find.
    pub expect: Expectation,
    /// What the server shows.
    pub why: &'static str,
}

/// The right result of an audit, in the words of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// `closed`, `open` or `inconclusive`.
    pub verdict: &'static str,
    /// `none` or `suspected`.
    pub proof: &'static str,
}

const CLOSED: Expectation = Expectation { verdict: "closed", proof: "none" };
const OPEN: Expectation = Expectation { verdict: "open", proof: "suspected" };
const INCONCLUSIVE: Expectation = Expectation { verdict: "inconclusive", proof: "none" };

/// The nine servers, in the order in which they are shown.
pub fn demo_fleet() -> Vec<DemoServer> {
    vec![
        DemoServer {
            behaviour: closed("mx-closed"),
            title: "closed, stock wording 454 4.7.1 Relay access denied",
            expect: CLOSED,
            why: "a 4xx refusal is not greylisting",
        },
        DemoServer {
            behaviour: relaying("mx-open", RelayPolicy::Open),
            title: "wide open",
            expect: OPEN,
            why: "all foreign forms",
        },
        DemoServer {
            behaviour: relaying("mx-local-sender", RelayPolicy::LocalSender),
            title: "trusts a local sender",
            expect: OPEN,
            why: "through the local-sender probes only",
        },
        DemoServer {
            behaviour: relaying("mx-own-helo", RelayPolicy::HeloIsOwnName),
            title: "trusts HELO as itself",
            expect: OPEN,
            why: "through H01 only",
        },
        DemoServer {
            behaviour: relaying("mx-percent", RelayPolicy::PercentHack),
            title: "percent hole (refuses unknown local users)",
            expect: OPEN,
            why: "through the percent forms; the random-user control is refused",
        },
        DemoServer {
            behaviour: Behaviour {
                temporary: Some(Temporary::Always {
                    reply: "451 4.7.1 Greylisted, try again in 300 seconds".into(),
                }),
                ..closed("mx-greylist")
            },
            title: "greylists everything",
            expect: INCONCLUSIVE,
            why: "deferred, remedy named",
        },
        DemoServer {
            behaviour: Behaviour {
                error_limit: Some(ErrorLimit::HangUpAfterErrors(3)),
                ..closed("mx-hangup")
            },
            title: "hangs up after three errors, closed",
            expect: CLOSED,
            why: "resumed on new connections",
        },
        DemoServer {
            behaviour: Behaviour {
                refuse_data: Some("554 5.7.1 Relay access denied".into()),
                ..relaying("mx-data", RelayPolicy::Open)
            },
            title: "accepts RCPT, refuses DATA",
            expect: OPEN,
            why: "only --confirm can tell: the report says so",
        },
        DemoServer {
            behaviour: Behaviour {
                block_client: Some(Block {
                    stage: BlockStage::Rcpt,
                    reply: "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using \
                            bl.practice.test"
                        .into(),
                    exempt_postmaster: false,
                }),
                ..closed("mx-blocked")
            },
            title: "blocks our address with a list's wording",
            expect: INCONCLUSIVE,
            why: "a block is not a pass",
        },
    ]
}

fn closed(label: &str) -> Behaviour {
    Behaviour {
        name: format!("{label}.{LOCAL_DOMAIN}"),
        local_domains: vec![LOCAL_DOMAIN.into()],
        ..Behaviour::closed()
    }
}

fn relaying(label: &str, relay: RelayPolicy) -> Behaviour {
    Behaviour { relay, ..closed(label) }
}
