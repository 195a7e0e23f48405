//! Rates, increases and percentiles against those of a real Prometheus on the same samples.
//!
//! `BINNACLE_RATE_SERIES` sets the number of counters, 100 by default. Each hundred has a seed and
//! servers of its own. Roll-ups are compared for the first hundred and every tenth.

mod generate;
mod not_numbers;
mod write;

use std::collections::BTreeMap;

use model::{
    Aggregation, DataResolution, Labels, NANOS_PER_SECOND, SeriesPoints, SeriesRequest, TimeRange, Timestamp,
};
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
const BOUND: f64 = 1e-9;
/// Counters of one comparison.
const SERIES: usize = 100;
/// Histograms of one comparison.
const HISTOGRAMS: usize = 6;
/// Length of a record of each resolution, in seconds.
const RESOLUTIONS: [(DataResolution, i64); 3] =
    [(DataResolution::Points, 1), (DataResolution::Minutes, 60), (DataResolution::Hours, 3600)];

/// Values by number of series and time in seconds.
type Values = BTreeMap<(usize, i64), f64>;

/// The numbers of compared values.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    equal: usize,
    both_without_value: usize,
    looked_back: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.equal += other.equal;
        self.both_without_value += other.both_without_value;
        self.looked_back += other.looked_back;
    }
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
            values.into_iter().map(move |(time, value)| ((number, time), value))
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
                    let is_same = our == their || (our.is_nan() && their.is_nan());
                    let is_near = is_same || difference <= BOUND * their.abs();
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

/// Compares windows that are multiples of a number of seconds.
async fn compare_rates(store: &Store, prometheus: &Prometheus, shapes: &[Shape], unit: i64) -> Counts {
    let mut total = Counts::default();
    for (window, step) in WINDOWS.into_iter().filter(|(window, step)| window % unit + step % unit == 0) {
        for (aggregation, function) in [(Aggregation::Rate, "rate"), (Aggregation::Increase, "increase")] {
            let case = format!("{function} {window} {step}");
            let ours = ours(store, "requests_total", aggregation, window, step).await;
            let theirs = theirs(prometheus, &format!("{function}(requests_total[{window}s])"), step).await;
            let counts = compare(&case, &ours, &theirs, shapes, window, step);
            assert!(counts.equal > 0, "{case} {counts:?}");
            total.add(&counts);
        }
    }
    total
}

/// Deletes what falls under the age limits of finer resolutions.
async fn drop_finer(store: &Store, resolution: DataResolution) {
    let finer = store.admin().segments().into_iter().filter(|file| file.retention_tier < resolution);
    store.admin().drop_segments(finer.map(|file| file.id).collect()).await.unwrap();
}

fn number_of_series() -> usize {
    std::env::var("BINNACLE_RATE_SERIES").map_or(SERIES, |number| number.parse().unwrap())
}

async fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let open = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()));
    (folder, open.await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_of_points_and_of_rollups_equal_those_of_prometheus() {
    let number = number_of_series();
    let mut sums = [Counts::default(), Counts::default(), Counts::default(), Counts::default()];
    for part in 0..number.div_ceil(SERIES) {
        let (shapes, series) = counters(part as u64, SERIES.min(number - part * SERIES));
        let prometheus = Prometheus::start_database().unwrap();
        let (_folder, store) = open().await;
        to_store(&store, &series).await;
        to_prometheus(&prometheus, &series).await;
        let of_points = compare_rates(&store, &prometheus, &shapes, 1).await;
        sums[0].add(&of_points);
        if part % 10 != 0 {
            continue;
        }
        store.admin().seal_now().await.unwrap();
        for ((resolution, unit), sum) in RESOLUTIONS.into_iter().zip(&mut sums[1..]) {
            drop_finer(&store, resolution).await;
            let counts = compare_rates(&store, &prometheus, &shapes, unit).await;
            assert!(resolution != DataResolution::Points || counts == of_points);
            sum.add(&counts);
        }
        eprintln!("{} series: points, sealed, minutes, hours {sums:?}", part * SERIES + shapes.len());
    }
    assert!(sums.iter().all(|counts| counts.equal > 0) && sums[0].both_without_value > 0);
}

/// Returns aggregations of a histogram, each as an expression of PromQL.
fn of_histograms(window: i64) -> Vec<(Aggregation, String)> {
    let rates = |name: &str, by: &str| format!("sum by ({by}) (rate({name}[{window}s]))");
    let quantile =
        |quantile| format!("histogram_quantile({quantile}, {})", rates("wait_seconds_bucket", "n, le"));
    vec![
        (Aggregation::P50, quantile(0.5)),
        (Aggregation::P95, quantile(0.95)),
        (Aggregation::P99, quantile(0.99)),
        (Aggregation::Rate, rates("wait_seconds_count", "n")),
        (Aggregation::Sum, format!("sum by (n) (increase(wait_seconds_sum[{window}s]))")),
        (
            Aggregation::Average,
            format!("{} / {}", rates("wait_seconds_sum", "n"), rates("wait_seconds_count", "n")),
        ),
    ]
}

async fn compare_histograms(store: &Store, prometheus: &Prometheus, shapes: &[Shape], unit: i64) -> Counts {
    let mut total = Counts::default();
    for (window, step) in WINDOWS.into_iter().filter(|(window, step)| window % unit + step % unit == 0) {
        for (aggregation, expression) in of_histograms(window) {
            // Without measurements we have no value and Prometheus has NaN.
            let mut theirs = theirs(prometheus, &expression, step).await;
            theirs.retain(|_, value| !value.is_nan());
            for metric in ["wait_seconds", "direct_seconds"] {
                let case = format!("{metric} {aggregation:?} {window} {step} {unit}");
                let ours = ours(store, metric, aggregation, window, step).await;
                let counts = compare(&case, &ours, &theirs, shapes, window, step);
                assert!(counts.equal > 0, "{case} {counts:?}");
                total.add(&counts);
            }
        }
    }
    total
}

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_of_points_and_of_rollups_equal_those_of_prometheus() {
    let mut sums = [Counts::default(), Counts::default(), Counts::default(), Counts::default()];
    for part in 0..number_of_series().div_ceil(SERIES) {
        let (shapes, series, native) = histograms(part as u64, HISTOGRAMS);
        let prometheus = Prometheus::start_database().unwrap();
        let (_folder, store) = open().await;
        to_store(&store, &series).await;
        store.write(native).await.unwrap();
        to_prometheus(&prometheus, &series).await;
        sums[0].add(&compare_histograms(&store, &prometheus, &shapes, 1).await);
        if part % 10 != 0 {
            continue;
        }
        store.admin().seal_now().await.unwrap();
        for ((resolution, unit), sum) in RESOLUTIONS.into_iter().zip(&mut sums[1..]) {
            drop_finer(&store, resolution).await;
            sum.add(&compare_histograms(&store, &prometheus, &shapes, unit).await);
        }
        eprintln!("{} histograms: points, sealed, minutes, hours {sums:?}", (part + 1) * HISTOGRAMS);
        // The buckets have the percentiles of their histogram.
        let of_buckets = ours(&store, "wait_seconds_bucket", Aggregation::P95, 3600, 3600).await;
        assert_eq!(of_buckets, ours(&store, "wait_seconds", Aggregation::P95, 3600, 3600).await);
    }
    assert!(sums.iter().all(|counts| counts.equal > 0));
}
