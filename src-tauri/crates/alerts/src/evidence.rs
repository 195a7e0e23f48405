//! What stood behind a firing, gathered while it is still there.

use model::{
    Aggregation, Alert, AlertEvidence, AlertRule, FieldOperator, Filter, Labels, NANOS_PER_SECOND,
    RuleSource, SeriesPoints, SeriesRequest, Severity, TagMatcher, TimeRange, Timestamp, TraceOrder,
};
use store::{Snapshot, Store};

use crate::{
    AlertError,
    source::{check_labels, check_value, of_service},
    state::window_seconds,
};

const LEAST_STRETCH_SECONDS: i64 = 15 * 60;
const MOST_POINTS: u32 = 240;
const MOST_LOGS: u32 = 50;
const MOST_TRACES: u32 = 20;
const MOST_RESULTS: u32 = 500;

/// The watched values, the log records and the failed or slow traces of the stretch before `now`:
/// 15 minutes, or four windows if that is longer.
pub(crate) async fn capture(
    store: &Store,
    rule: &AlertRule,
    alert: &Alert,
    now: Timestamp,
) -> Result<AlertEvidence, AlertError> {
    let seconds = (4 * i64::from(window_seconds(&rule.source))).max(LEAST_STRETCH_SECONDS);
    let range = TimeRange::last(seconds, now);
    let snapshot = store.snapshot(range).await?;
    let service = ["service", "service.name"].iter().find_map(|key| alert.labels.get(*key));
    let errors = Filter::SeverityAtLeast { severity: Severity::ERROR };
    let searched = match &rule.source {
        RuleSource::Logs { query: search, .. } => query::parse_log_search(search)?,
        RuleSource::Metric { .. } | RuleSource::Check { .. } => errors,
    };
    let narrowed = |filter: Filter| match service {
        Some(service) => of_service(filter, service),
        None => filter,
    };
    let series = watched(&snapshot, rule, alert, range).await?;
    let (logs, _) = snapshot.logs().search(&narrowed(searched), range, MOST_LOGS, None).await?;
    let failed =
        Filter::Field { key: "status".into(), operator: FieldOperator::Equal, value: "error".into() };
    let (mut traces, _) =
        snapshot.traces().search(&narrowed(failed), range, TraceOrder::Newest, MOST_TRACES / 2).await?;
    let (slow, _) = snapshot
        .traces()
        .search(&narrowed(Filter::everything()), range, TraceOrder::Slowest, MOST_TRACES)
        .await?;
    for trace in slow {
        if traces.len() < MOST_TRACES as usize && !traces.iter().any(|known| known.trace_id == trace.trace_id)
        {
            traces.push(trace);
        }
    }
    let fired_at = alert.fired_at.unwrap_or(now);
    Ok(AlertEvidence { fingerprint: alert.fingerprint.clone(), fired_at, range, series, logs, traces })
}

async fn watched(
    snapshot: &Snapshot,
    rule: &AlertRule,
    alert: &Alert,
    range: TimeRange,
) -> Result<Vec<SeriesPoints>, AlertError> {
    match &rule.source {
        RuleSource::Metric { metric, matchers, aggregation, group_by, .. } => {
            let own = alert.labels.iter().map(|(key, value)| TagMatcher::equal(key, value));
            let request = SeriesRequest {
                metric: metric.clone(),
                matchers: matchers.iter().cloned().chain(own).collect(),
                aggregation: *aggregation,
                group_by: group_by.clone(),
                range,
                step: (*aggregation == Aggregation::Rate || *aggregation == Aggregation::Increase)
                    .then(|| range.step_for(MOST_POINTS).max(15 * NANOS_PER_SECOND)),
                max_points: MOST_POINTS,
                limit: 10,
            };
            Ok(query::series(snapshot, &request).await?.series)
        }
        RuleSource::Check { .. } => {
            let checks = snapshot.history().checks().await?;
            let Some(check) = checks.iter().find(|check| check_labels(check) == alert.labels) else {
                return Ok(Vec::new());
            };
            let mut results = snapshot.history().check_results(&check.id, range, MOST_RESULTS).await?;
            results.reverse();
            let (times, values) = results
                .iter()
                .filter_map(|result| Some((result.time, check_value(check, result, result.time)?)))
                .unzip();
            Ok(vec![SeriesPoints { labels: alert.labels.clone(), times, values }])
        }
        RuleSource::Logs { query: search, .. } => {
            let filter = query::parse_log_search(search)?;
            let filter = match alert.labels.get("service") {
                Some(service) => of_service(filter, service),
                None => filter,
            };
            let counts = snapshot.logs().count(&filter, range, range.step_for(MOST_POINTS)).await?;
            Ok(vec![log_counts_as_series(&counts, alert.labels.clone())])
        }
    }
}

/// The counts of all severities together, as a series.
pub(crate) fn log_counts_as_series(counts: &model::LogCounts, labels: Labels) -> SeriesPoints {
    let total = |index: usize| {
        counts.counts.iter().filter_map(|severity| severity.counts.get(index)).sum::<u64>() as f64
    };
    SeriesPoints { labels, times: counts.times.clone(), values: (0..counts.times.len()).map(total).collect() }
}
