//! Backtests against the live state machine, at the end of the range, and on roll-ups.

use alerts::{AlertRule, CheckSource, LogsSource, MetricSource};
use model::{
    Aggregation, AlertState, Comparator, DataResolution, HealthState, NANOS_PER_SECOND, TelemetryBatch,
    TimeRange,
};

use crate::fixtures::{
    Fixture, START, latency, latency_rule, latency_source, put_check, record_check_result, write_gauge,
    write_log,
};

#[tokio::test]
async fn a_backtest_agrees_with_the_live_rule() {
    let fixture = Fixture::start().await;
    let start = START.floor(60 * NANOS_PER_SECOND);
    let mut batch = TelemetryBatch::default();
    for second in (0..3600_i64).step_by(5) {
        for (name, phase) in [("cart", 0), ("pay", 700)] {
            let value = if (second + phase) % 1300 > 900 { 1.5 } else { 0.2 };
            batch.add_sample(latency(name), start.offset(second * NANOS_PER_SECOND), value);
        }
    }
    fixture.store.write(batch).await.unwrap();
    let rule = AlertRule {
        source: latency_source(Aggregation::P90).into(),
        for_seconds: 120,
        interval_seconds: 15,
        ..latency_rule()
    };
    let range = TimeRange::new(start, start.offset(3600 * NANOS_PER_SECOND));
    let backtest = fixture.service.backtest(&rule, range).await.unwrap();
    assert_eq!(backtest.step, 15 * NANOS_PER_SECOND);
    assert_eq!(
        backtest.description,
        "Fires when the p90 of latency by service, over 1 min, is above 800 ms for 2 min."
    );

    let (mut alerts, mut fired, mut live) = (Vec::new(), 0, Vec::new());
    for index in 1..=240 {
        let time = start.offset(index * 15 * NANOS_PER_SECOND);
        let MetricSource { metric, aggregation, group_by, .. } = latency_source(Aggregation::P90);
        let window = TimeRange::last(60, time);
        let values = query::instant(
            &fixture.store.snapshot(window).await.unwrap(),
            &metric,
            &[],
            aggregation,
            &group_by,
            window,
        )
        .await
        .unwrap();
        let observation = alerts::Observation::complete(values.values, "");
        let (next, transitions) = alerts::evaluate(&rule, &observation, &alerts, time);
        fired += transitions.iter().filter(|change| change.to == AlertState::Firing).count();
        live.extend(transitions.into_iter().map(|change| (change.time, change.labels, change.to)));
        alerts = next;
    }
    assert!(fired >= 4, "the data should make it fire: {fired}");
    assert_eq!(backtest.notifications as usize, fired);
    let began: Vec<_> = live.iter().filter(|change| change.2 != AlertState::Inactive).collect();
    assert_eq!(backtest.intervals.len(), began.len());
    for (time, labels, state) in began {
        let matches = |interval: &alerts::BacktestInterval| {
            interval.range.start == *time && interval.labels == *labels && interval.state == *state
        };
        assert!(backtest.intervals.iter().any(matches), "no interval for {time:?} {labels:?} {state:?}");
    }
    assert_eq!(backtest.suggested_threshold, Some(1.5));
}

#[tokio::test]
async fn a_backtest_over_days_includes_the_last_second() {
    let fixture = Fixture::start().await;
    let end = START.offset(123);
    write_gauge(&fixture.store, "cart", 1.5, end.offset(-NANOS_PER_SECOND)).await;
    write_log(&fixture.store, "cart", "refused", end.offset(-NANOS_PER_SECOND)).await;
    let counting = |by_service| LogsSource { query: "refused".into(), by_service, window_seconds: 60 };
    for days in [1, 7] {
        let range = TimeRange::new(end.offset(-days * 86_400 * NANOS_PER_SECOND), end);
        for (source, value) in
            [(latency_rule().source, 1.5), (counting(false).into(), 1.0), (counting(true).into(), 1.0)]
        {
            let rule = AlertRule { source, threshold: 0.5, for_seconds: 0, ..latency_rule() };
            let backtest = fixture.service.backtest(&rule, range).await.unwrap();
            let points = &backtest.series[0];
            let latest = points.times.last().copied().zip(points.values.last().copied());
            assert_eq!(latest, Some((end, value)), "{days} days of {:?}", rule.source);
            assert_eq!(backtest.series.len(), 1);
            assert_eq!(backtest.notifications, 1);
        }
    }
}

#[tokio::test]
async fn a_backtest_on_hourly_roll_ups_has_hourly_steps() {
    let fixture = Fixture::start().await;
    let hour = 3600 * NANOS_PER_SECOND;
    let start = START.floor(4 * hour);
    let mut batch = TelemetryBatch::default();
    for second in (0..4 * 3600_i64).step_by(5) {
        // Two minutes in the middle of the second hour.
        let value = if (5400..5520).contains(&second) { 1.5 } else { 0.2 };
        batch.add_sample(latency("cart"), start.offset(second * NANOS_PER_SECOND), value);
    }
    fixture.store.write(batch).await.unwrap();
    fixture.store.admin().seal_now().await.unwrap();
    let source = latency_source(Aggregation::Maximum);
    let rule = AlertRule { source: source.into(), for_seconds: 0, interval_seconds: 15, ..latency_rule() };
    let range = TimeRange::new(start, start.offset(4 * hour));
    let fine = fixture.service.backtest(&rule, range).await.unwrap();
    assert_eq!((fine.step, fine.notifications), (15 * NANOS_PER_SECOND, 1));
    let finer =
        fixture.store.admin().segments().into_iter().filter(|file| file.resolution != DataResolution::Hours);
    fixture.store.admin().drop_segments(finer.map(|file| file.id).collect()).await.unwrap();
    let coarse = fixture.service.backtest(&rule, range).await.unwrap();
    assert_eq!((coarse.step, coarse.notifications), (hour, 1));
    assert_eq!(coarse.series[0].times, [1, 2, 3, 4].map(|n| start.offset(n * hour)));
    assert_eq!(coarse.series[0].values, [0.2, 1.5, 0.2, 0.2]);
    let fired = TimeRange::new(start.offset(2 * hour), start.offset(3 * hour));
    assert_eq!(coarse.intervals.iter().map(|interval| interval.range).collect::<Vec<_>>(), [fired]);
}

#[tokio::test]
async fn a_check_rule_follows_the_state_of_its_check_and_backtests_its_results() {
    let fixture = Fixture::start().await;
    put_check(&fixture.store).await;
    let record = async |state, time| record_check_result(&fixture.store, state, time).await;
    record(HealthState::Healthy, START.offset(-90 * NANOS_PER_SECOND)).await;
    record(HealthState::Unhealthy, START.offset(-60 * NANOS_PER_SECOND)).await;
    let rule = AlertRule {
        source: CheckSource { check_id: Some("shop".into()) }.into(),
        comparator: Comparator::AtLeast,
        threshold: 2.0,
        name: "Down".into(),
        ..latency_rule()
    };
    let backtest = fixture.service.backtest(&rule, TimeRange::last(300, START)).await.unwrap();
    assert_eq!(backtest.description, "Fires when the health check Shop page is unhealthy.");
    assert_eq!((backtest.notifications, backtest.intervals.len()), (1, 1));
    assert_eq!(backtest.suggested_threshold, None);
    fixture.service.save_rule(rule).await.unwrap();
    fixture.until_titles(&["Down - Shop page, web"]).await;
    assert!(fixture.channel.sent.lock().unwrap()[0].body.starts_with("Unhealthy, since "));
    record(HealthState::Healthy, START).await;
    fixture.advance(1);
    fixture.until_titles(&["Down - Shop page, web", "Resolved: Down - Shop page, web"]).await;
    assert_eq!(fixture.channel.sent.lock().unwrap()[1].body, "Healthy after 1 s");
}
