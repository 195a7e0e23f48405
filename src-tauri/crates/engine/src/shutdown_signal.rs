//! The signals that ask a program to end.

use std::io;

use tokio_util::sync::CancellationToken;

/// Returns a token that SIGTERM or SIGINT cancels. A second signal ends the program at once.
///
/// Must be called inside a tokio runtime. Fails if the system does not allow signals to be caught.
pub fn shutdown_signal() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    let mut terminate = TerminateSignal::new()?;
    tokio::spawn(async move {
        for count in 0.. {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = terminate.received() => {}
            }
            if count > 0 {
                std::process::exit(130);
            }
            cancelled.cancel();
        }
    });
    Ok(stop)
}

#[cfg(unix)]
struct TerminateSignal(tokio::signal::unix::Signal);

#[cfg(unix)]
impl TerminateSignal {
    fn new() -> io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map(Self)
    }

    async fn received(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct TerminateSignal;

#[cfg(not(unix))]
impl TerminateSignal {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn received(&mut self) {
        std::future::pending().await
    }
}
