//! Following log files.

mod files;
mod lines;
mod position;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{Local, Offset};
use config::LogFile;
use log_formats::{Context, ParsedRecord};
use model::{Attributes, HealthReporter, HealthState, LogRecord, Resource, TelemetryBatch, Timestamp};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::clock;
use files::{FollowedFiles, Look, Taken};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Records in one batch at most.
const MOST_RECORDS: usize = 2_000;
/// The longest wait before a store that does not take records is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Follows a log file, or the files that fit a name with `*`, through rotation and truncation until `stop` is
/// cancelled. Positions are kept in `state_folder` and move only once the records before them are committed:
/// nothing is lost over a restart, and nothing is stored twice unless the process was killed between the two.
pub async fn run_tail(
    file: LogFile,
    store: Store,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let path = expanded(&file.path);
    let mut followed = FollowedFiles::new(&path, file.from_start, &state_folder);
    let mut tail = Tail { file, store, reporter, stop: stop.clone(), host: clock::host_name() };
    while !stop.is_cancelled() {
        let looked = tokio::task::spawn_blocking(move || {
            let look = followed.look(MOST_RECORDS);
            (followed, look)
        });
        let look;
        (followed, look) = match looked.await {
            Ok(looked) => looked,
            Err(error) => return tail.give_up(&error.to_string()).await,
        };
        let taken = look.taken.len();
        let more = look.more;
        tail.report(&look);
        if taken > 0 {
            let Some(stored) = tail.store_records(look.taken).await else { return };
            let kept = tokio::task::spawn_blocking(move || {
                let kept = followed.stored(&stored);
                (followed, kept)
            });
            let kept = match kept.await {
                Ok((returned, kept)) => {
                    followed = returned;
                    kept
                }
                Err(error) => return tail.give_up(&error.to_string()).await,
            };
            if let Err(error) = kept {
                let message = format!("cannot keep the position in the file: {error}");
                tail.reporter.report(HealthState::Degraded, message);
            }
        }
        if !more {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

/// The path with `~/` replaced by the home folder.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

struct Tail {
    file: LogFile,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
    host: String,
}

impl Tail {
    fn report(&self, look: &Look) {
        match &look.problem {
            Some(problem) => self.reporter.report(HealthState::Degraded, problem.clone()),
            None if look.files == 0 => {
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

    /// Writes the records, as often as it takes; none when stopped before they were committed.
    async fn store_records(&self, taken: Vec<Taken>) -> Option<Vec<Taken>> {
        let service = self.file.service.clone();
        let host = self.host.clone();
        let context = Context { now: clock::now(), zone: Local::now().offset().fix() };
        let parsed = tokio::task::spawn_blocking(move || {
            let logs = log_records(&taken, &service, &host, &context);
            (taken, logs)
        });
        let (taken, logs) = match parsed.await {
            Ok(parsed) => parsed,
            Err(error) => {
                self.reporter.report(HealthState::Unhealthy, format!("reading log lines failed: {error}"));
                self.stop.cancelled().await;
                return None;
            }
        };
        let batch = TelemetryBatch { logs, ..TelemetryBatch::default() };
        let mut wait = Duration::from_millis(50);
        loop {
            let asked_to_wait = match self.store.write(batch.clone()).await {
                Ok(()) => return Some(taken),
                Err(StoreError::Busy { retry_after }) => retry_after,
                Err(StoreError::Closed) => {
                    self.stop.cancelled().await;
                    return None;
                }
                Err(error) => {
                    self.reporter.report(HealthState::Unhealthy, error.to_string());
                    error.retry_after().unwrap_or(wait)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(asked_to_wait.max(wait).min(LONGEST_WAIT)) => {}
                () = self.stop.cancelled() => return None,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// The records as telemetry: times that a line does not tell are the time it was read.
fn log_records(taken: &[Taken], service: &str, host: &str, context: &Context) -> Vec<LogRecord> {
    let mut resources: HashMap<&Path, Arc<Resource>> = HashMap::new();
    taken
        .iter()
        .map(|taken| {
            let resource = resources.entry(&taken.path).or_insert_with(|| {
                let stem = taken.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                let name = if service.is_empty() { stem.unwrap_or_default() } else { service.to_owned() };
                let attributes = Attributes::new().with("service.name", name).with("host.name", host);
                Arc::new(Resource { attributes })
            });
            log_record(taken, resource.clone(), context.now, log_formats::parse(&taken.record.text, context))
        })
        .collect()
}

fn log_record(taken: &Taken, resource: Arc<Resource>, now: Timestamp, line: ParsedRecord) -> LogRecord {
    LogRecord {
        time: line.time.unwrap_or(now),
        observed_time: now,
        severity: line.severity,
        severity_text: line.severity_text,
        body: line.body,
        resource,
        scope: Arc::default(),
        attributes: line.attributes.with("log.file.path", taken.path.to_string_lossy().into_owned()),
        trace_id: line.trace_id,
        span_id: line.span_id,
        event_name: String::new(),
    }
}
