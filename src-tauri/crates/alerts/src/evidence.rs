//! The evidence of a firing: values, log records and traces, captured while they are stored.

use std::time::Duration;

use model::{Alert, AlertEvidence, FieldOperator, Filter, TimeRange, Timestamp, TraceOrder, value_of_label};
use store::Store;

use crate::{
    AlertError, AlertRule,
    sources::{of_service, reader::SourceReader},
};

/// Deadline of a capture.
const DEADLINE: Duration = Duration::from_secs(20);
/// Shortest range of an evidence, in seconds.
const MIN_RANGE_SECONDS: i64 = 15 * 60;
const MAX_LOGS: u32 = 50;
const MAX_TRACES: u32 = 20;

/// Captures and stores the evidence of a firing in the background.
pub(crate) fn spawn_capture(store: Store, rule: AlertRule, alert: Alert, now: Timestamp) {
    tokio::spawn(async move {
        let capturing = async {
            let range = evidence_range(&rule, now);
            let evidence = capture(&SourceReader::open(&store, range).await?, &rule, &alert, now).await?;
            Ok::<(), AlertError>(store.history().put_evidence(evidence).await?)
        };
        match tokio::time::timeout(DEADLINE, capturing).await {
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
    });
}

/// Returns the range of an evidence: 15 minutes, or four windows if that is longer.
fn evidence_range(rule: &AlertRule, now: Timestamp) -> TimeRange {
    let seconds = 4 * i64::from(rule.source.as_source().window_seconds());
    TimeRange::last(seconds.max(MIN_RANGE_SECONDS), now)
}

/// Reads the source's series, the log records, and the failed and slow traces before `now`.
async fn capture(
    reader: &SourceReader,
    rule: &AlertRule,
    alert: &Alert,
    now: Timestamp,
) -> Result<AlertEvidence, AlertError> {
    let source = rule.source.as_source();
    let range = evidence_range(rule, now);
    let service = value_of_label(&alert.labels, "service");
    let narrowed = |filter: Filter| match service {
        Some(service) => of_service(filter, service),
        None => filter,
    };
    let series = source.evidence(reader, &alert.labels, range).await?;
    let (logs, traces) = (reader.snapshot().logs(), reader.snapshot().traces());
    let (records, _) = logs.search(&narrowed(source.evidence_logs()?), range, MAX_LOGS, None).await?;
    let failed =
        Filter::Field { key: "status".into(), operator: FieldOperator::Equal, value: "error".into() };
    let (mut found, _) = traces.search(&narrowed(failed), range, TraceOrder::Newest, MAX_TRACES / 2).await?;
    let (slow, _) =
        traces.search(&narrowed(Filter::everything()), range, TraceOrder::Slowest, MAX_TRACES).await?;
    for trace in slow {
        if found.len() < MAX_TRACES as usize && !found.iter().any(|known| known.trace_id == trace.trace_id) {
            found.push(trace);
        }
    }
    let fired_at = alert.fired_at.unwrap_or(now);
    Ok(AlertEvidence {
        fingerprint: alert.fingerprint.clone(),
        fired_at,
        range,
        series,
        logs: records,
        traces: found,
    })
}
