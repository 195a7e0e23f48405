//! Metrics to seal, and what the reads answer about them.

use std::{fs, path::Path};

use model::*;
use store::Store;

use super::{at, resource};

pub(crate) const MINUTE: i64 = 60 * NANOS_PER_SECOND;

pub(crate) fn gauge(service: &str, tag: i64) -> Series {
    Series::gauge("temperature", "Cel", resource(service), Attributes::new().with("sensor", tag))
}

pub(crate) fn counter() -> Series {
    Series::counter("requests_total", "1", resource("shop"), Attributes::new().with("code", 200_i64))
}

/// Six hours of gauges, a counter with resets and starts, and histograms.
pub(crate) fn telemetry() -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let counted = batch.add_series(counter());
    let measured = batch.add_series(Series {
        kind: MetricKind::Histogram,
        temporality: Temporality::Cumulative,
        ..Series::gauge("duration", "s", resource("shop"), Attributes::new())
    });
    for n in 0..360_i64 {
        let time = at(n * 60);
        for sensor in 0..3 {
            let value = match n {
                100 => STALE,
                200 => -0.0,
                // Sums of quarters are exact, in whatever order.
                _ => (n * (sensor + 1)) as f64 / 4.0,
            };
            batch.add_sample(gauge("shop", sensor), time, value);
        }
        let start_time = Some(at(if n < 150 { -10 } else { 150 * 60 - 1 }));
        batch.samples.push(Sample { series: counted, time, start_time, value: (n % 150) as f64 * 7.0 });
        batch.histograms.push(HistogramPoint {
            series: measured,
            time,
            start_time: None,
            count: 3 * n as u64,
            sum: Some(n as f64),
            min: None,
            max: Some(9.0),
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts: vec![n as u64; 3] },
        });
    }
    batch
}

pub(crate) fn everything() -> TimeRange {
    TimeRange::new(at(-86_400), at(86_400))
}

/// Samples of a metric with every bit.
pub(crate) async fn samples(store: &Store, metric: &str) -> Vec<(Labels, Vec<(i64, u64)>)> {
    let request =
        SamplesRequest { metric: metric.into(), matchers: vec![], range: everything(), limit: 1_000_000 };
    let read = store.read_samples(&request).await.unwrap();
    read.into_iter()
        .map(|series| {
            let points =
                series.times.iter().zip(&series.values).map(|(time, value)| (time.0, value.to_bits()));
            (series.labels, points.collect())
        })
        .collect()
}

/// Everything the reads of metrics answer, as text.
pub(crate) async fn answers(store: &Store) -> String {
    let mut text =
        format!("{:?}{:?}", samples(store, "temperature").await, samples(store, "requests_total").await);
    let range = TimeRange::new(at(-40 * 60), at(7 * 3600));
    for step in [7 * NANOS_PER_SECOND, MINUTE, 60 * MINUTE, 120 * MINUTE] {
        for metric in ["temperature", "requests_total"] {
            text += &format!("\n{step} {:?}", store.read_buckets(metric, &[], range, step).await.unwrap());
        }
        text += &format!("\n{step} {:?}", store.read_histograms("duration", &[], range, step).await.unwrap());
    }
    text
}

/// Copies a folder with all in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().filter_map(Result::ok) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // A file may go between being listed and being copied.
            let _ = fs::copy(entry.path(), target);
        }
    }
}
