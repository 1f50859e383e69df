//! The lab: every server with a place of its own, and all that they share.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Error, Result, anyhow, ensure};

use super::audit::{self, Audit};
use super::boxed::Running;
use super::case::Case;
use super::catcher::Catcher;
use super::family::{FAMILIES, Family, Server};
use super::matrix::Row;
use super::nmap::{self, Word};
use super::place::Place;
use super::sink::Sink;
use super::truth::{self, Truth};
use super::watch::Watch;
use super::{
    HARNESS6, SINK, STRANGER6, TRUSTED6, certificate, dns, isolation, judge, loopback, record,
};

/// All that the trials share. Fields are dropped in this order.
#[derive(Debug)]
pub(crate) struct Lab {
    slots: Vec<Slot>,
    _dns: Running,
    /// Where every message arrives.
    pub(crate) sink: Sink,
    catcher: Catcher,
    watch: Watch,
    /// Why no server can be asked over IPv6.
    no_ipv6: Option<String>,
    directory: tempfile::TempDir,
}

/// One server's part of the lab.
struct Slot {
    family: &'static dyn Family,
    case: &'static Case,
    place: Place,
    state: Mutex<State>,
}

/// What is known of one server.
#[derive(Debug, Default)]
struct State {
    server: Option<Result<Box<dyn Server>, String>>,
    truth: Option<Truth>,
    /// Whether the audit for the table was begun.
    audited: bool,
    audit: Option<Audit>,
    /// Verdict and proof after the messages.
    confirmed: Option<(String, String)>,
    nmap: Option<Word>,
}

/// A server that a trial has to itself.
pub(crate) struct Turn<'a> {
    lab: &'a Lab,
    slot: &'a Slot,
    state: MutexGuard<'a, State>,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}::{}", self.family.name(), self.case.name)
    }
}

impl Lab {
    /// Makes what the servers need; that it cannot be made is the machine's fault and not a server's.
    ///
    /// # Errors
    ///
    /// Says what is missing.
    pub(crate) fn prepare() -> Result<Self> {
        ensure!(isolation::root(), "the servers need root to start");
        ensure!(isolation::isolated(), "no network and mount namespace can be made");
        dns::available()?;
        loopback::up()?;
        let directory = tempfile::Builder::new()
            .prefix("mxaudit-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()?;
        let (certificate, key) = certificate::write(directory.path())?;
        let mut slots = Vec::new();
        for family in FAMILIES {
            for (number, case) in (1..).zip(family.cases()) {
                let place = Place {
                    family: family.number(),
                    number,
                    directory: directory.path().join(format!("{}-{number}", family.name())),
                    certificate: certificate.clone(),
                    key: key.clone(),
                };
                loopback::add(place.address())?;
                slots.push(Slot { family, case, place, state: Mutex::default() });
            }
        }
        nmap::from_the_stranger()?;
        let six = || -> Result<()> {
            [STRANGER6, TRUSTED6, HARNESS6].into_iter().try_for_each(loopback::add6)?;
            let asked = slots.iter().filter(|slot| slot.case.ipv6);
            asked.map(|slot| slot.place.address6()).try_for_each(loopback::add6)
        };
        let no_ipv6 = six().err().map(|error| format!("{error:#}"));
        let names = directory.path().join("unbound");
        let places: Vec<_> = slots.iter().map(|slot| slot.place.clone()).collect();
        let dns = dns::start(&names, &places).context("the name server does not start")?;
        dns::ask_here(&names)?;
        let (sink, watch) = (Sink::listen(SINK)?, Watch::begin()?);
        let catcher = Catcher::start(directory.path())?;
        Ok(Self { slots, _dns: dns, sink, catcher, watch, no_ipv6, directory })
    }

    /// Waits for a server and has it to itself. The server is started if it does not run yet.
    ///
    /// # Errors
    ///
    /// A server that does not start is an error that carries its log.
    pub(crate) fn turn(&self, family: &dyn Family, case: &Case) -> Result<Turn<'_>> {
        let is_asked =
            |slot: &&Slot| slot.family.name() == family.name() && slot.case.name == case.name;
        let slot = self.slots.iter().find(is_asked).context("no such server")?;
        if let (true, Some(reason)) = (case.ipv6, &self.no_ipv6) {
            return Err(anyhow!("no IPv6 on this machine: {reason}"));
        }
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        let server = state.server.get_or_insert_with(|| {
            let started = fs::create_dir(&slot.place.directory)
                .map_err(Into::into)
                .and_then(|()| slot.family.start(slot.case, slot.place.clone()));
            started.map_err(|error| format!("{error:#}"))
        });
        if let Err(error) = server {
            return Err(anyhow!("the server does not start: {error}"));
        }
        Ok(Turn { lab: self, slot, state })
    }

    /// How many servers run at this moment.
    pub(crate) fn running(&self) -> usize {
        let runs = |slot: &&Slot| {
            let state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
            matches!(state.server, Some(Ok(_)))
        };
        self.slots.iter().filter(runs).count()
    }

    /// A row for each server of the families that ran as a whole. A server that did not come so far has none.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for family in FAMILIES {
            let own = self.slots.iter().filter(|slot| slot.family.name() == family.name());
            if own.clone().all(Slot::is_tried) {
                rows.extend(own.filter_map(Slot::row));
            }
        }
        rows
    }
}

impl Slot {
    /// Whether its audit was begun, or could not be because it does not start.
    fn is_tried(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.audited || matches!(state.server, Some(Err(_)))
    }

    fn row(&self) -> Option<Row> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (truth, audit) = (state.truth.as_ref()?, state.audit.as_ref()?);
        Some(Row {
            server: format!("{self:?}"),
            about: self.case.about,
            relays: (truth.relays().len(), truth.attempts.len()),
            returned: truth.returned(),
            accepts_only: self.case.accepts_only,
            verdict: audit.host.relay.verdict.clone(),
            proof: audit.host.relay.proof.clone(),
            connections: audit.dialogues.len(),
            commands: audit.dialogues.iter().map(audit::Dialogue::commands).sum(),
            confirmed: state.confirmed.clone(),
            nmap: state.nmap.clone(),
        })
    }
}

impl Turn<'_> {
    /// Where the server stands.
    pub(crate) fn place(&self) -> &Place {
        &self.slot.place
    }

    /// The name of its family.
    pub(crate) fn family(&self) -> &'static str {
        self.slot.family.name()
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// There is one for as long as a turn lasts.
    pub(crate) fn server(&self) -> Result<&dyn Server> {
        let server = self.state.server.as_ref().and_then(|server| server.as_ref().ok());
        Ok(&**server.context("no server")?)
    }

    /// What the server really does, found out by the first who asks.
    pub(crate) fn truth(&mut self) -> &Truth {
        let (lab, slot) = (self.lab, self.slot);
        self.state.truth.get_or_insert_with(|| truth::measure(&lab.sink, slot.case, &slot.place))
    }

    /// Keeps the dialogues of the truth, where that is wanted.
    ///
    /// # Errors
    ///
    /// Fails where a file cannot be written.
    pub(crate) fn record(&mut self) -> Result<()> {
        let slot = self.slot;
        let Some(directory) = record::directory(slot.family.name(), slot.case.name)? else {
            return Ok(());
        };
        // Before the truth: what is put off is put off the first time.
        record::recipients(&directory, slot.case, &slot.place)?;
        record::keep(&directory, self.truth())
    }

    /// Begins the audit for the table; says so if that has happened before.
    pub(crate) fn begin_audit(&mut self) -> bool {
        std::mem::replace(&mut self.state.audited, true)
    }

    /// Audits the server with a profile and sees that the audit is polite. Returns what it said, with what the server's
    /// log holds before and after.
    ///
    /// # Errors
    ///
    /// Fails where there is no report, and names the limit that the audit ran into.
    pub(crate) fn audit(&self, profile: &str, confirm: bool) -> Result<(Audit, String, String)> {
        let slot = self.slot;
        let store = confirm.then_some(self.lab.catcher.store.as_path());
        let socket = slot.place.socket(slot.case);
        let directory = self.lab.directory.path().join(format!(
            "{}-{}-{profile}{}",
            slot.family.name(),
            slot.case.name,
            if confirm { "-confirmed" } else { "" }
        ));
        let before = self.server()?.settled_log()?;
        self.lab.watch.most(socket);
        let audit = audit::run(&directory, slot.case, &slot.place, profile, store);
        let most = self.lab.watch.most(socket);
        let after = self.server()?.settled_log()?;
        let audit = audit.map_err(|error| beside(&error, &after))?;
        judge::one_at_a_time(most, &audit)?;
        judge::untold(slot.case, &audit).map_err(|error| beside(&error, &after))?;
        judge::politeness(slot.family, slot.case, &before, &after)
            .map_err(|error| beside(&error, &after))?;
        Ok((audit, before, after))
    }

    /// Checks that what came between two states of the server's log ran into no limit.
    ///
    /// # Errors
    ///
    /// Names the limit.
    pub(crate) fn was_polite(&self, before: &str, after: &str) -> Result<()> {
        judge::politeness(self.slot.family, self.slot.case, before, after)
    }

    /// Keeps the audit that the table shows.
    pub(crate) fn keep_audit(&mut self, audit: Audit) {
        self.state.audit = Some(audit);
    }

    /// Keeps what was said after the messages.
    pub(crate) fn keep_confirmed(&mut self, audit: &Audit) {
        let relay = &audit.host.relay;
        let proof = relay.proof.clone().unwrap_or_default();
        self.state.confirmed = Some((relay.verdict.clone(), proof));
    }

    /// Holds the audit that was kept to the truth.
    ///
    /// # Errors
    ///
    /// Those of `judge`, and that there is no audit yet.
    pub(crate) fn judged(&self, judge: impl FnOnce(&Truth, &Audit) -> Result<()>) -> Result<()> {
        let both = self.state.truth.as_ref().zip(self.state.audit.as_ref());
        let (truth, audit) = both.context("no truth or no audit yet")?;
        judge(truth, audit)
    }

    /// What went wrong, with the server's log.
    pub(crate) fn explained(&self, error: &Error) -> Error {
        let log = self.server().and_then(|server| server.log());
        beside(error, &log.unwrap_or_else(|error| format!("{error:#}")))
    }

    /// Keeps what nmap says.
    ///
    /// # Errors
    ///
    /// Fails where nmap cannot be run.
    pub(crate) fn ask_nmap(&mut self) -> Result<()> {
        self.state.nmap = Some(nmap::ask(self.slot.place.socket(self.slot.case))?);
        Ok(())
    }
}

/// What went wrong, and behind it the log.
fn beside(error: &Error, log: &str) -> Error {
    anyhow!("{error:#}\nlog:\n{log}")
}
