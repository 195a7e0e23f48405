//! The collector of metrics of this machine.

#[cfg(target_os = "linux")]
mod linux;
mod metrics;
mod metrics_builder;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
mod processes;
mod reader;
#[cfg(test)]
mod recorded;

use std::time::Duration;

use config::{Host, WatchedProcess};
use model::HealthState;
use runtime::{Clock, HealthReporter, Schedule};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::{batch_writer::BatchWriter, host_name::host_name};
use reader::HostReader;

/// Delay of the second sample, so that rates exist soon.
const SECOND_SAMPLE_DELAY: Duration = Duration::from_secs(1);
/// Duration after which a reading is reported as slow. A file system may not answer.
const SLOW_READING: Duration = Duration::from_secs(10);

/// Writes a batch of host metrics at once, one a second later, then one per interval, until `stop`
/// is cancelled. The service is `host`. Names follow OpenTelemetry's conventions for system and
/// process metrics.
pub async fn run_host(
    settings: Host,
    watched: Vec<WatchedProcess>,
    store: Store,
    clock: Clock,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    if !settings.enabled && watched.is_empty() {
        reporter.report(HealthState::Healthy, "disabled in the settings".to_owned());
        stop.cancelled().await;
        return;
    }
    let interval = Duration::from_secs(u64::from(settings.interval_seconds.max(1)));
    let mut writer = BatchWriter::new(clock.clone(), store, reporter.clone(), stop.clone());
    let mut reader = HostReader::new(host_name(), &settings, &watched);
    let mut schedule = Schedule::new(interval, &host_name());
    let mut is_first = true;
    loop {
        let now = schedule.begin(clock.now());
        let mut reading = tokio::task::spawn_blocking(move || {
            let batch = reader.read(now);
            (reader, batch)
        });
        let read = tokio::select! {
            read = &mut reading => read,
            () = stop.cancelled() => return,
            () = clock.sleep(SLOW_READING) => {
                let message = "reading the host metrics takes more than 10 s; a file system may not respond";
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
                writer.write(batch, "").await;
            }
            Err(error) => {
                reporter.report(HealthState::Unhealthy, format!("reading the host metrics failed: {error}"));
                reader = HostReader::new(host_name(), &settings, &watched);
            }
        }
        let wait = if std::mem::take(&mut is_first) {
            SECOND_SAMPLE_DELAY.min(interval)
        } else {
            schedule.next_delay(clock.now())
        };
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}
