//! NaN and infinities: aggregations and rates against those of Prometheus.

use std::sync::Arc;

use model::{Aggregation, Attributes, DataResolution, Resource, STALE, Series};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use test_support::prometheus_server::Prometheus;

use super::{
    compare, drop_finer,
    generate::{Generated, LENGTH, START, Shape},
    open, ours, theirs,
    write::{to_prometheus, to_store},
};

/// Number of gauges, and of counters.
const SERIES: usize = 30;
/// Distance of the samples in milliseconds. Gauges have none at the ends of windows.
const INTERVAL: i64 = 7000;
const OFFSET: i64 = 500;

/// Generates gauges and counters among whose values are NaN and infinities.
fn generate() -> (Vec<Shape>, Vec<Generated>) {
    let mut random = StdRng::seed_from_u64(13);
    let resource = Arc::new(Resource::service_named("shop"));
    let mut generated = Vec::new();
    for number in 0..SERIES {
        let labels =
            Attributes::new().with("n", number.to_string()).with("job", "shop").with("instance", "a:80");
        let odd = [0.002, 0.05, 0.4][number % 3];
        let times = || (0..LENGTH * 1000 / INTERVAL).map(|n| START * 1000 + OFFSET + n * INTERVAL);
        let levels = times().map(|time| {
            let value = match random.random_range(0..10) {
                0 if random.random_bool(0.02) => STALE,
                _ if !random.random_bool(odd) => random.random_range(-5.0..50.0),
                1 => f64::INFINITY,
                2 => f64::NEG_INFINITY,
                _ => f64::NAN,
            };
            (time, value)
        });
        let levels: Vec<_> = levels.collect();
        let (mut total, mut is_infinite) = (100.0, false);
        let totals = times().map(|time| {
            // Prometheus does not see a reset across NaN.
            total = if random.random_bool(odd / 4.0) { 0.0 } else { total };
            total += random.random_range(0.0..30.0);
            // After an infinity, a fall across NaN is not known here.
            let is_odd = !is_infinite && random.random_bool(odd / 2.0);
            let value = match random.random_range(0..20) {
                _ if !is_odd => total,
                1 => f64::INFINITY,
                _ => f64::NAN,
            };
            is_infinite = value.is_infinite();
            (time, value)
        });
        let totals: Vec<_> = totals.collect();
        generated.push((Series::gauge("level", "", Arc::clone(&resource), labels.clone()), levels));
        generated.push((Series::counter("odd_total", "", Arc::clone(&resource), labels), totals));
    }
    let times: Vec<_> = (0..LENGTH * 1000 / INTERVAL).map(|n| (START * 1000 + n * INTERVAL, false)).collect();
    (vec![Shape { interval: INTERVAL, longest: INTERVAL, times }; SERIES], generated)
}

#[tokio::test(flavor = "multi_thread")]
async fn nan_and_infinities_are_values_as_in_prometheus() {
    let (shapes, series) = generate();
    let prometheus = Prometheus::start_database().unwrap();
    let (_folder, store) = open().await;
    to_store(&store, &series).await;
    to_prometheus(&prometheus, &series).await;
    for resolution in [None, Some(DataResolution::Points), Some(DataResolution::Minutes)] {
        if let Some(resolution) = resolution {
            store.admin().seal_now().await.unwrap();
            drop_finer(&store, resolution).await;
        }
        for (window, step) in [(60, 60), (300, 60), (3600, 1200)] {
            let cases = [
                ("level", Aggregation::Average, "avg_over_time"),
                ("level", Aggregation::Minimum, "min_over_time"),
                ("level", Aggregation::Maximum, "max_over_time"),
                ("level", Aggregation::Count, "count_over_time"),
                ("level", Aggregation::Last, "last_over_time"),
                ("odd_total", Aggregation::Rate, "rate"),
                ("odd_total", Aggregation::Increase, "increase"),
            ];
            for (metric, aggregation, function) in cases {
                // A moving window has the state at its end, also that of an ended series.
                if aggregation == Aggregation::Last && window != step {
                    continue;
                }
                let case = format!("{metric} {function} {window} {step} {resolution:?}");
                let ours = ours(&store, metric, aggregation, window, step).await;
                let theirs = theirs(&prometheus, &format!("{function}({metric}[{window}s])"), step).await;
                let counts = compare(&case, &ours, &theirs, &shapes, window, step);
                let has = |is: fn(f64) -> bool| ours.values().any(|value| is(*value));
                assert!(counts.equal > 0 && has(f64::is_finite), "{case} {counts:?}");
                assert!(aggregation != Aggregation::Average || has(f64::is_nan), "{case}");
            }
        }
    }
}
