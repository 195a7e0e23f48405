//! Rates, increases and percentiles against those of a real Prometheus on the same samples.
//!
//! `BINNACLE_RATE_SERIES` sets the number of counters, 100 by default.

mod generate;
mod write;

use std::collections::BTreeMap;

use model::{Aggregation, Labels, NANOS_PER_SECOND, SeriesPoints, SeriesRequest, TimeRange, Timestamp};
use store::{Snapshot, Store, StoreOptions};
use test_support::{prometheus_query::query_range, prometheus_server::Prometheus};

use self::{
    generate::{LENGTH, START, Shape, counters, histograms},
    write::{to_prometheus, to_store},
};

/// Windows in seconds, each with the distance of its values.
const WINDOWS: [(i64, i64); 10] = [
    (10, 10),
    (30, 10),
    (60, 60),
    (120, 120),
    (300, 60),
    (600, 300),
    (1800, 600),
    (3600, 3600),
    (7200, 1200),
    (7200, 3600),
];
/// Largest difference of two values, as a fraction.
const BOUND: f64 = 0.01;

/// Values by number of series and time in seconds.
type Values = BTreeMap<(usize, i64), f64>;

/// The numbers of compared values.
#[derive(Debug, Default)]
struct Counts {
    equal: usize,
    both_without_value: usize,
    looked_back: usize,
}

async fn view(store: &Store) -> Snapshot {
    store.snapshot(TimeRange::new(Timestamp(0), Timestamp(i64::MAX))).await.unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * NANOS_PER_SECOND)
}

fn by_number(series: Vec<SeriesPoints>) -> Values {
    let number = |labels: &Labels| labels["n"].parse::<usize>().unwrap();
    series
        .into_iter()
        .flat_map(|SeriesPoints { labels, times, values }| {
            let times = times.into_iter().map(|time| time.0 / NANOS_PER_SECOND);
            times.zip(values).map(move |(time, value)| ((number(&labels), time), value))
        })
        .collect()
}

/// Returns our values at the ends of windows.
async fn ours(store: &Store, metric: &str, aggregation: Aggregation, window: i64, step: i64) -> Values {
    let request = SeriesRequest {
        metric: metric.into(),
        matchers: vec![],
        aggregation,
        group_by: vec!["n".into()],
        range: TimeRange::new(at(START), at(START + LENGTH)),
        step: Some(step * NANOS_PER_SECOND),
        max_points: 1,
        limit: u32::MAX,
    };
    if window != step {
        let answer = query::moving(&view(store).await, &request, window * NANOS_PER_SECOND).await.unwrap();
        assert_eq!(answer.response.step, step * NANOS_PER_SECOND);
        return by_number(answer.response.series);
    }
    // The value of a step is at its start.
    let answer = query::series(&view(store).await, &request).await.unwrap();
    assert_eq!(answer.step, step * NANOS_PER_SECOND);
    by_number(answer.series)
        .into_iter()
        .map(|((number, time), value)| ((number, time + step), value))
        .collect()
}

async fn theirs(prometheus: &Prometheus, expression: &str, step: i64) -> Values {
    let answer = query_range(prometheus, expression, START + step, START + LENGTH, step).await.unwrap();
    answer
        .into_iter()
        .flat_map(|(labels, values)| {
            let number = labels["n"].parse::<usize>().unwrap();
            values
                .into_iter()
                .filter(|(_, value)| !value.is_nan())
                .map(move |(time, value)| ((number, time), value))
        })
        .collect()
}

/// Compares the values of windows. A window that is too short for two samples looks back, where
/// Prometheus has no value.
fn compare(case: &str, ours: &Values, theirs: &Values, shapes: &[Shape], window: i64, step: i64) -> Counts {
    let mut counts = Counts::default();
    for (number, shape) in shapes.iter().enumerate() {
        for time in (1..=LENGTH / step).map(|index| START + index * step) {
            let key = (number, time);
            match (ours.get(&key), theirs.get(&key)) {
                (Some(our), Some(their)) => {
                    let difference = (our - their).abs();
                    let is_near = difference <= BOUND * their.abs() || our == their;
                    assert!(is_near, "{case} {number} at {}: {our} {their} {shape:?}", time - START);
                    counts.equal += 1;
                }
                (None, None) => counts.both_without_value += 1,
                (Some(_), None) if window * 1000 < 2 * shape.usual(time * 1000) => counts.looked_back += 1,
                (our, their) => {
                    panic!("{case} {number} at {}: {our:?} {their:?} {shape:?}", time - START)
                }
            }
        }
    }
    counts
}

async fn compare_rates(store: &Store, prometheus: &Prometheus, shapes: &[Shape]) -> Counts {
    let mut total = Counts::default();
    for (window, step) in WINDOWS {
        for (aggregation, function) in [(Aggregation::Rate, "rate"), (Aggregation::Increase, "increase")] {
            let case = format!("{function} {window} {step}");
            let ours = ours(store, "requests_total", aggregation, window, step).await;
            let theirs = theirs(prometheus, &format!("{function}(requests_total[{window}s])"), step).await;
            let counts = compare(&case, &ours, &theirs, shapes, window, step);
            eprintln!("{case}: {counts:?}");
            assert!(counts.equal > 0, "{case} {counts:?}");
            total.equal += counts.equal;
            total.both_without_value += counts.both_without_value;
            total.looked_back += counts.looked_back;
        }
    }
    total
}

async fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let open = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()));
    (folder, open.await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_of_new_and_of_sealed_points_equal_those_of_prometheus() {
    let number = std::env::var("BINNACLE_RATE_SERIES").map_or(100, |number| number.parse().unwrap());
    let (shapes, series) = counters(number);
    let prometheus = Prometheus::start_database().unwrap();
    let (_folder, store) = open().await;
    to_store(&store, &series).await;
    to_prometheus(&prometheus, &series).await;
    let of_points = compare_rates(&store, &prometheus, &shapes).await;
    store.admin().seal_now().await.unwrap();
    let of_sealed = compare_rates(&store, &prometheus, &shapes).await;
    eprintln!("points {of_points:?}, sealed {of_sealed:?}");
    assert!(of_points.both_without_value > 0);
    assert_eq!(of_points.equal, of_sealed.equal);
}

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_of_classic_histograms_equal_those_of_prometheus() {
    let (shapes, series, native) = histograms(30);
    let prometheus = Prometheus::start_database().unwrap();
    let (_folder, store) = open().await;
    to_store(&store, &series).await;
    store.write(native).await.unwrap();
    to_prometheus(&prometheus, &series).await;
    for sealed in [false, true] {
        if sealed {
            store.admin().seal_now().await.unwrap();
        }
        for (window, step) in WINDOWS {
            let rates = |name: &str, by: &str| format!("sum by ({by}) (rate({name}[{window}s]))");
            let cases = [
                (
                    Aggregation::P50,
                    format!("histogram_quantile(0.5, {})", rates("wait_seconds_bucket", "n, le")),
                ),
                (
                    Aggregation::P95,
                    format!("histogram_quantile(0.95, {})", rates("wait_seconds_bucket", "n, le")),
                ),
                (
                    Aggregation::P99,
                    format!("histogram_quantile(0.99, {})", rates("wait_seconds_bucket", "n, le")),
                ),
                (Aggregation::Rate, rates("wait_seconds_count", "n")),
                (Aggregation::Sum, format!("sum by (n) (increase(wait_seconds_sum[{window}s]))")),
                (
                    Aggregation::Average,
                    format!("{} / {}", rates("wait_seconds_sum", "n"), rates("wait_seconds_count", "n")),
                ),
            ];
            for (aggregation, expression) in cases {
                let theirs = theirs(&prometheus, &expression, step).await;
                for metric in ["wait_seconds", "direct_seconds"] {
                    let case = format!("{metric} {aggregation:?} {window} {step} {sealed}");
                    let ours = ours(&store, metric, aggregation, window, step).await;
                    let counts = compare(&case, &ours, &theirs, &shapes, window, step);
                    eprintln!("{case}: {counts:?}");
                    assert!(counts.equal > 0, "{case} {counts:?}");
                }
            }
        }
    }
    // The buckets have the percentiles of their histogram.
    let of_buckets = ours(&store, "wait_seconds_bucket", Aggregation::P95, 300, 60).await;
    assert_eq!(of_buckets, ours(&store, "wait_seconds", Aggregation::P95, 300, 60).await);
}
