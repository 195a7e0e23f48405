//! The collector of log files.

mod files;
mod lines;
mod position;
mod tailed_file;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{Local, Offset, TimeZone};
use config::LogFile;
use log_formats::{Context, ParsedRecord};
use model::{Attributes, HealthState, LogRecord, Resource, TelemetryBatch, Timestamp};
use runtime::{Backoff, Clock, HealthReporter, RetryAfter, RetryPolicy, retry_while_busy};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{home_folder, host_name::host_name};
use files::{FollowedFiles, Poll, TailedRecord};

/// Interval between two polls of the files.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Maximum number of records in one batch.
const MAX_RECORDS: usize = 2_000;
/// Minimum delay before the next attempt to write.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(50);
/// Maximum delay before the next attempt to write.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

/// Follows a log file, or the files that match a name with `*`, through rotation and truncation
/// until `stop` is cancelled. A position in `state_folder` moves after the commit of the records
/// before it. A restart loses nothing; it stores records twice only if the process was killed
/// between the two steps.
pub async fn run_tail(
    file: LogFile,
    store: Store,
    clock: Clock,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let path = home_folder::expand(&file.path);
    let mut followed = FollowedFiles::new(&path, file.from_start, &state_folder);
    let mut tail =
        Tail { file, clock: clock.clone(), store, reporter, stop: stop.clone(), host: host_name() };
    while !stop.is_cancelled() {
        let polled = tokio::task::spawn_blocking(move || {
            let poll = followed.poll(MAX_RECORDS);
            (followed, poll)
        });
        let poll;
        (followed, poll) = match polled.await {
            Ok(polled) => polled,
            Err(error) => return tail.give_up(&error.to_string()).await,
        };
        let (count, more) = (poll.records.len(), poll.more);
        tail.report(&poll);
        if count > 0 {
            let Some(stored) = tail.store_records(poll.records).await else { return };
            let advanced = tokio::task::spawn_blocking(move || {
                let advanced = followed.advance(&stored);
                (followed, advanced)
            });
            let advanced = match advanced.await {
                Ok((returned, advanced)) => {
                    followed = returned;
                    advanced
                }
                Err(error) => return tail.give_up(&error.to_string()).await,
            };
            if let Err(error) = advanced {
                let message = format!("cannot store the position in the file: {error}");
                tail.reporter.report(HealthState::Degraded, message);
            }
        }
        if !more {
            tokio::select! {
                () = clock.sleep(POLL_INTERVAL) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

struct Tail {
    file: LogFile,
    clock: Clock,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
    host: String,
}

impl Tail {
    fn report(&self, poll: &Poll) {
        match &poll.problem {
            Some(problem) => self.reporter.report(HealthState::Degraded, problem.clone()),
            None if poll.files == 0 => {
                let message = format!("there is no file {} yet", self.file.path);
                self.reporter.report(HealthState::Degraded, message);
            }
            None => self.reporter.healthy(),
        }
    }

    async fn give_up(&mut self, reason: &str) {
        self.reporter.report(HealthState::Unhealthy, format!("following the file failed: {reason}"));
        self.stop.cancelled().await;
    }

    /// Writes the records and retries until the store accepts them. Returns none if stopped before
    /// the commit.
    async fn store_records(&self, records: Vec<TailedRecord>) -> Option<Vec<TailedRecord>> {
        let service = self.file.service.clone();
        let host = self.host.clone();
        let now = self.clock.now();
        let context = Context { now, zone: Local.timestamp_nanos(now.0).offset().fix() };
        let parsed = tokio::task::spawn_blocking(move || {
            let logs = log_records(&records, &service, &host, &context);
            (records, logs)
        });
        let (records, logs) = match parsed.await {
            Ok(parsed) => parsed,
            Err(error) => {
                self.reporter.report(HealthState::Unhealthy, format!("reading log lines failed: {error}"));
                self.stop.cancelled().await;
                return None;
            }
        };
        let batch = TelemetryBatch { logs, ..TelemetryBatch::default() };
        let policy = RetryPolicy::unlimited().with_backoff(Backoff::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY));
        let write = || self.write(batch.clone());
        match retry_while_busy(&self.clock, policy, self.stop.cancelled(), write).await {
            Ok(()) => Some(records),
            Err(_) => {
                self.stop.cancelled().await;
                None
            }
        }
    }

    /// Writes a batch once. Reports an error, unless the store is only busy.
    async fn write(&self, batch: TelemetryBatch) -> Result<(), WriteError> {
        let Err(error) = self.store.write(batch).await else { return Ok(()) };
        if !matches!(error, StoreError::Busy { .. } | StoreError::Closed) {
            self.reporter.report(HealthState::Unhealthy, error.to_string());
        }
        Err(WriteError(error))
    }
}

/// A failed write, which is retried until the store is closed.
struct WriteError(StoreError);

impl RetryAfter for WriteError {
    fn retry_after(&self) -> Option<Duration> {
        match &self.0 {
            StoreError::Closed => None,
            error => Some(error.retry_after().unwrap_or(MIN_RETRY_DELAY).min(MAX_RETRY_DELAY)),
        }
    }
}

/// Converts the records to telemetry. A record without a time gets the time of reading.
fn log_records(records: &[TailedRecord], service: &str, host: &str, context: &Context) -> Vec<LogRecord> {
    let mut resources: HashMap<&Path, Arc<Resource>> = HashMap::new();
    records
        .iter()
        .map(|tailed| {
            let resource = resources.entry(&tailed.path).or_insert_with(|| {
                let stem = tailed.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let name = if service.is_empty() { stem.unwrap_or_default() } else { service.to_owned() };
                let attributes = Attributes::new().with("service.name", name).with("host.name", host);
                Arc::new(Resource { attributes })
            });
            log_record(
                tailed,
                resource.clone(),
                context.now,
                log_formats::parse(&tailed.record.text, context),
            )
        })
        .collect()
}

fn log_record(
    tailed: &TailedRecord,
    resource: Arc<Resource>,
    now: Timestamp,
    line: ParsedRecord,
) -> LogRecord {
    LogRecord {
        time: line.time.unwrap_or(now),
        observed_time: now,
        severity: line.severity,
        severity_text: line.severity_text,
        body: line.body,
        resource,
        scope: Arc::default(),
        attributes: line.attributes.with("log.file.path", tailed.path.to_string_lossy().into_owned()),
        trace_id: line.trace_id,
        span_id: line.span_id,
        event_name: String::new(),
    }
}
