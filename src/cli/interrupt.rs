//! Ctrl-C: once to finish what is at hand, twice to drop it. Both end in a report.

use tokio::signal;

use crate::engine::Interrupt;

use super::complain;

/// Watches for Ctrl-C and, on Unix, SIGTERM, for as long as the runtime lives. The signals are
/// taken from the moment that this returns. `once` and `twice` are what is said then.
pub(super) fn watch(interrupt: Interrupt, [once, twice]: [&'static str; 2]) {
    let mut signals = Signals::take();
    tokio::spawn(async move {
        signals.next().await;
        complain(once);
        interrupt.finish.cancel();
        signals.next().await;
        complain(twice);
        interrupt.abort.cancel();
    });
}

/// The signals that stop a run. One that cannot be taken ends the process by itself, as ever.
#[cfg(unix)]
pub(super) struct Signals {
    interrupt: Option<signal::unix::Signal>,
    terminate: Option<signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn take() -> Self {
        use signal::unix::{SignalKind, signal};
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    pub(super) async fn next(&mut self) {
        async fn of(signal: &mut Option<signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = of(&mut self.interrupt) => {}
            () = of(&mut self.terminate) => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn take() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
