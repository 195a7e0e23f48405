//! Generated counters and classic histograms, from a fixed seed.

use std::{fmt, sync::Arc};

use model::{
    Attributes, Buckets, HistogramPoint, MetricKind, Resource, STALE, Series, TelemetryBatch, Temporality,
    Timestamp,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Start of the samples, in seconds since the epoch: a whole four hours.
pub(super) const START: i64 = 1_700_006_400;
/// Length of the samples in seconds.
pub(super) const LENGTH: i64 = 3 * 3600;
/// Distances of samples, in seconds.
const INTERVALS: [i64; 9] = [1, 5, 7, 10, 15, 30, 60, 120, 300];
/// Upper bounds of buckets.
const BOUNDS: [f64; 6] = [0.005, 0.05, 0.1, 0.5, 1.0, 5.0];

/// The shape of a generated series.
#[derive(Clone)]
pub(super) struct Shape {
    /// The usual distance of two samples, in milliseconds.
    pub(super) interval: i64,
    /// The longest distance but for gaps.
    pub(super) longest: i64,
    pub(super) times: Vec<(i64, bool)>,
}

impl fmt::Debug for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "interval {}, longest {}", self.interval, self.longest)
    }
}

impl Shape {
    /// Returns the largest distance that may be the usual one at a time in milliseconds. A gap may
    /// be among the first few.
    pub(super) fn usual(&self, time: i64) -> i64 {
        let known = self.times.iter().take_while(|(sample, _)| *sample <= time).filter(|(_, is_end)| !is_end);
        if known.count() <= 4 { i64::MAX / 2 } else { self.longest }
    }
}

/// A series with its samples: milliseconds since the epoch, and values.
pub(super) type Generated = (Series, Vec<(i64, f64)>);

/// Generates times in milliseconds. An end marker is at those with a flag.
fn shape(random: &mut StdRng, shortest: i64) -> Shape {
    let intervals: Vec<i64> = INTERVALS.into_iter().filter(|interval| *interval >= shortest).collect();
    let interval = intervals[random.random_range(0..intervals.len())] * 1000;
    // Exact, with small differences, or irregular.
    let spread = [0, 0, interval / 20, interval * 3 / 5][random.random_range(0..4)];
    let end = (START + LENGTH) * 1000;
    let (begin, aligned) = (START * 1000, random.random_bool(0.5));
    let late = if random.random_bool(0.3) { random.random_range(0..LENGTH * 900) } else { 0 };
    let phase = if aligned { 0 } else { random.random_range(0..interval) };
    let mut times = Vec::new();
    let mut next = begin + late / interval * interval + phase;
    while next < end {
        let time = if spread > 0 { next + random.random_range(-spread / 2..=spread / 2) } else { next };
        if times.last().is_none_or(|(last, _)| time > *last) && time >= begin {
            times.push((time, false));
        }
        if random.random_bool(0.01) {
            if random.random_bool(0.5) && interval > 1000 {
                let marker = times.last().map_or(time, |(last, _)| *last) + interval / 10 + 1;
                times.push((marker, true));
            }
            next += random.random_range(1..40) * interval;
        }
        next += interval;
    }
    // Not more samples than the comparison needs.
    times.truncate(2000);
    Shape { interval, longest: interval + spread, times }
}

fn attributes(number: usize) -> Attributes {
    Attributes::new().with("n", number.to_string()).with("job", "shop").with("instance", "a:80")
}

/// Generates counters with resets, gaps, end markers and late starts.
pub(super) fn counters(seed: u64, number: usize) -> (Vec<Shape>, Vec<Generated>) {
    let mut random = StdRng::seed_from_u64(11 + seed);
    let resource = Arc::new(Resource::service_named("shop"));
    let generate = |number| {
        // Many series of short intervals only take time.
        let shape = shape(&mut random, if number % 10 == 0 { 1 } else { 5 });
        let mut value = [0.0, 0.0, 3.0, 1e6][random.random_range(0..4)];
        let pace = [0.0, 0.3, 5.0, 1000.0][random.random_range(0..4)];
        let is_whole = random.random_bool(0.7);
        let resets = [0.0, 0.002, 0.02][random.random_range(0..3)];
        let samples = shape.times.iter().map(|(time, is_end)| {
            if *is_end {
                return (*time, STALE);
            }
            if random.random_bool(resets) {
                value = if random.random_bool(0.5) { 0.0 } else { value * random.random_range(0.0..0.9) };
            } else {
                value += pace * random.random_range(0.0..2.0) * shape.interval as f64 / 1000.0;
            }
            (*time, if is_whole { value.floor() } else { value })
        });
        let samples = samples.collect();
        let series = Series::counter("requests_total", "", Arc::clone(&resource), attributes(number));
        (shape, (series, samples))
    };
    (0..number).map(generate).unzip()
}

/// Generates classic histograms: as counters, and as points of the metric `direct_seconds`.
pub(super) fn histograms(seed: u64, number: usize) -> (Vec<Shape>, Vec<Generated>, TelemetryBatch) {
    let mut random = StdRng::seed_from_u64(12 + seed);
    let resource = Arc::new(Resource::service_named("shop"));
    let (mut shapes, mut generated, mut native) = (Vec::new(), Vec::new(), TelemetryBatch::default());
    for number in 0..number {
        let shape = shape(&mut random, 10);
        let pace = [0.02, 1.0, 40.0][random.random_range(0..3)];
        let middle = [0.02, 0.3, 4.0][random.random_range(0..3)];
        let direct = native.add_series(Series {
            kind: MetricKind::Histogram,
            temporality: Temporality::Cumulative,
            ..Series::gauge("direct_seconds", "s", Arc::clone(&resource), attributes(number))
        });
        let (mut counts, mut sum) = ([0_u64; BOUNDS.len() + 1], 0.0);
        let mut cumulated: Vec<Vec<(i64, f64)>> = vec![Vec::new(); BOUNDS.len() + 3];
        for (time, is_end) in &shape.times {
            if random.random_bool(0.003) {
                (counts, sum) = ([0; BOUNDS.len() + 1], 0.0);
            } else if !is_end {
                let measured = pace * random.random_range(0.0..2.0) * shape.interval as f64 / 1000.0;
                for _ in 0..measured as u64 + u64::from(random.random_bool(measured.fract())) {
                    let value = middle * random.random_range(0.01_f64..2.0).powi(2);
                    counts[BOUNDS.partition_point(|bound| *bound < value)] += 1;
                    sum += value;
                }
            }
            let total: u64 = counts.iter().sum();
            let mut below = 0;
            let buckets = counts.iter().map(|count| {
                below += count;
                below as f64
            });
            let values = buckets.chain([sum, total as f64]).map(|value| if *is_end { STALE } else { value });
            for (samples, value) in cumulated.iter_mut().zip(values) {
                samples.push((*time, value));
            }
            let explicit = Buckets::Explicit { bounds: BOUNDS.to_vec(), counts: counts.to_vec() };
            native.histograms.push(HistogramPoint {
                series: direct,
                time: Timestamp(time * 1_000_000),
                start_time: None,
                count: if *is_end { 0 } else { total },
                sum: Some(if *is_end { STALE } else { sum }),
                min: None,
                max: None,
                buckets: if *is_end { Buckets::Quantiles(Vec::new()) } else { explicit },
            });
        }
        let names = BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        let named = names
            .map(|bound| ("wait_seconds_bucket", Some(bound)))
            .chain([("wait_seconds_sum", None), ("wait_seconds_count", None)]);
        for ((name, bound), samples) in named.zip(cumulated) {
            let mut attributes = attributes(number);
            if let Some(bound) = bound {
                attributes = attributes.with("le", bound);
            }
            let unit = if name.ends_with("_sum") { "s" } else { "" };
            generated.push((Series::counter(name, unit, Arc::clone(&resource), attributes), samples));
        }
        shapes.push(shape);
    }
    (shapes, generated, native)
}
