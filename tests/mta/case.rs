//! What a case is: a configuration of a server, what is true of it, and what mxaudit must say about it.

use super::place::Place;

/// One server with one configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// The name, in trials and in the table.
    pub(crate) name: &'static str,
    /// One line on what is special about it, shown in the table.
    pub(crate) about: &'static str,
    /// Path and content of each file of its own. Where the paths begin is the family's matter: a boxed family lays
    /// `etc/...` over `/etc`, Postfix's configuration directory takes `main.cf` and whatever stands beside it. The texts may
    /// hold the placeholders of [`Place::fill`].
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// By which techniques it really relays for the stranger.
    pub(crate) relays: Relays,
    /// Whether it takes foreign recipients at `RCPT` and delivers nothing: it refuses the message, throws it away or returns
    /// it. Nobody who stops at `RCPT` can tell this from relaying.
    pub(crate) accepts_only: bool,
    /// The profile with which mxaudit asks for the table.
    pub(crate) profile: &'static str,
    /// What mxaudit must say with it.
    pub(crate) verdict: Verdict,
    /// The reason words that the report must hold.
    pub(crate) reasons: &'static [&'static str],
    /// Whether mxaudit may run into limits.
    pub(crate) limits: Limits,
    /// Whether a client that it trusts can relay with the case's transport. Only where that is shown is a server that
    /// relays nothing known to be closed and not merely broken.
    pub(crate) serves_trusted: bool,
    /// The port at which it is asked.
    pub(crate) port: u16,
    /// How one speaks with it there.
    pub(crate) transport: Transport,
    /// Whether it is asked at its IPv6 address, by a stranger with such an address.
    pub(crate) ipv6: bool,
    /// The techniques that are tried, where not all of them are: each takes long.
    pub(crate) tried: Option<&'static [&'static str]>,
    /// Further arguments for mxaudit.
    pub(crate) arguments: &'static [&'static str],
}

/// What really gets to a foreign recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relays {
    /// Nothing, by any technique.
    Nothing,
    /// Every technique whose greeting, reverse-path and forward-path are ordinary, and whatever else does.
    EverythingPlain,
    /// At least these techniques, by the ids of their probes.
    By(&'static [&'static str]),
}

/// The verdict of mxaudit on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Relays for a stranger.
    Open,
    /// Refuses to relay for a stranger.
    Closed,
    /// Relays under a condition that an outsider can fulfil.
    Conditional,
    /// Nothing can be said.
    Inconclusive,
}

impl Verdict {
    /// The word of the report and the exit code.
    pub(crate) const fn expected(self) -> (&'static str, i32) {
        match self {
            Self::Open => ("open", 1),
            Self::Closed => ("closed", 0),
            Self::Conditional => ("conditional", 1),
            Self::Inconclusive => ("inconclusive", 3),
        }
    }
}

/// The limits on sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// As the server is shipped: an audit must not run into any.
    Stock,
    /// Lower than that: an audit may run into them, and must cope.
    Lowered,
}

/// How one speaks with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// In the clear.
    Plain,
    /// In the clear up to `STARTTLS`.
    StartTls,
    /// Inside TLS from the first byte.
    ImplicitTls,
}

impl Case {
    /// A case that speaks plainly at port 25 with the limits that the server is shipped with.
    pub(crate) const fn new(
        name: &'static str,
        about: &'static str,
        files: &'static [(&'static str, &'static str)],
        relays: Relays,
        verdict: Verdict,
    ) -> Self {
        Self {
            name,
            about,
            files,
            relays,
            accepts_only: false,
            profile: "standard",
            verdict,
            reasons: &[],
            limits: Limits::Stock,
            serves_trusted: true,
            port: 25,
            transport: Transport::Plain,
            ipv6: false,
            tried: None,
            arguments: &[],
        }
    }

    /// Whether it accepts a recipient that is not plainly its own, so that a message can tell more.
    pub(crate) fn takes_strangers(&self) -> bool {
        let may_be_its_own = self.reasons.contains(&"local-control");
        self.relays != Relays::Nothing || self.accepts_only || may_be_its_own
    }

    /// The filled content of the file `path`.
    pub(crate) fn file(&self, path: &str, place: &Place) -> Option<String> {
        let (_, content) = self.files.iter().find(|(name, _)| *name == path)?;
        Some(place.fill(content))
    }
}
