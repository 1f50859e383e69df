//! `mxaudit catch`: the server of the canary's own mail domain.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::catcher::{Catcher, Deadlines, Notice, Settings, Store};
use crate::evidence::Arrival;
use crate::report::escape::{capped, terminal};
use crate::target::name;

use super::args::CatchArgs;
use super::complain;
use super::exit::{Exit, Failure};
use super::interrupt::Signals;

/// How many notices wait for a slow reader; more are dropped, and the store has them all.
const WAITING: usize = 4096;
/// The time between two lines about the same matter on standard error.
const BETWEEN_REMARKS: Duration = Duration::from_secs(60);
/// How long the last lines may take.
const LAST_LINES: Duration = Duration::from_secs(1);

pub(super) fn catch(args: &CatchArgs) -> Result<Exit, Failure> {
    let domain = name::normalise(&args.domain)
        .map_err(|error| Failure::usage(format!("--domain: {error}")))?;
    let own_name = match &args.name {
        Some(text) => {
            name::normalise(text).map_err(|error| Failure::usage(format!("--name: {error}")))?
        }
        None => domain.clone(),
    };
    let settings =
        Settings { domain: domain.clone(), name: own_name, deadlines: Deadlines::default() };
    super::runtime()?.block_on(async {
        let listen_fault = |error| listen_failure(args.listen, &error);
        let catcher = Catcher::bind(args.listen, settings).await.map_err(listen_fault)?;
        let address = catcher.address().map_err(listen_fault)?;
        let path = args.store.display();
        let store = Store::open(&args.store)
            .map_err(|error| Failure::usage(format!("--store {path}: {error}")))?;
        let mut signals = Signals::take();
        if store.repaired() > 0 {
            complain(&format!("{path}: cut off an unfinished last line, never confirmed"));
        }
        complain(&format!("taking mail for {domain} on {address}; arrivals go to {path}"));
        let (sender, notices) = sync_channel(WAITING);
        let (done, ended) = sync_channel(1);
        thread::spawn(move || {
            tell(&notices);
            let _ = done.send(());
        });
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move {
            signals.next().await;
            complain("stopping: messages at hand are finished");
            stopping.cancel();
        });
        catcher.run(store, sender, stop).await;
        let _ = ended.recv_timeout(LAST_LINES);
        Ok(Exit::Clean)
    })
}

fn listen_failure(listen: SocketAddr, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "something else listens there; stop it or take another port".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        io::ErrorKind::PermissionDenied => format!(
            "not permitted; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE ({error})"
        ),
        _ => error.to_string(),
    };
    Failure::usage(format!("--listen {listen}: {why}"))
}

/// Prints what happens until the catcher has ended: arrivals on standard output, the rest, seldom,
/// on standard error.
fn tell(notices: &Receiver<Notice>) {
    let mut remarks = Remarks::default();
    loop {
        match notices.recv_timeout(Duration::from_secs(1)) {
            Ok(Notice::Arrived(arrival)) => {
                let mut out = io::stdout().lock();
                // A reader that has gone away is no fault.
                let _ = writeln!(out, "{}", line_of(&arrival)).and_then(|()| out.flush());
            }
            Ok(Notice::Tokenless) => remarks.tokenless.count += 1,
            Ok(Notice::TurnedAway) => remarks.turned_away.count += 1,
            Ok(Notice::StoreFault(why)) => {
                remarks.store_faults.count += 1;
                remarks.why = why;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return remarks.make(None),
        }
        remarks.make(Some(Instant::now()));
    }
}

/// One line, of words that hold no blanks.
fn line_of(arrival: &Arrival) -> String {
    let client = arrival.client.map_or_else(|| "-".to_owned(), |client| client.to_string());
    let helo: String = arrival.helo.as_deref().unwrap_or("-").split_whitespace().collect();
    let kind = if arrival.bounce { "bounce" } else { "message" };
    let helo = capped(&terminal(&helo), 100);
    format!("{} {} from {client} {helo} {kind}", arrival.at, terminal(&arrival.token))
}

/// What is said seldom.
#[derive(Debug, Default)]
struct Remarks {
    tokenless: Ration,
    turned_away: Ration,
    store_faults: Ration,
    why: String,
}

impl Remarks {
    /// Makes the remarks that are due; all of them when there is no time left.
    fn make(&mut self, now: Option<Instant>) {
        if let Some(count) = self.tokenless.due(now) {
            complain(&format!("messages without a token, taken and not stored: {count}"));
        }
        if let Some(count) = self.turned_away.due(now) {
            complain(&format!("connections turned away with 421, too many at once: {count}"));
        }
        if let Some(count) = self.store_faults.due(now) {
            complain(&format!("{}; writes that failed, answered with 451: {count}", self.why));
        }
    }
}

/// Counts, and lets the count through once in a while.
#[derive(Debug, Default)]
struct Ration {
    count: u64,
    last: Option<Instant>,
}

impl Ration {
    fn due(&mut self, now: Option<Instant>) -> Option<u64> {
        let early = |(last, now): (Instant, Instant)| now.duration_since(last) < BETWEEN_REMARKS;
        if self.count == 0 || self.last.zip(now).is_some_and(early) {
            return None;
        }
        self.last = now;
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_is_one_plain_line() {
        let text = r#"{"token":"mxa1abcdefghijklmnopqrstuvwx","at":"2026-01-02T03:04:05Z",
            "client":"192.0.2.1","helo":"a\r\n b\u001b[31m","reverse_path":"","forward_paths":[],
            "received":[],"bounce":true,"size":3}"#;
        let arrival = Arrival::from_line(text.as_bytes()).unwrap();
        assert_eq!(
            line_of(&arrival),
            "2026-01-02T03:04:05Z mxa1abcdefghijklmnopqrstuvwx from 192.0.2.1 ab\\u{1b}[31m bounce"
        );
    }

    #[test]
    fn remarks_are_rationed() {
        let start = Instant::now();
        let at = |seconds| Some(start + Duration::from_secs(seconds));
        let mut ration = Ration::default();
        assert_eq!(ration.due(at(0)), None);
        ration.count = 1;
        assert_eq!(ration.due(at(1)), Some(1));
        ration.count = 2;
        assert_eq!(ration.due(at(2)), None);
        ration.count = 3;
        assert_eq!(ration.due(at(61)), Some(3));
        ration.count = 4;
        assert_eq!(ration.due(None), Some(4), "at the end all is said");
    }
}
