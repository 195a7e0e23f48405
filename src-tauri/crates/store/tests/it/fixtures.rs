//! A store in a temporary folder, and short functions that create records.

pub(crate) mod metrics;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use model::*;
use proptest::test_runner::Config;
use store::{SeriesSet, Store, StoreOptions};
use tempfile::TempDir;

/// A time in 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000 * NANOS_PER_SECOND);

/// Returns the configuration of a property: the number of cases, or that of `BINNACLE_CASES`.
pub(crate) fn property_config(cases: u32) -> Config {
    Config {
        cases: std::env::var("BINNACLE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Returns a runtime for properties of asynchronous code.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Returns an exemplar whose value identifies it.
pub(crate) fn exemplar(series: SeriesId, time: Timestamp, value: f64) -> Exemplar {
    let odd = time.0 / NANOS_PER_SECOND % 2 == 1;
    Exemplar {
        series,
        time,
        value,
        trace_id: odd.then_some(TraceId([7; 16])),
        span_id: odd.then_some(SpanId(value.to_bits().max(1).to_be_bytes())),
        attributes: if odd {
            Attributes::new()
        } else {
            Attributes::new().with("value", value.to_bits() as i64)
        },
    }
}

/// Reads the exemplars of a metric by a tag, time and value. Each equals that of [`exemplar`].
pub(crate) async fn exemplars(
    store: &Store,
    metric: &str,
    tag: &str,
    range: TimeRange,
) -> Vec<(String, i64, u64)> {
    let request = ExemplarsRequest { metric: metric.into(), matchers: vec![], range, limit: 100_000 };
    let mut found = Vec::new();
    for point in store.metrics().exemplars(&request).await.unwrap() {
        let made = exemplar(SeriesId(0), point.time, point.value);
        assert_eq!(
            (point.trace_id, point.span_id, point.attributes),
            (made.trace_id, made.span_id, made.attributes)
        );
        found.push((point.labels[tag].clone(), point.time.0, point.value.to_bits()));
    }
    found.sort();
    found
}

/// Returns the options of a small store, which every read and write has time and space for.
pub(crate) fn small() -> StoreOptions {
    StoreOptions {
        memory_limit_bytes: 256 << 20,
        threads: 2,
        // The outcome must not depend on the load and the disk of the machine.
        read_deadline: Duration::from_secs(600),
        reserve_bytes: 0,
        // Labels of all that an opened store holds are in the file.
        past_label_bytes: 0,
        ..StoreOptions::default()
    }
}

pub(crate) fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), small()).unwrap();
    (folder, store)
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    NOW.offset(seconds * NANOS_PER_SECOND)
}

pub(crate) fn around() -> TimeRange {
    TimeRange::new(at(-3600), at(3600))
}

pub(crate) fn resource(service: &str) -> Arc<Resource> {
    Arc::new(Resource::service_named(service))
}

pub(crate) fn log(service: &str, time: Timestamp, body: &str, attributes: Attributes) -> LogRecord {
    LogRecord {
        time,
        observed_time: time,
        severity: Severity::INFO,
        severity_text: "INFO".to_owned(),
        body: body.to_owned(),
        resource: resource(service),
        scope: Arc::default(),
        attributes,
        trace_id: None,
        span_id: None,
        event_name: String::new(),
    }
}

pub(crate) fn span(
    service: &str,
    trace: u8,
    id: u8,
    parent: Option<u8>,
    start: Timestamp,
    duration: i64,
) -> Span {
    Span {
        trace_id: TraceId([trace; 16]),
        span_id: SpanId([id; 8]),
        parent_span_id: parent.map(|parent| SpanId([parent; 8])),
        name: format!("operation {id}"),
        kind: if parent.is_none() { SpanKind::Server } else { SpanKind::Internal },
        start,
        duration,
        status: SpanStatus::Unset,
        status_message: String::new(),
        trace_state: String::new(),
        resource: resource(service),
        scope: Arc::default(),
        attributes: Attributes::new(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

pub(crate) fn logs(logs: Vec<LogRecord>) -> TelemetryBatch {
    TelemetryBatch { logs, ..TelemetryBatch::default() }
}

pub(crate) fn spans(spans: Vec<Span>) -> TelemetryBatch {
    TelemetryBatch { spans, ..TelemetryBatch::default() }
}

pub(crate) fn field(key: &str, operator: FieldOperator, value: &str) -> Filter {
    Filter::Field { key: key.to_owned(), operator, value: value.to_owned() }
}

pub(crate) async fn bodies(store: &Store, filter: &Filter) -> Vec<String> {
    let (lines, _) = store.logs().search(filter, around(), 100, None).await.unwrap();
    lines.into_iter().map(|line| line.body).collect()
}

/// Selects all series of a metric in a range.
pub(crate) async fn select(store: &Store, metric: &str, range: TimeRange) -> SeriesSet {
    store.metrics().select(metric, &[], range).await.unwrap()
}

pub(crate) async fn read_buckets(
    store: &Store,
    metric: &str,
    range: TimeRange,
    step: i64,
) -> Vec<SeriesBuckets> {
    select(store, metric, range).await.buckets(step).await.unwrap()
}

pub(crate) async fn read_counters(
    store: &Store,
    metric: &str,
    range: TimeRange,
    step: i64,
) -> Vec<CounterBuckets> {
    select(store, metric, range).await.counters(step).await.unwrap()
}

/// Returns the increase of a counter in each step of a range, from the sample before each.
pub(crate) fn increases(series: &CounterBuckets, range: TimeRange) -> Vec<f64> {
    let inside = series.buckets.iter().filter(|bucket| range.contains(bucket.span.first));
    inside.map(|bucket| bucket.gain + bucket.increase).collect()
}

/// The measurements of a histogram in one step, since the point before each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gained {
    pub(crate) time: Timestamp,
    pub(crate) count: f64,
    /// Sums are in quarters, which do not depend on the order of additions.
    pub(crate) quarters: f64,
    /// Counts by upper bound.
    pub(crate) counts: BTreeMap<String, f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) quantiles: Vec<(f64, f64)>,
}

/// Returns the measurements in each step of a range.
pub(crate) fn gained(series: &HistogramBuckets, range: TimeRange, step: i64) -> Vec<Gained> {
    let inside = series.steps.iter().filter(|step| range.contains(step.span.first));
    let gained = inside.map(|part| {
        let mut counts = BTreeMap::new();
        for one in [&part.gain, &part.increase] {
            assert!(one.counts.is_empty() || one.counts.len() == one.bounds.len() + 1);
            for (bucket, count) in one.counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                let bound = one.bounds.get(bucket).map_or_else(String::new, f64::to_string);
                *counts.entry(bound).or_insert(0.0) += count;
            }
        }
        Gained {
            time: part.span.first.floor(step),
            count: part.gain.count + part.increase.count,
            quarters: ((part.gain.sum + part.increase.sum) * 4.0).round(),
            counts,
            min: part.min,
            max: part.max,
            quantiles: part.quantiles.clone(),
        }
    });
    gained.collect()
}

pub(crate) async fn read_histograms(
    store: &Store,
    metric: &str,
    range: TimeRange,
    step: i64,
) -> Vec<HistogramBuckets> {
    select(store, metric, range).await.histograms(step).await.unwrap()
}

/// Returns the measurements of histograms and the increases of counters in steps, as text.
pub(crate) async fn gained_text(store: &Store, metric: &str, range: TimeRange, step: i64) -> String {
    let mut text = String::new();
    for series in read_histograms(store, metric, range, step).await {
        text += &format!("{step} {:?} {:?}\n", series.labels, gained(&series, range, step));
    }
    for series in read_counters(store, metric, range, step).await {
        text += &format!("{step} {:?} {:?}\n", series.labels, increases(&series, range));
    }
    text
}

pub(crate) async fn resolution_left(store: &Store, metric: &str, range: TimeRange) -> DataResolution {
    select(store, metric, range).await.coarsest_resolution().await.unwrap()
}
