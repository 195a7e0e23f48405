//! Host metrics, self metrics and span metrics in a real store.

use std::{sync::Arc, time::Duration};

use crate::common::{Bench, value, values};
use collect::{run_host, run_self_metrics, run_span_metrics, self_resource};
use config::Host;
use model::{
    Attributes, HealthState, Resource, Series, Span, SpanId, SpanKind, SpanStatus, TelemetryBatch, Timestamp,
    TraceId,
};
use runtime::Clock;

fn now() -> Timestamp {
    Clock::system().now()
}

#[tokio::test]
async fn the_machine_is_recorded_at_once_and_then_with_rates() {
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_host(Host::default(), Vec::new(), store, Clock::system(), reporter, stop));
    let first = bench.next_commit().await;
    assert!(value(&first, "system.memory.limit") > 0.0);
    let second = bench.next_commit().await;
    let busy = value(&second, "system.cpu.utilization");
    assert!((0.0..=1.0).contains(&busy), "{busy}");
    assert!((0.0..=1.0).contains(&value(&second, "system.memory.utilization")));
    let before: f64 = values(&first, "system.cpu.time").iter().map(|(_, seconds)| seconds).sum();
    let after: f64 = values(&second, "system.cpu.time").iter().map(|(_, seconds)| seconds).sum();
    assert!(after > before, "{before} {after}");
    assert!(second.samples[0].time > first.samples[0].time);
    assert!(second.series.iter().all(|(_, series)| series.resource.attributes.text("host.name").is_some()));
    bench.stop().await;
    assert_eq!(bench.reporter.status().state, HealthState::Healthy);
}

#[tokio::test]
async fn a_disabled_collector_writes_nothing() {
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_host(
        Host { enabled: false, ..Host::default() },
        Vec::new(),
        store,
        Clock::system(),
        reporter,
        stop,
    ));
    bench.expect_silence().await;
    bench.stop().await;
}

#[tokio::test]
async fn self_metrics_are_written_every_interval() {
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    let source =
        || vec![(Series::gauge("binnacle_queue_length", "1", self_resource(), Attributes::new()), 3.0)];
    bench.run(run_self_metrics(source, Duration::from_millis(200), store, Clock::system(), reporter, stop));
    for _ in 0..3 {
        let batch = bench.next_commit().await;
        assert_eq!(value(&batch, "binnacle_queue_length"), 3.0);
        assert_eq!(batch.series[0].1.resource.service(), "binnacle");
    }
    bench.stop().await;
}

#[tokio::test]
async fn committed_spans_become_rates_and_durations() {
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_span_metrics(store, Clock::system(), reporter, stop));
    bench.first_status().await;
    let resource = Arc::new(Resource::service_named("cart"));
    let span = |start: Timestamp, number: u8| Span {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([number; 8]),
        parent_span_id: None,
        name: "GET /cart".to_owned(),
        kind: SpanKind::Server,
        start,
        duration: 20_000_000,
        status: SpanStatus::Error,
        status_message: String::new(),
        trace_state: String::new(),
        resource: resource.clone(),
        scope: Arc::default(),
        attributes: Attributes::new(),
        events: Vec::new(),
        links: Vec::new(),
    };
    let spans = vec![span(now(), 1), span(now(), 2), span(now().offset(-3_600_000_000_000), 3)];
    bench.store.write(TelemetryBatch { spans, ..TelemetryBatch::default() }).await.unwrap();
    bench.next_commit().await;
    let batch = bench.next_commit().await;
    let (series, calls) = values(&batch, "traces_spanmetrics_calls_total").remove(0);
    assert_eq!(calls, 2.0);
    assert_eq!(series.resource.service(), "cart");
    for (key, expected) in [("span.name", "GET /cart"), ("span.kind", "server"), ("status.code", "error")] {
        assert_eq!(series.attributes.text(key), Some(expected));
    }
    assert_eq!(batch.histograms.iter().map(|point| point.count).collect::<Vec<_>>(), [0, 2]);
    bench
        .store
        .write(TelemetryBatch { spans: vec![span(now(), 4)], ..TelemetryBatch::default() })
        .await
        .unwrap();
    bench.next_commit().await;
    bench.stop().await;
    let last = bench.next_commit().await;
    assert_eq!(value(&last, "traces_spanmetrics_calls_total"), 3.0, "written when stopped");
}
