//! Metrics of this machine.

#[cfg(test)]
mod fixture;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
mod processes;
mod reader;
mod telling;
mod vitals;

use std::time::Duration;

use config::{Host, WatchedProcess};
use model::{Cadence, HealthReporter, HealthState};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::{clock, delivery::Delivery};
use reader::HostReader;

/// How long after the first sample the second follows, so that rates are there at once.
const SECOND_SAMPLE: Duration = Duration::from_secs(1);
/// A reading that takes longer is told: a file system that does not answer can hold it up.
const SLOW_READING: Duration = Duration::from_secs(10);

/// Writes one batch of host metrics at once, one a second later, and then one at its place in each interval, with
/// OpenTelemetry's names for system and process metrics and the service `host`, until `stop` is cancelled.
pub async fn run_host(
    settings: Host,
    watched: Vec<WatchedProcess>,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    if !settings.enabled && watched.is_empty() {
        reporter.report(HealthState::Healthy, "turned off in the settings".to_owned());
        stop.cancelled().await;
        return;
    }
    let interval = Duration::from_secs(u64::from(settings.interval_seconds.max(1)));
    let mut delivery = Delivery::new(store, reporter.clone(), stop.clone());
    let mut reader = HostReader::new(clock::host_name(), &settings, &watched);
    let mut cadence = Cadence::new(interval, &clock::host_name());
    let mut is_first = true;
    loop {
        let now = cadence.begin(clock::now());
        let mut reading = tokio::task::spawn_blocking(move || {
            let batch = reader.read(now);
            (reader, batch)
        });
        let read = tokio::select! {
            read = &mut reading => read,
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SLOW_READING) => {
                let message = "reading the state of this machine takes long; a file system may not answer";
                reporter.report(HealthState::Degraded, message.to_owned());
                tokio::select! {
                    read = &mut reading => read,
                    () = stop.cancelled() => return,
                }
            }
        };
        match read {
            Ok((returned, batch)) => {
                reader = returned;
                delivery.write(batch, "").await;
            }
            Err(error) => {
                reporter.report(HealthState::Unhealthy, format!("reading this machine failed: {error}"));
                reader = HostReader::new(clock::host_name(), &settings, &watched);
            }
        }
        let wait = if std::mem::take(&mut is_first) {
            SECOND_SAMPLE.min(interval)
        } else {
            cadence.next_wait(clock::now())
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}
