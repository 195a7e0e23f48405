//! Background analysis: looks at every service and at the machine now and then and keeps what is out of
//! the ordinary as findings.

use std::time::Duration;

use model::{
    Aggregation, AnalysisRequest, Finding, FindingKind, HealthState, Labels, MatchOperator, NANOS_PER_SECOND,
    PartReporter, ServiceFigure, ServicesRequest, Subject, TagMatcher, TimeRange, Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, now};

/// How far back a pass looks.
const LOOK_BACK_SECONDS: i64 = 6 * 3600;
/// Telemetry may come in this late.
const LATENESS_SECONDS: i64 = 60;
/// An anomaly counts as new while its end is at most this old.
const RECENT_SECONDS: i64 = 30 * 60;
/// Services a pass looks at, at most; the busiest first.
const MOST_SERVICES: usize = 50;
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
    let mut findings = Vec::new();
    for service in services.into_iter().take(MOST_SERVICES).map(|service| service.service) {
        for figure in [ServiceFigure::P95, ServiceFigure::ErrorRatio, ServiceFigure::Rate] {
            let subject = Subject::Service { service: service.clone(), figure };
            findings.extend(anomalies(engine, subject, range, now).await?);
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

async fn anomalies(
    engine: &Engine,
    subject: Subject,
    range: TimeRange,
    now: Timestamp,
) -> Result<Vec<Finding>, EngineError> {
    let Subject::Service { service, figure } = &subject else { return Ok(Vec::new()) };
    let (service, figure) = (service.clone(), *figure);
    let answer = match engine.analyse(&AnalysisRequest { subject, range, max_points: 360 }).await {
        Ok(answer) => answer,
        // The service fell silent since the list was made.
        Err(EngineError::Refused(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let recent = now.offset(-RECENT_SECONDS * NANOS_PER_SECOND);
    let name = figure_name(figure);
    Ok(answer
        .band
        .anomalies
        .iter()
        .filter(|stretch| stretch.range.end >= recent)
        .map(|stretch| {
            let direction = if stretch.extreme > stretch.expected { "above" } else { "below" };
            Finding {
                id: format!("anomaly/{service}/{name}/{}", stretch.range.start.0),
                kind: FindingKind::Anomaly,
                title: format!("{service}: {name} {direction} the expected"),
                detail: format!(
                    "{} against {} expected, {:.0} robust standard deviations away",
                    analysis::figures::format(stretch.extreme, &answer.unit),
                    analysis::figures::format(stretch.expected, &answer.unit),
                    stretch.score
                ),
                service: service.clone(),
                metric: name.to_owned(),
                labels: Labels::new(),
                range: stretch.range,
                noticed_at: now,
                score: stretch.score,
            }
        })
        .collect())
}

fn figure_name(figure: ServiceFigure) -> &'static str {
    match figure {
        ServiceFigure::Rate => "rate",
        ServiceFigure::ErrorRatio => "errors",
        ServiceFigure::P50 => "median duration",
        ServiceFigure::P95 => "duration",
    }
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
