//! Rules on rates while a target, the engine or the clock pauses.

use std::sync::Arc;

use alerts::{AlertRule, MetricSource, NoDataPolicy, Observation};
use model::{
    Aggregation, AlertState, Attributes, Comparator, NANOS_PER_SECOND, Resource, STALE, Sample, Series,
    TelemetryBatch, Temporality, TimeRange, Timestamp,
};

use crate::fixtures::{Fixture, START, latency_rule};

/// Distance of two samples and of two evaluations, in seconds.
const INTERVAL: i64 = 15;
/// Length of the samples, in seconds.
const LENGTH: i64 = 2400;
/// Time at which a pause begins, in seconds.
const PAUSE: i64 = 600;

/// A pause of the samples of a counter.
#[derive(Debug, Clone, Copy)]
struct Pause {
    seconds: i64,
    /// The series is marked as ended, as by a scrape that fails.
    has_marker: bool,
    /// The counter restarts from zero.
    restarts: bool,
}

/// The target is down, the engine is stopped or killed, a process stalls, a series comes back.
const PAUSES: [Pause; 6] = [
    Pause { seconds: 600, has_marker: true, restarts: false },
    Pause { seconds: 600, has_marker: false, restarts: false },
    Pause { seconds: 120, has_marker: false, restarts: false },
    Pause { seconds: 45, has_marker: false, restarts: false },
    Pause { seconds: 120, has_marker: true, restarts: true },
    Pause { seconds: 900, has_marker: false, restarts: true },
];

fn at(seconds: i64) -> Timestamp {
    START.floor(60 * NANOS_PER_SECOND).offset(seconds * NANOS_PER_SECOND)
}

/// Returns the samples of a counter that gains `pace` per second from `PAUSE` on, and 5 before.
fn samples(pause: Pause, pace: f64) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let resource = Arc::new(Resource::service_named("shop"));
    let series = Series::counter("requests_total", "", resource, Attributes::new());
    let end = PAUSE + pause.seconds;
    for second in (0..LENGTH).step_by(INTERVAL as usize) {
        let is_paused = second >= PAUSE && second < end;
        let later = (second - PAUSE).max(0) as f64;
        let value = if pause.restarts && second >= end {
            (second - end) as f64 * pace + 1.0
        } else {
            (second as f64 - later) * 5.0 + later * pace
        };
        if !is_paused {
            batch.add_sample(series.clone(), at(second), value);
        } else if second == PAUSE && pause.has_marker {
            batch.add_sample(series.clone(), at(second), STALE);
        }
    }
    batch
}

fn rule(comparator: Comparator, threshold: f64, window_seconds: u32) -> AlertRule {
    let source = MetricSource {
        metric: "requests_total".into(),
        matchers: vec![],
        aggregation: Aggregation::Rate,
        group_by: vec![],
        window_seconds,
    };
    AlertRule {
        source: source.into(),
        comparator,
        threshold,
        resolve_threshold: None,
        for_seconds: 0,
        interval_seconds: INTERVAL as u32,
        no_data: NoDataPolicy::Resolve,
        ..latency_rule()
    }
}

/// Evaluates a rule as the engine does, and as a backtest. Returns the numbers of firings.
async fn firings(fixture: &Fixture, rule: &AlertRule, pause: Pause, window: u32) -> (usize, usize) {
    let (mut alerts, mut fired) = (Vec::new(), 0);
    // Between two samples, as evaluations are, from before the pause until its effects are over.
    let end = PAUSE + pause.seconds + i64::from(window) + 60;
    for second in (PAUSE - 38..end).step_by(INTERVAL as usize) {
        let range = TimeRange::last(i64::from(window), at(second));
        let snapshot = fixture.store.snapshot(range).await.unwrap();
        let answer = query::instant(&snapshot, "requests_total", &[], Aggregation::Rate, &[], range);
        let query::InstantAnswer { values, observed, unit, .. } = answer.await.unwrap();
        let observation = Observation { values, observed, unit };
        let (next, transitions) = alerts::evaluate(rule, &observation, &alerts, at(second));
        fired += transitions.iter().filter(|change| change.to == AlertState::Firing).count();
        alerts = next;
    }
    let range = TimeRange::new(at(0), at(LENGTH + 600));
    let backtest = fixture.service.backtest(rule, range).await.unwrap();
    (fired, backtest.notifications as usize)
}

#[tokio::test]
async fn a_pause_fires_no_rule_on_a_rate() {
    for pause in PAUSES {
        let fixture = Fixture::start().await;
        fixture.store.write(samples(pause, 5.0)).await.unwrap();
        for window in [60, 300] {
            for (comparator, threshold) in [(Comparator::Above, 8.0), (Comparator::Below, 4.0)] {
                let rule = rule(comparator, threshold, window);
                assert_eq!(firings(&fixture, &rule, pause, window).await, (0, 0), "{pause:?} {rule:?}");
            }
        }
    }
}

/// Deltas of 5 per second, of which a pause of 300 s has none. The sender then sends all that it
/// counted meanwhile, or only what it counts from then on.
fn deltas(has_start: bool, catches_up: bool) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let resource = Arc::new(Resource::service_named("shop"));
    let series = Series {
        temporality: Temporality::Delta,
        ..Series::counter("requests_total", "", resource, Attributes::new())
    };
    let id = batch.add_series(series);
    let end = PAUSE + 300;
    for second in (0..LENGTH).step_by(INTERVAL as usize).filter(|second| !(PAUSE..end).contains(second)) {
        let seconds = if second == end && catches_up { end - PAUSE + INTERVAL } else { INTERVAL };
        batch.samples.push(Sample {
            series: id,
            time: at(second),
            start_time: has_start.then(|| at(second - seconds)),
            value: seconds as f64 * 5.0,
        });
    }
    batch
}

#[tokio::test]
async fn a_pause_of_deltas_fires_no_rule_on_a_rate() {
    let pause = Pause { seconds: 300, has_marker: false, restarts: false };
    // Without a start time, all that was counted in a pause looks like a peak.
    for (has_start, catches_up) in [(true, false), (true, true), (false, false)] {
        let fixture = Fixture::start().await;
        fixture.store.write(deltas(has_start, catches_up)).await.unwrap();
        for window in [60, 300] {
            for (comparator, threshold) in [(Comparator::Above, 8.0), (Comparator::Below, 4.0)] {
                let rule = rule(comparator, threshold, window);
                let (fired, backtested) = firings(&fixture, &rule, pause, window).await;
                // The backtest also has the first delta. Without a start its length is unknown.
                let backtested = if has_start { backtested } else { 0 };
                assert_eq!((fired, backtested), (0, 0), "{has_start} {catches_up} {rule:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_rate_after_a_pause_fires() {
    for (pace, comparator, threshold) in [(12.0, Comparator::Above, 8.0), (1.0, Comparator::Below, 4.0)] {
        for pause in PAUSES {
            let fixture = Fixture::start().await;
            fixture.store.write(samples(pause, pace)).await.unwrap();
            for window in [60, 300] {
                let rule = rule(comparator, threshold, window);
                assert_eq!(firings(&fixture, &rule, pause, window).await, (1, 1), "{pause:?} {rule:?}");
            }
        }
    }
}
