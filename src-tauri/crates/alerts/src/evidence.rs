//! The evidence of a firing: values, log records and traces, captured while they are stored.
//!
//! One task captures it, beside the evaluation of rules. It follows a queue of limited length.

use std::{collections::HashMap, sync::Arc, time::Duration};

use model::{
    Alert, AlertEvidence, FieldOperator, Filter, LogLine, TimeRange, Timestamp, TraceOrder, TraceSummary,
    value_of_label,
};
use runtime::Clock;
use store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    AlertError, AlertRule,
    sources::{Source, of_service, reader::SourceReader},
};

/// Deadline of the captures of one evaluation.
const DEADLINE: Duration = Duration::from_secs(20);
/// Alerts of one evaluation with evidence. When many begin to fire at once they have one cause.
const MAX_ALERTS: usize = 10;
/// Evaluations in the queue.
const MAX_QUEUED: usize = 100;
/// Shortest range of an evidence, in seconds.
const MIN_RANGE_SECONDS: i64 = 15 * 60;
const MAX_LOGS: u32 = 50;
const MAX_TRACES: u32 = 20;

/// The alerts of one rule that began to fire at one time.
struct Firing {
    rule: AlertRule,
    alerts: Vec<Alert>,
    time: Timestamp,
}

/// The queue of firings whose evidence is to be captured.
pub(crate) struct EvidenceQueue(mpsc::Sender<Firing>);

impl EvidenceQueue {
    /// Starts the task that captures evidence until `stop`.
    pub(crate) fn start(store: Store, clock: Clock, stop: CancellationToken) -> Self {
        let (sender, mut firings) = mpsc::channel::<Firing>(MAX_QUEUED);
        tokio::spawn(async move {
            while let Some(Some(firing)) = stop.run_until_cancelled(firings.recv()).await {
                stop.run_until_cancelled(capture_all(&store, &clock, &firing)).await;
            }
        });
        Self(sender)
    }

    /// Queues the alerts of a rule that began to fire. Of many only the first get evidence.
    pub(crate) fn add(&self, rule: &AlertRule, mut alerts: Vec<Alert>, time: Timestamp) {
        if alerts.is_empty() {
            return;
        }
        let count = alerts.len();
        alerts.truncate(MAX_ALERTS);
        if count > MAX_ALERTS {
            tracing::info!(rule = %rule.name, "evidence of {MAX_ALERTS} of {count} alerts is captured");
        }
        if self.0.try_send(Firing { rule: rule.clone(), alerts, time }).is_err() {
            tracing::warn!(rule = %rule.name, "evidence of firing alerts not captured: the queue is full");
        }
    }
}

/// Captures and stores the evidence of a firing.
async fn capture_all(store: &Store, clock: &Clock, firing: &Firing) {
    let rule = &firing.rule;
    let capturing = async {
        let range = evidence_range(rule, firing.time);
        let mut capture = Capture {
            reader: SourceReader::open(store, range).await?,
            source: rule.source.as_source(),
            range,
            records: HashMap::new(),
        };
        for alert in &firing.alerts {
            let evidence = capture.evidence(alert, firing.time).await?;
            store.history().put_evidence(evidence).await?;
        }
        Ok::<(), AlertError>(())
    };
    match clock.timeout(DEADLINE, capturing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(rule = %rule.name, %error, "evidence of a firing alert not captured");
        }
        Err(_) => tracing::warn!(
            rule = %rule.name,
            "evidence of a firing alert not captured within {} s",
            DEADLINE.as_secs()
        ),
    }
}

/// Returns the range of an evidence: 15 minutes, or four windows if that is longer.
fn evidence_range(rule: &AlertRule, now: Timestamp) -> TimeRange {
    let seconds = 4 * i64::from(rule.source.as_source().window_seconds());
    TimeRange::last(seconds.max(MIN_RANGE_SECONDS), now)
}

/// Log records and traces of one service.
type Records = (Vec<LogLine>, Vec<TraceSummary>);

/// The captures of one firing. They share a snapshot, and the records of each service.
struct Capture<'rule> {
    reader: SourceReader,
    source: &'rule dyn Source,
    range: TimeRange,
    records: HashMap<Option<String>, Arc<Records>>,
}

impl Capture<'_> {
    /// Reads the source's series, the log records, and the failed and slow traces before `now`.
    async fn evidence(&mut self, alert: &Alert, now: Timestamp) -> Result<AlertEvidence, AlertError> {
        let service = value_of_label(&alert.labels, "service").map(str::to_owned);
        let series = self.source.evidence(&self.reader, &alert.labels, self.range).await?;
        let records = match self.records.get(&service) {
            Some(records) => Arc::clone(records),
            None => {
                let records = Arc::new(self.read_records(service.as_deref()).await?);
                self.records.insert(service, Arc::clone(&records));
                records
            }
        };
        let (logs, traces) = (*records).clone();
        let fired_at = alert.fired_at.unwrap_or(now);
        let fingerprint = alert.fingerprint.clone();
        Ok(AlertEvidence { fingerprint, fired_at, range: self.range, series, logs, traces })
    }

    /// Reads the log records and traces of a service, or of all.
    async fn read_records(&self, service: Option<&str>) -> Result<Records, AlertError> {
        let narrowed = |filter: Filter| match service {
            Some(service) => of_service(filter, service),
            None => filter,
        };
        let (range, snapshot) = (self.range, self.reader.snapshot());
        let (logs, traces) = (snapshot.logs(), snapshot.traces());
        let (records, _) =
            logs.search(&narrowed(self.source.evidence_logs()?), range, MAX_LOGS, None).await?;
        let failed =
            Filter::Field { key: "status".into(), operator: FieldOperator::Equal, value: "error".into() };
        let (mut found, _) =
            traces.search(&narrowed(failed), range, TraceOrder::Newest, MAX_TRACES / 2).await?;
        let everything = narrowed(Filter::everything());
        let (slow, _) = traces.search(&everything, range, TraceOrder::Slowest, MAX_TRACES).await?;
        for trace in slow {
            let is_known = found.iter().any(|known| known.trace_id == trace.trace_id);
            if found.len() < MAX_TRACES as usize && !is_known {
                found.push(trace);
            }
        }
        Ok((records, found))
    }
}
