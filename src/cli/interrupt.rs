//! Ctrl-C: once to finish what is at hand, twice to drop it. Both end in a report.

use tokio::signal;

use crate::engine::Interrupt;

use super::complain;

/// Watches for Ctrl-C and, on Unix, SIGTERM, for as long as the runtime lives.
pub(super) fn watch(interrupt: Interrupt) {
    tokio::spawn(async move {
        stop_signal().await;
        complain("stopping: no new connections; press Ctrl-C again to drop those at hand");
        interrupt.finish.cancel();
        stop_signal().await;
        complain("dropping all connections; the report holds what was seen");
        interrupt.abort.cancel();
    });
}

#[cfg(unix)]
async fn stop_signal() {
    use signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => ctrl_c().await,
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    ctrl_c().await;
}

async fn ctrl_c() {
    if signal::ctrl_c().await.is_err() {
        // Without a handler the signal ends the process by itself.
        std::future::pending::<()>().await;
    }
}
