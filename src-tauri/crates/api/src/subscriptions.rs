//! Subscriptions: messages sent to the console, at most four a second per topic.

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use engine::Engine;
use futures_util::Stream;
use model::{Confirmation, EngineStatus, Filter, LogLine, LogRecord, TelemetryBatch};
use runtime::Clock;
use serde_json::Value;
use store::{Changed, Commit};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use crate::{ApiError, Changes, LogTailArguments};

/// The topics.
pub const TOPICS: &[&str] = &["status", "changes", "log_tail", CONFIRMATIONS];

/// The topic of the changes that wait for a confirmation. A session of a browser sees its own.
pub(crate) const CONFIRMATIONS: &str = "confirmations";

/// The messages of one subscription, as JSON.
pub type MessageStream = Pin<Box<dyn Stream<Item = Value> + Send>>;

/// Minimum time between two messages of a topic.
const MIN_INTERVAL: Duration = Duration::from_millis(250);
/// Maximum number of messages queued for a slow reader. Later ones wait.
const QUEUE_LENGTH: usize = 8;
/// Maximum number of lines of a message of `log_tail`. Older ones are dropped.
const MAX_LINES: usize = 500;

/// Begins a subscription. Fails for an unknown topic or invalid arguments.
pub(crate) fn subscribe(engine: &Engine, topic: &str, arguments: Value) -> Result<MessageStream, ApiError> {
    let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
    match topic {
        "status" => {
            tokio::spawn(send_status(engine.clone(), sender));
        }
        "changes" => {
            let clock = engine.clock().clone();
            tokio::spawn(send_changes(
                engine.store().subscribe(),
                engine.settings().watch_file(),
                clock,
                sender,
            ));
        }
        CONFIRMATIONS => {
            tokio::spawn(send_confirmations(engine.confirmations().watch(), sender));
        }
        "log_tail" => {
            let arguments: LogTailArguments = serde_json::from_value(arguments)
                .map_err(|error| ApiError::invalid(format!("arguments of log_tail: {error}")))?;
            let mut filter = query::parse_log_search(&arguments.query)?;
            for matcher in &arguments.matchers {
                filter = filter.and(Filter::from(matcher));
            }
            let matching = query::LogMatcher::new(&filter)?;
            let clock = engine.clock().clone();
            tokio::spawn(send_lines(engine.store().subscribe(), matching, clock, sender));
        }
        _ => return Err(ApiError::not_found(format!("no topic is called {topic:?}"))),
    }
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

async fn send_status(engine: Engine, sender: mpsc::Sender<Value>) {
    let mut statuses = engine.watch_status();
    let mut last: Option<EngineStatus> = None;
    loop {
        let latest = statuses.borrow_and_update().clone();
        if let Some(status) = latest
            && last.as_ref() != Some(&status)
        {
            let Ok(message) = serde_json::to_value(&status) else { return };
            last = Some(status);
            if sender.send(message).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = statuses.changed() => if changed.is_err() { return },
            () = sender.closed() => return,
        }
    }
}

async fn send_confirmations(mut pending: watch::Receiver<Vec<Confirmation>>, sender: mpsc::Sender<Value>) {
    loop {
        let message = serde_json::to_value(&*pending.borrow_and_update());
        let Ok(message) = message else { return };
        if sender.send(message).await.is_err() {
            return;
        }
        tokio::select! {
            changed = pending.changed() => if changed.is_err() { return },
            () = sender.closed() => return,
        }
    }
}

/// Waits for a commit, then collects those of the next quarter of a second. Returns false when the
/// subscription or the store has ended.
async fn collect(
    commits: &mut broadcast::Receiver<Commit>,
    clock: &Clock,
    sender: &mpsc::Sender<Value>,
    mut take: impl FnMut(Commit),
) -> bool {
    let mut until: Option<Instant> = None;
    loop {
        let interval = async {
            match until {
                Some(until) => clock.sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = interval => return true,
            () = sender.closed() => return false,
            commit = commits.recv() => match commit {
                Ok(commit) => {
                    take(commit);
                    until.get_or_insert_with(|| clock.instant() + MIN_INTERVAL);
                }
                // A reader that missed commits has to assume that everything changed.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    take(Commit { telemetry: Vec::new(), changed: everything() });
                    until.get_or_insert_with(|| clock.instant() + MIN_INTERVAL);
                }
                Err(broadcast::error::RecvError::Closed) => return false,
            }
        }
    }
}

fn everything() -> Changed {
    Changed {
        samples: true,
        logs: true,
        spans: true,
        checks: true,
        alerts: true,
        notifications: true,
        findings: true,
        rules: true,
        gaps: true,
    }
}

async fn send_changes(
    mut commits: broadcast::Receiver<Commit>,
    mut settings_file: watch::Receiver<()>,
    clock: Clock,
    sender: mpsc::Sender<Value>,
) {
    loop {
        let mut changed = Changed::default();
        let settings = tokio::select! {
            has_commits = collect(&mut commits, &clock, &sender, |commit| changed = changed.union(commit.changed)) => {
                if !has_commits {
                    return;
                }
                false
            }
            changed_file = settings_file.changed() => {
                if changed_file.is_err() {
                    return;
                }
                true
            }
        };
        if !settings && !changed.any() {
            continue;
        }
        let message = serde_json::to_value(Changes {
            samples: changed.samples,
            logs: changed.logs,
            spans: changed.spans,
            checks: changed.checks,
            alerts: changed.alerts,
            notifications: changed.notifications,
            findings: changed.findings,
            rules: changed.rules,
            gaps: changed.gaps,
            settings,
        });
        let Ok(message) = message else { return };
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

async fn send_lines(
    mut commits: broadcast::Receiver<Commit>,
    matching: query::LogMatcher,
    clock: Clock,
    sender: mpsc::Sender<Value>,
) {
    let mut sequence = 0_u64;
    loop {
        let mut batches: Vec<Arc<TelemetryBatch>> = Vec::new();
        let take = |commit: Commit| {
            batches.extend(commit.telemetry.into_iter().filter(|batch| !batch.logs.is_empty()));
        };
        if !collect(&mut commits, &clock, &sender, take).await {
            return;
        }
        let mut records: Vec<&LogRecord> =
            batches.iter().flat_map(|batch| &batch.logs).filter(|record| matching.matches(record)).collect();
        records.sort_by_key(|record| record.time);
        let skipped = records.len().saturating_sub(MAX_LINES);
        let lines: Vec<LogLine> = records
            .into_iter()
            .skip(skipped)
            .map(|record| {
                sequence += 1;
                line(record, sequence)
            })
            .collect();
        if lines.is_empty() {
            continue;
        }
        let Ok(message) = serde_json::to_value(lines) else { return };
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

/// Makes a line of the tail from a record. Its id is unique within the tail.
fn line(record: &LogRecord, sequence: u64) -> LogLine {
    let mut attributes = record.attributes.clone();
    LogLine {
        flags: attributes.take_flags(),
        id: format!("tail-{sequence}"),
        time: record.time,
        observed_time: record.observed_time,
        severity: record.severity,
        severity_text: record.severity_text.clone(),
        service: record.resource.service().to_owned(),
        body: record.body.clone(),
        attributes: attributes.exact(),
        resource: record.resource.attributes.clone().exact(),
        scope: record.scope.name.clone(),
        scope_version: record.scope.version.clone(),
        trace_id: record.trace_id,
        span_id: record.span_id,
        event_name: record.event_name.clone(),
    }
}
