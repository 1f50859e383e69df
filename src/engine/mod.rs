//! The course of one host, and many hosts at once.

mod budget;
mod confirm;
mod host;
mod letter;
mod line;
mod listing;
mod moments;
mod pace;
mod plan;
mod put_off;
mod runner;
mod sweep;
mod targets;
mod turn;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use budget::Budget;
pub use letter::{LetterError, Letters};
pub use listing::{Allowance, ListPlan, ProvedLists, ask_lists};
pub use moments::most_checks;
pub use pace::Rates;
pub use sweep::{Ended, Job, Limits, sweep};
pub use targets::{Expansion, ExpansionError, NotProbed, expand, taker_of, takers};

use crate::evidence::matrix::{CellKey, Expected};
use crate::evidence::{Evidence, Identity, Stop};
use crate::net::Dialer;
use crate::probe::{Library, Profile};
use crate::session::{Credentials, Deadlines, PopTls};
use crate::target::Target;

/// The wait before deferred forms are asked again where one host is looked at: a name server may
/// have answered late, a policy service may have been busy. Greylists want minutes, which
/// [`Settings::greylist_wait`] is for.
pub const RETRY_WAIT: Duration = Duration::from_secs(5);

/// What a run is made of. One for all hosts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The probes to choose from.
    pub library: Arc<Library>,
    /// Which of them.
    pub profile: Profile,
    /// The profile that a host is asked with too where the first one does not show it plainly closed.
    pub deeper: Option<Profile>,
    /// What the user wants asked at all.
    pub wanted: Wanted,
    /// Who asks.
    pub identity: Identity,
    /// The auditor asserts that the connections come from outside.
    pub outside_asserted: bool,
    /// How long to wait for replies.
    pub deadlines: Deadlines,
    /// How long one host may take.
    pub host_deadline: Duration,
    /// The wait before deferred forms are asked again; zero means none.
    pub retry_wait: Duration,
    /// A second, longer wait for what is still deferred; zero means none.
    pub greylist_wait: Duration,
    /// What one connection may cost the server.
    pub budget: Budget,
    /// What accepted forms are confirmed with; `None` stops at RCPT.
    pub letters: Option<Letters>,
    /// Hosts at once.
    pub max_hosts: usize,
    /// Random tokens of the run come from this.
    pub seed: u64,
    /// The relay matrix, where it is wanted.
    pub matrix: Option<MatrixSettings>,
    /// POP-before-SMTP, where it is to be looked for.
    pub pop: Option<PopSettings>,
}

/// Which clients the relay matrix is asked as, beside a stranger.
#[derive(Clone, Debug, Default)]
pub struct MatrixSettings {
    /// An address of this machine that the servers trust.
    pub trusted_source: Option<IpAddr>,
    /// An account to log in with.
    pub account: Option<Credentials>,
    /// Log in without TLS where the server offers none.
    pub auth_in_clear: bool,
    /// What the user wants of cells, where it is not the rule.
    pub expected: Vec<(CellKey, Expected)>,
}

/// How POP-before-SMTP is looked for.
#[derive(Clone, Debug)]
pub struct PopSettings {
    /// The account to log in with.
    pub account: Credentials,
    /// The POP3 servers to try in turn, and how the password is kept secret there.
    pub servers: Vec<(Target, PopTls)>,
    /// For how long after the login to ask at most.
    pub window: Duration,
}

/// The parts of an audit, by the categories of the grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The relay probes.
    pub relay: bool,
    /// What is asked beside them only to see which mail the server refuses.
    pub operations: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { relay: true, operations: true }
    }
}

/// How the user stops a run.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Finish the exchange at hand and dial no more.
    pub finish: CancellationToken,
    /// Drop everything.
    pub abort: CancellationToken,
}

/// Audits all targets, several at once, each over one connection at a time. The evidence comes in
/// the order of the targets. `done` is called as each host ends.
pub async fn audit(
    targets: Vec<Target>,
    settings: Arc<Settings>,
    dialer: Arc<dyn Dialer>,
    interrupt: Interrupt,
    done: impl Fn(&Evidence),
) -> Vec<Evidence> {
    // One connection at a time to an address, whatever the number of its ports.
    let mut turns: HashMap<IpAddr, Arc<Semaphore>> = HashMap::new();
    for target in &targets {
        turns.entry(target.address()).or_insert_with(|| Arc::new(Semaphore::new(1)));
    }
    let job = |(index, target): (usize, Target)| {
        let (settings, dialer) = (Arc::clone(&settings), Arc::clone(&dialer));
        let turn = turns.get(&target.address()).cloned();
        let interrupt = interrupt.clone();
        async move {
            let _turn = match turn {
                Some(turn) => turn.acquire_owned().await.ok(),
                None => None,
            };
            let blank = blank(&target, &settings);
            let free = Arc::default();
            let course = host::audit_host(index as u64, target, settings, dialer, interrupt, free);
            // A task of its own, so that a fault in one host ends that host only.
            let evidence = match tokio::spawn(course).await {
                Ok((evidence, _)) => evidence,
                Err(_) => Evidence { stopped: Some(Stop::Internal), ..blank },
            };
            (index, evidence)
        }
    };
    let jobs = stream::iter(targets.into_iter().enumerate()).map(job);
    let mut finished: Vec<_> = jobs
        .buffer_unordered(settings.max_hosts.max(1))
        .inspect(|(_, evidence)| done(evidence))
        .collect()
        .await;
    finished.sort_by_key(|(index, _)| *index);
    finished.into_iter().map(|(_, evidence)| evidence).collect()
}

/// The identity for one target: the mail domain that it was found by is a local one.
fn blank(target: &Target, settings: &Settings) -> Evidence {
    let mut identity = settings.identity.clone();
    if let Some(domain) = target.mail_domain() {
        identity.local_domains.retain(|known| known != domain);
        identity.local_domains.insert(0, domain.to_owned());
    }
    Evidence::new(target.clone(), identity, settings.outside_asserted)
}

/// The name to greet with when the user gave none: the literal of the source address.
fn own_helo(identity: &Identity, local: IpAddr) -> String {
    identity.helo.clone().unwrap_or_else(|| crate::smtp::literal(local))
}
