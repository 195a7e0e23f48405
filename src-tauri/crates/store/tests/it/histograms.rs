//! Histograms and summaries through the public surface.

use crate::fixtures::*;
use model::*;

pub(crate) fn histogram(temporality: Temporality, kind: MetricKind) -> Series {
    Series { kind, temporality, ..Series::gauge("duration", "s", resource("shop"), Attributes::new()) }
}

pub(crate) fn point(series: SeriesId, seconds: i64, buckets: Buckets) -> HistogramPoint {
    let count = match &buckets {
        Buckets::Explicit { counts, .. } => counts.iter().sum(),
        Buckets::Exponential { positive, zero_count, .. } => positive.iter().sum::<u64>() + zero_count,
        Buckets::Quantiles(_) => 7,
    };
    let sum = Some(count as f64);
    HistogramPoint {
        series,
        time: at(seconds),
        start_time: None,
        count,
        sum,
        min: None,
        max: Some(9.0),
        buckets,
    }
}

pub(crate) fn explicit(counts: &[u64]) -> Buckets {
    Buckets::Explicit { bounds: vec![0.1, 1.0], counts: counts.to_vec() }
}

async fn steps(store: &store::Store) -> Vec<Gained> {
    let range = TimeRange::new(at(0), at(600));
    let step = 600 * NANOS_PER_SECOND;
    let read = read_histograms(store, "duration", range, step).await;
    read.iter().flat_map(|series| gained(series, range, step)).collect()
}

#[tokio::test]
async fn cumulative_histograms_are_subtracted_also_through_resets() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Cumulative, MetricKind::Histogram));
    for (seconds, counts) in [(-10, [5, 5, 5]), (10, [6, 7, 5]), (20, [1, 0, 1]), (30, [1, 2, 1])] {
        batch.histograms.push(point(id, seconds, explicit(&counts)));
    }
    store.write(batch).await.unwrap();
    let steps = steps(&store).await;
    let counts = |bound: &str| steps.iter().filter_map(|step| step.counts.get(bound)).sum::<f64>();
    assert_eq!(["0.1", "1", ""].map(counts), [2.0, 4.0, 1.0]);
    assert_eq!(steps.iter().map(|step| step.count).sum::<f64>(), 7.0);
}

#[tokio::test]
async fn delta_exponential_histograms_get_explicit_bounds() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Delta, MetricKind::ExponentialHistogram));
    let buckets = |scale, positive: Vec<u64>| Buckets::Exponential {
        scale,
        zero_threshold: 0.0,
        zero_count: 1,
        positive_offset: 0,
        positive,
        negative_offset: 0,
        negative: Vec::new(),
    };
    batch.histograms.push(point(id, 10, buckets(1, vec![1, 1, 1, 1])));
    batch.histograms.push(point(id, 11, buckets(0, vec![2, 3])));
    store.write(batch).await.unwrap();
    let steps = steps(&store).await;
    let total: f64 = steps.iter().flat_map(|step| step.counts.values()).sum();
    assert_eq!(total, 11.0);
    assert!(steps.iter().all(|step| step.max == Some(9.0)));
}

#[tokio::test]
async fn malformed_histograms_and_summaries_are_accepted() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Delta, MetricKind::Histogram));
    // More rows than one vector of the database, with lists of every length.
    for index in 0..5000_u64 {
        let bounds = (0..index % 7).map(|bound| if bound == 3 { f64::NAN } else { bound as f64 }).collect();
        let counts = (0..index % 5).collect();
        batch.histograms.push(point(id, 10, Buckets::Explicit { bounds, counts }));
    }
    batch.histograms.push(point(id, 10, Buckets::Quantiles(vec![(0.5, 1.0)])));
    batch.histograms.push(HistogramPoint {
        count: u64::MAX,
        ..point(id, 10, explicit(&[u64::MAX, u64::MAX / 2, 0][..1]))
    });
    store.write(batch).await.unwrap();
    // The numbers of bounds and counts fit together.
    assert!(!steps(&store).await.is_empty());
}

#[tokio::test]
async fn summaries_have_their_latest_quantiles_and_their_increase() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Unspecified, MetricKind::Summary));
    for (seconds, value) in [(10, 1.0), (20, 3.0)] {
        let quantiles = Buckets::Quantiles(vec![(0.5, value), (0.99, value * 2.0)]);
        batch.histograms.push(HistogramPoint { count: seconds as u64, ..point(id, seconds, quantiles) });
    }
    // The staleness marker has no data.
    let ended = HistogramPoint { count: 0, sum: Some(STALE), ..point(id, 30, Buckets::Quantiles(vec![])) };
    batch.histograms.push(ended);
    store.write(batch).await.unwrap();
    let steps = steps(&store).await;
    let last = steps.last().unwrap();
    assert_eq!((last.count, last.quantiles.as_slice()), (10.0, &[(0.5, 3.0), (0.99, 6.0)][..]));
}

#[tokio::test]
async fn an_infinite_sum_is_read_as_it_was_sent() {
    for (temporality, sums) in
        [(Temporality::Delta, [1.0, f64::INFINITY]), (Temporality::Cumulative, [1.0, f64::INFINITY])]
    {
        let (_folder, store) = open();
        let mut batch = TelemetryBatch::default();
        let id = batch.add_series(histogram(temporality, MetricKind::Histogram));
        for (seconds, sum) in [10, 20].into_iter().zip(sums) {
            let counts = explicit(&[seconds as u64, 0, 0]);
            batch.histograms.push(HistogramPoint { sum: Some(sum), ..point(id, seconds, counts) });
        }
        store.write(batch).await.unwrap();
        for is_sealed in [false, true] {
            if is_sealed {
                store.admin().seal_now().await.unwrap();
            }
            let range = TimeRange::new(at(0), at(600));
            let read = read_histograms(&store, "duration", range, 600 * NANOS_PER_SECOND).await;
            let steps = read.iter().flat_map(|series| &series.steps);
            let sum: f64 = steps.map(|step| step.gain.sum + step.increase.sum).sum();
            assert_eq!(sum, f64::INFINITY, "{temporality:?}, sealed: {is_sealed}");
        }
    }
}
