//! Requests with extreme times, steps and limits: each is answered or refused, without a panic.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use api::{Backend as _, EngineBackend, ErrorCode};
use engine::{Engine, EngineOptions};
use model::*;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

/// Rounds over all commands.
const ROUNDS: usize = 60;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A source of extreme numbers.
struct Extremes(StdRng);

impl Extremes {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.random_range(0..from.len())]
    }

    fn number(&mut self) -> i64 {
        let shift = self.0.random_range(0..64);
        let any = self.0.random::<i64>() >> shift;
        // The last four are permitted times.
        self.pick(&[
            any,
            any,
            i64::MIN,
            i64::MIN + 1,
            -1,
            0,
            i64::MAX - 1,
            i64::MAX,
            -2_208_988_800_000_000_000,
            5_680_281_600_000_000_000,
            1_790_000_000_000_000_000,
            1_790_003_600_000_000_000,
        ])
    }

    fn count(&mut self) -> u32 {
        let any = self.0.random();
        self.pick(&[any, 0, 1, 100, 100_000, 100_001, u32::MAX])
    }

    fn range(&mut self) -> Value {
        json!({"start": self.number(), "end": self.number()})
    }

    fn rule(&mut self) -> Value {
        let metric = json!({"type": "metric", "metric": "m", "matchers": [], "aggregation": "average",
            "group_by": [], "window_seconds": self.count()});
        let logs = json!({"type": "logs", "query": "", "by_service": true, "window_seconds": self.count()});
        let source = if self.0.random() { metric } else { logs };
        json!({"id": "", "name": "r", "enabled": true, "severity": "warning", "source": source,
            "comparator": "above", "threshold": 1.0, "resolve_threshold": null, "for_seconds": self.count(),
            "interval_seconds": self.count(), "no_data": "keep_state", "notify": false})
    }

    /// Returns every command that takes a range, a step or a length, with extreme arguments.
    fn requests(&mut self) -> Vec<(&'static str, Value)> {
        let target = json!({"type": "service", "service": "shop", "measure": "p95"});
        let step = if self.0.random() { json!(self.number()) } else { Value::Null };
        let utc_offset = self.pick(&[i32::MIN, -1_440, 0, 60, i32::MAX]);
        let formats = self.pick(&["html", "csv", "csv_raw"]);
        vec![
            (
                "series",
                json!({"metric": "m", "matchers": [], "aggregation": "average", "group_by": [],
                "range": self.range(), "step": step, "max_points": self.count(), "limit": self.count()}),
            ),
            ("samples", json!({"metric": "m", "matchers": [], "range": self.range(), "limit": self.count()})),
            (
                "exemplars",
                json!({"metric": "m", "matchers": [], "range": self.range(), "limit": self.count()}),
            ),
            (
                "search_logs",
                json!({"query": "", "matchers": [], "range": self.range(), "limit": self.count(),
                "cursor": null}),
            ),
            (
                "count_logs",
                json!({"query": "", "matchers": [], "range": self.range(),
                "max_points": self.count()}),
            ),
            ("log_fields", json!({"range": self.range()})),
            (
                "search_traces",
                json!({"query": "", "matchers": [], "range": self.range(),
                "min_duration": self.number(), "max_duration": self.number(), "only_errors": false,
                "order": "newest", "limit": self.count()}),
            ),
            ("services", json!({"range": self.range(), "matchers": [], "spark_points": self.count()})),
            (
                "service",
                json!({"service": "shop", "operation": null, "range": self.range(),
                "max_points": self.count()}),
            ),
            ("checks", json!({"range": self.range(), "buckets": self.count()})),
            ("check_results", json!({"check_id": "c", "range": self.range(), "limit": self.count()})),
            ("incidents", json!({"range": self.range(), "check_id": null, "limit": self.count()})),
            ("backtest_rule", json!({"rule": self.rule(), "range": self.range()})),
            ("save_rule", json!({"rule": self.rule()})),
            ("alert_history", json!({"range": self.range(), "limit": self.count()})),
            ("notifications", json!({"range": self.range(), "limit": self.count()})),
            ("findings", json!({"range": self.range(), "limit": self.count()})),
            (
                "save_silence",
                json!({"silence": {"id": "", "rule_id": null, "labels": {},
                "range": self.range(), "reason": ""}}),
            ),
            ("mute", json!({"minutes": self.count()})),
            ("analyse", json!({"target": target, "range": self.range(), "max_points": self.count()})),
            ("compare", json!({"target": target, "before": self.range(), "after": self.range()})),
            ("gaps", json!({"range": self.range()})),
            (
                "report",
                json!({"request": {"title": "", "range": self.range(), "services": [],
                "utc_offset_minutes": utc_offset}, "format": formats}),
            ),
            (
                "export",
                json!({"request": {"signal": self.pick(&["metrics", "logs", "spans"]),
                "range": self.range(), "format": self.pick(&["csv", "csv_raw", "parquet"])}}),
            ),
            (
                "try_retention",
                json!({"limits": [{"kind": "metrics", "age": self.number(),
                "minutes_age": self.number(), "hours_age": self.number(),
                "bytes": self.0.random::<u64>()}]}),
            ),
        ]
    }
}

/// Returns a batch with one record of each signal around 2026-09.
fn telemetry() -> TelemetryBatch {
    let time = Timestamp::from_seconds(1_790_000_000.0);
    let resource = Arc::new(Resource::service_named("shop"));
    let mut batch = TelemetryBatch::default();
    for number in 0..100 {
        let time = time.offset(number * NANOS_PER_SECOND);
        batch.add_sample(Series::gauge("m", "1", resource.clone(), Attributes::new()), time, number as f64);
        let mut trace_id = [7; 16];
        trace_id[..8].copy_from_slice(&number.to_be_bytes());
        batch.spans.push(Span {
            trace_id: TraceId(trace_id),
            span_id: SpanId((number + 1).to_be_bytes()),
            parent_span_id: None,
            name: "GET /".to_owned(),
            kind: SpanKind::Server,
            start: time,
            duration: 1_000_000 * (number + 1),
            status: SpanStatus::Unset,
            status_message: String::new(),
            trace_state: String::new(),
            resource: resource.clone(),
            scope: Arc::default(),
            attributes: Attributes::new(),
            events: Vec::new(),
            links: Vec::new(),
        });
    }
    batch
}

#[tokio::test(flavor = "multi_thread")]
async fn extreme_requests_are_answered_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = EngineOptions::new(folder.path().join("data"));
    options.observe = false;
    let engine = Engine::start(options).await.unwrap();
    engine.store().write(telemetry()).await.unwrap();
    let backend = EngineBackend::new(engine.clone());
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    let mut extremes = Extremes(StdRng::seed_from_u64(10));
    let (mut answered, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        for (name, arguments) in extremes.requests() {
            let outcome = backend.call(name, arguments.clone()).await;
            assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{name} {arguments}");
            match outcome {
                Ok(_) => answered += 1,
                Err(error) => {
                    let expected = [ErrorCode::Invalid, ErrorCode::NotFound, ErrorCode::Deadline];
                    assert!(expected.contains(&error.code), "{name} {arguments}: {error:?}");
                    assert!(!error.message.contains("missing field"), "{name}: {error}");
                    assert!(!error.message.contains("unknown"), "{name}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(answered > ROUNDS && refused > ROUNDS, "{answered} answered, {refused} refused");
    engine.stop().await;
}
