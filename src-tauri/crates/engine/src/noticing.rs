//! Background analysis: looks at every service and at the machine now and then and keeps what is out of
//! the ordinary as findings.

mod finding;

use std::time::Duration;

use model::{
    Aggregation, AnalysisRequest, Finding, FindingKind, HealthState, Labels, MatchOperator, NANOS_PER_SECOND,
    PartReporter, ServiceFigure, ServicesRequest, Subject, TagMatcher, TimeRange, Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, now, subject::Fineness};

/// How far back a pass looks.
const LOOK_BACK_SECONDS: i64 = 6 * 3600;
/// Telemetry may come in this late.
const LATENESS_SECONDS: i64 = 60;
/// An anomaly counts as new while its end is at most this old.
const RECENT_SECONDS: i64 = 30 * 60;
/// Services a pass looks at, at most; the busiest first.
const MOST_SERVICES: usize = 50;
/// Findings a pass compares its own with, at most; the latest first.
const MOST_KNOWN: u32 = 2_000;
/// Steps of passes, in seconds.
const STEPS_SECONDS: [i64; 4] = [60, 120, 300, 600];
/// A step is long enough if it usually has this many requests: the 95th percentile of fewer is a matter of chance.
const USUAL_REQUESTS: f64 = 20.0;
/// Steps with fewer requests than this say nothing about durations and failures.
const LEAST_REQUESTS: u64 = 10;
/// A service must have been heard of for this long, in nanoseconds, before anything is out of the ordinary, ...
const LEAST_LEARNT: i64 = 3600 * NANOS_PER_SECOND;
/// ... and for this many steps.
const LEAST_LEARNT_STEPS: i64 = 30;
/// A machine figure must change by this much of its full scale per day to be told.
const LEAST_CHANGE_PER_DAY: f64 = 0.05;

/// Runs passes at the interval of the settings until `stop`.
pub(crate) async fn run(engine: Engine, reporter: PartReporter, stop: CancellationToken) {
    let mut settings = engine.settings().watch();
    // The first pass waits until there is something to look at.
    let mut wait = Duration::from_secs(30);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {
                let enabled = settings.borrow().analysis.enabled;
                match if enabled { pass(&engine, now()).await } else { Ok(()) } {
                    Ok(()) => reporter.healthy(),
                    Err(error) => reporter.report(HealthState::Degraded, error.to_string()),
                }
            }
        }
        wait = Duration::from_secs(60 * u64::from(settings.borrow_and_update().analysis.interval_minutes));
    }
}

async fn pass(engine: &Engine, now: Timestamp) -> Result<(), EngineError> {
    // Senders are a little late; the latest minute is not complete yet.
    let range = TimeRange::last(LOOK_BACK_SECONDS, now.offset(-LATENESS_SECONDS * NANOS_PER_SECOND));
    let request = ServicesRequest { range, matchers: Vec::new(), spark_points: 1 };
    let mut services = engine.store().services(&request).await?;
    services.sort_by(|one, other| other.rate.total_cmp(&one.rate));
    let mut known = engine.store().findings(range, MOST_KNOWN).await?;
    let mut findings = Vec::new();
    for service in services.into_iter().take(MOST_SERVICES) {
        let Some(step) = step_for(service.rate) else { continue };
        for figure in [ServiceFigure::P95, ServiceFigure::ErrorRatio, ServiceFigure::Rate] {
            for finding in anomalies(engine, &service.service, figure, step, range, now).await? {
                findings.push(finding::remembered(finding, &mut known, step));
            }
        }
    }
    for metric in ["system.memory.utilization", "system.filesystem.utilization"] {
        findings.extend(machine_trend(engine, metric, range, now).await?);
    }
    if !findings.is_empty() {
        engine.store().put_findings(findings).await?;
    }
    Ok(())
}

/// The shortest step in which a service of this rate usually has enough requests; none if even the longest has not.
fn step_for(rate: f64) -> Option<i64> {
    STEPS_SECONDS
        .into_iter()
        .find(|seconds| rate * *seconds as f64 >= USUAL_REQUESTS)
        .map(|seconds| seconds * NANOS_PER_SECOND)
}

async fn anomalies(
    engine: &Engine,
    service: &str,
    figure: ServiceFigure,
    step: i64,
    range: TimeRange,
    now: Timestamp,
) -> Result<Vec<Finding>, EngineError> {
    let subject = Subject::Service { service: service.to_owned(), figure };
    let range = TimeRange::new(range.start.floor(step), range.end.floor(step));
    let fineness = Fineness { step, least_requests: LEAST_REQUESTS };
    let study = match engine.study(&subject, range, fineness).await {
        Ok(study) => study,
        // The service fell silent since the list was made.
        Err(EngineError::Refused(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let recent = now.offset(-RECENT_SECONDS * NANOS_PER_SECOND);
    let learnt = study.learnt_from.map(|first| first.offset((LEAST_LEARNT_STEPS * step).max(LEAST_LEARNT)));
    Ok(study
        .answer
        .band
        .anomalies
        .iter()
        .filter(|stretch| {
            stretch.range.end >= recent && learnt.is_some_and(|from| stretch.range.start >= from)
        })
        .filter_map(|stretch| finding::of(service, figure, stretch, step, now))
        .collect())
}

async fn machine_trend(
    engine: &Engine,
    metric: &str,
    range: TimeRange,
    now: Timestamp,
) -> Result<Vec<Finding>, EngineError> {
    let host =
        TagMatcher { key: "service".to_owned(), operator: MatchOperator::Equal, value: "host".to_owned() };
    let subject = Subject::Metric {
        metric: metric.to_owned(),
        matchers: vec![host],
        aggregation: Aggregation::Maximum,
    };
    let answer = engine.analyse(&AnalysisRequest { subject, range, max_points: 180 }).await?;
    let Some(trend) = answer.trend.filter(|trend| {
        trend.significant && trend.points >= 60 && trend.slope_low * 24.0 >= LEAST_CHANGE_PER_DAY
    }) else {
        return Ok(Vec::new());
    };
    // One finding a metric and day, made better by each pass.
    let day = now.0.div_euclid(86_400 * NANOS_PER_SECOND);
    Ok(vec![Finding {
        id: format!("trend/{metric}/{day}"),
        kind: FindingKind::Trend,
        title: format!("{metric} rises"),
        detail: trend.sentence,
        service: "host".to_owned(),
        metric: metric.to_owned(),
        labels: Labels::new(),
        range,
        noticed_at: now,
        score: trend.confidence,
    }])
}
