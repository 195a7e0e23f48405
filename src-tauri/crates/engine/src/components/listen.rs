//! Opening the socket of a receiver, with retries while the address is not available.

use std::{io, time::Duration};

use ingest::IngestError;
use model::HealthState;
use runtime::{Clock, HealthReporter};
use tokio_util::sync::CancellationToken;

use crate::status::Protocol;

/// Time between two attempts to open a socket.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// The reason why a receiver does not listen.
#[derive(Debug)]
pub(super) enum ListenError {
    /// The address cannot be listened on.
    Bind(io::Error),
    /// Other machines would reach it unprotected. The text says what is missing.
    Unprotected(String),
}

impl From<io::Error> for ListenError {
    fn from(error: io::Error) -> Self {
        Self::Bind(error)
    }
}

/// Opens a socket through `attempt` and retries until it succeeds. Returns `None` once stopped.
///
/// Each failure is reported to `health`. The first one is logged.
pub(super) async fn open<T, F: Future<Output = Result<T, ListenError>>>(
    clock: &Clock,
    protocol: Protocol,
    address: &str,
    attempt: impl Fn() -> F,
    health: &HealthReporter,
    stop: &CancellationToken,
) -> Option<T> {
    let mut is_logged = false;
    while !stop.is_cancelled() {
        let error = match attempt().await {
            Ok(opened) => return Some(opened),
            Err(error) => error,
        };
        let message = match error {
            ListenError::Bind(error) => bind_message(protocol, address, &error),
            ListenError::Unprotected(reason) => unprotected_message(protocol, address, &reason),
        };
        if !is_logged {
            tracing::error!("{message}");
            is_logged = true;
        }
        health.report(HealthState::Unhealthy, message);
        tokio::select! {
            () = clock.sleep(RETRY_INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
    None
}

/// Reports how serving ended if it failed.
pub(super) fn report_end(served: Result<(), IngestError>, health: &HealthReporter) -> Result<(), String> {
    served.map_err(|error| {
        health.report(HealthState::Unhealthy, error.to_string());
        error.to_string()
    })
}

/// Returns the message for an address that cannot be listened on.
fn bind_message(protocol: Protocol, address: &str, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
        io::ErrorKind::PermissionDenied => format!("this user may not listen on {address}"),
        io::ErrorKind::AddrNotAvailable => format!("{address} is not an address of this machine"),
        _ => format!("cannot listen on {address}: {error}"),
    };
    format!(
        "{} is not received: {reason}. Stop that program or set listen.{} to another address; Binnacle \
         retries every {} s",
        protocol.title,
        protocol.name,
        RETRY_INTERVAL.as_secs()
    )
}

/// Returns the message for an address that other machines would reach unprotected.
fn unprotected_message(protocol: Protocol, address: &str, reason: &str) -> String {
    format!(
        "{} is not received: other machines reach {address}, and {reason}. Correct that, or set listen.{} to \
         a loopback address such as 127.0.0.1",
        protocol.title, protocol.name,
    )
}
