//! The anomaly detection pass: analyses every service and the machine, stores anomalies and trends
//! as findings.

use model::{
    Aggregation, AnalysisRequest, AnalysisTarget, Finding, FindingKind, Labels, MatchOperator,
    NANOS_PER_SECOND, ServiceMeasure, ServicesRequest, TagMatcher, TimeRange, Timestamp,
};
use store::Store;

use crate::{
    InsightError,
    analysis::{analyze, analyze_target},
    findings,
    resolution::Resolution,
    training_range,
};

/// Length of the analysed range, in seconds.
const RANGE_SECONDS: i64 = 6 * 3600;
/// Seconds senders may be late.
const MAX_LATENESS_SECONDS: i64 = 60;
/// An anomaly is reported while its end is at most this old, in seconds.
const RECENT_SECONDS: i64 = 30 * 60;
/// Maximum number of services of a pass, the busiest first.
const MAX_SERVICES: usize = 50;
/// Maximum number of stored findings a pass compares its own with, the latest first.
const MAX_KNOWN: u32 = 2_000;
/// Step lengths of a pass, in seconds.
const STEPS_SECONDS: [i64; 4] = [60, 120, 300, 600];
/// A step is long enough if it has this many requests on average. The 95th percentile of fewer is
/// chance.
const TYPICAL_REQUESTS: f64 = 20.0;
/// Steps with fewer requests have no duration and no error ratio.
const MIN_REQUESTS: u64 = 10;
/// Nanoseconds of data before the first anomaly of a service. The larger of this and
/// [`MIN_TRAINING_STEPS`] holds.
const MIN_TRAINING: i64 = 3600 * NANOS_PER_SECOND;
/// Steps of data before the first anomaly of a service.
const MIN_TRAINING_STEPS: i64 = 30;
/// Minimum change of a machine metric per day, as a share of its full scale.
const MIN_CHANGE_PER_DAY: f64 = 0.05;
/// Minimum number of points of a machine trend.
const MIN_TREND_POINTS: u32 = 60;
/// Machine metrics that are checked for a rising trend.
const MACHINE_METRICS: [&str; 2] = ["system.memory.utilization", "system.filesystem.utilization"];

/// Runs one pass over the six hours before `now` and stores what it found.
pub async fn detect_anomalies(store: &Store, now: Timestamp) -> Result<(), InsightError> {
    // The latest minute is incomplete: senders are a little late.
    let range = TimeRange::last(RANGE_SECONDS, now.offset(-MAX_LATENESS_SECONDS * NANOS_PER_SECOND));
    let request = ServicesRequest { range, matchers: Vec::new(), spark_points: 1 };
    let mut services = store.traces().services(&request).await?;
    services.sort_by(|one, other| other.rate.total_cmp(&one.rate));
    let mut known = store.history().findings(range, MAX_KNOWN).await?;
    let mut found = Vec::new();
    for service in services.into_iter().take(MAX_SERVICES) {
        let Some(step) = step_for(service.rate) else { continue };
        for measure in [ServiceMeasure::P95, ServiceMeasure::ErrorRatio, ServiceMeasure::Rate] {
            for finding in anomalies(store, &service.service, measure, step, range, now).await? {
                found.push(findings::merge_known(finding, &mut known, step));
            }
        }
    }
    for metric in MACHINE_METRICS {
        found.extend(machine_trend(store, metric, range, now).await?);
    }
    if !found.is_empty() {
        store.history().put_findings(found).await?;
    }
    Ok(())
}

/// Returns the shortest step with enough requests at this rate. None if the longest has too few.
fn step_for(rate: f64) -> Option<i64> {
    STEPS_SECONDS
        .into_iter()
        .find(|seconds| rate * *seconds as f64 >= TYPICAL_REQUESTS)
        .map(|seconds| seconds * NANOS_PER_SECOND)
}

async fn anomalies(
    store: &Store,
    service: &str,
    measure: ServiceMeasure,
    step: i64,
    range: TimeRange,
    now: Timestamp,
) -> Result<Vec<Finding>, InsightError> {
    let target = AnalysisTarget::Service { service: service.to_owned(), measure };
    let range = TimeRange::new(range.start.floor(step), range.end.floor(step));
    let resolution = Resolution { step, min_requests: MIN_REQUESTS };
    let snapshot = store.snapshot(training_range::around(range, step)).await?;
    let result = match analyze_target(&snapshot, &target, range, resolution, now).await {
        Ok(result) => result,
        // The service's last request left the range after the list was read.
        Err(InsightError::NoRequests { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let recent = now.offset(-RECENT_SECONDS * NANOS_PER_SECOND);
    let trained =
        result.trained_from.map(|first| first.offset((MIN_TRAINING_STEPS * step).max(MIN_TRAINING)));
    Ok(result
        .answer
        .band
        .anomalies
        .iter()
        .filter(|anomaly| {
            anomaly.range.end >= recent && trained.is_some_and(|from| anomaly.range.start >= from)
        })
        .filter_map(|anomaly| findings::from_anomaly(service, measure, anomaly, step, now))
        .collect())
}

async fn machine_trend(
    store: &Store,
    metric: &str,
    range: TimeRange,
    now: Timestamp,
) -> Result<Vec<Finding>, InsightError> {
    let host =
        TagMatcher { key: "service".to_owned(), operator: MatchOperator::Equal, value: "host".to_owned() };
    let target = AnalysisTarget::Metric {
        metric: metric.to_owned(),
        matchers: vec![host],
        aggregation: Aggregation::Maximum,
    };
    let request = AnalysisRequest { target, range, max_points: 180 };
    let answer = analyze(store, &request, now).await?;
    let Some(trend) = answer.trend.filter(|trend| {
        trend.significant && trend.points >= MIN_TREND_POINTS && trend.slope_low * 24.0 >= MIN_CHANGE_PER_DAY
    }) else {
        return Ok(Vec::new());
    };
    // Each pass of a day overwrites the metric's finding of that day.
    let day = now.0.div_euclid(86_400 * NANOS_PER_SECOND);
    Ok(vec![Finding {
        id: format!("trend/{metric}/{day}"),
        kind: FindingKind::Trend,
        title: format!("{metric} rises"),
        detail: trend.summary,
        service: "host".to_owned(),
        metric: metric.to_owned(),
        labels: Labels::new(),
        range,
        detected_at: now,
        score: trend.confidence,
    }])
}
