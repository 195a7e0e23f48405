//! The reference model: the points that were written, and their increases and aggregates per step.

use std::collections::BTreeMap;

use crate::fixtures::*;
use model::*;

pub(super) type Model = BTreeMap<(u8, i64), u64>;
pub(super) type Points = Vec<(i64, u64)>;

pub(super) fn time(slot: i64) -> Timestamp {
    at(0).floor(86_400 * NANOS_PER_SECOND).offset(slot * 3 * NANOS_PER_SECOND + 123_456)
}

pub(super) fn range() -> TimeRange {
    TimeRange::new(time(0), time(20_000))
}

pub(super) fn series(number: u8) -> Series {
    let attributes = Attributes::new().with("number", i64::from(number));
    if number >= HISTOGRAMS {
        let (kind, temporality) = match number {
            CUMULATIVE => (MetricKind::Histogram, Temporality::Cumulative),
            DELTA => (MetricKind::Histogram, Temporality::Delta),
            _ => (MetricKind::Summary, Temporality::Unspecified),
        };
        return Series { kind, temporality, ..Series::gauge("h", "s", resource("shop"), attributes) };
    }
    if number.is_multiple_of(2) {
        Series::gauge("m", "", resource("shop"), attributes)
    } else {
        Series::counter("m", "", resource("shop"), attributes)
    }
}

/// Series from this number on are histograms.
pub(super) const HISTOGRAMS: u8 = 3;
pub(super) const CUMULATIVE: u8 = 3;
pub(super) const DELTA: u8 = 4;

/// Returns the histogram point for a value: a marker, small counts (resets), a new start or growing
/// counts.
pub(super) fn histogram(number: u8, slot: i64, value: f64) -> HistogramPoint {
    let series = series(number).id();
    let (seed, grown) = (value.abs() as u64, slot as u64 - 12_000);
    let counts = match seed {
        _ if value.is_nan() => vec![0; 4],
        0..50 => vec![seed % 5, seed % 7, seed % 3, 0],
        _ => vec![grown, grown / 2, grown / 3, grown / 7],
    };
    let bounds = if seed % 97 == 0 { vec![1.0, 2.0, 5.0] } else { vec![1.0, 2.0, 4.0] };
    let buckets = match number {
        CUMULATIVE | DELTA => Buckets::Explicit { bounds, counts: counts.clone() },
        _ => Buckets::Quantiles(vec![(0.5, value.abs())]),
    };
    HistogramPoint {
        series,
        time: time(slot),
        start_time: (50..60).contains(&seed).then(|| time(slot).offset(-1)),
        count: counts.iter().sum(),
        sum: Some(if value.is_nan() { STALE } else { counts[0] as f64 / 4.0 }),
        min: Some(-value.abs()).filter(|_| !value.is_nan()),
        max: None,
        buckets: if value.is_nan() { Buckets::Quantiles(Vec::new()) } else { buckets },
    }
}

/// A histogram step in whole numbers: count, sum in quarters and counts by upper bound, with the
/// minimum and the median.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Increase {
    pub(super) count: u64,
    pub(super) quarters: i64,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) min: Option<f64>,
    pub(super) median: Option<f64>,
}

/// Computes the increase of each histogram per step from the model.
pub(super) fn histogram_increases(model: &Model, step: i64) -> BTreeMap<(String, i64), Increase> {
    let mut steps: BTreeMap<(String, i64), Increase> = BTreeMap::new();
    let mut before: Option<(u8, HistogramPoint)> = None;
    for ((number, slot), value) in model.iter().filter(|((number, _), _)| *number >= HISTOGRAMS) {
        let value = f64::from_bits(*value);
        if value.is_nan() {
            continue;
        }
        let point = histogram(*number, *slot, value);
        let spread = |point: &HistogramPoint| match &point.buckets {
            Buckets::Explicit { bounds, counts } => (bounds.clone(), counts.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let (bounds, mut counts) = spread(&point);
        let (mut count, mut quarters) = (point.count, (point.sum.unwrap() * 4.0) as i64);
        let previous = before.replace((*number, point.clone())).filter(|(series, _)| series == number);
        let mut known = *number == DELTA;
        if let Some((_, previous)) = previous.filter(|_| *number != DELTA) {
            known = true;
            let (bounds_before, counts_before) = spread(&previous);
            let decreased = counts.iter().zip(&counts_before).any(|(now, then)| now < then);
            let is_reset = count < previous.count
                || point.start_time.is_some_and(|start| start > previous.time)
                || bounds != bounds_before
                || decreased;
            if !is_reset {
                count -= previous.count;
                quarters -= (previous.sum.unwrap() * 4.0) as i64;
                counts.iter_mut().zip(counts_before).for_each(|(now, then)| *now -= then);
            }
        }
        let summary = *number > DELTA;
        let increase = steps.entry((number.to_string(), time(*slot).floor(step).0)).or_default();
        if known {
            increase.count += count;
            increase.quarters += quarters;
            for (bucket, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let bound = bounds.get(bucket).map_or_else(String::new, f64::to_string);
                *increase.counts.entry(bound).or_default() += count;
            }
        }
        if *number == DELTA {
            increase.min = increase.min.into_iter().chain(point.min).reduce(f64::min);
        }
        if summary {
            increase.median = Some(value.abs());
        }
    }
    steps
}

/// Converts a step that the store returned.
pub(super) fn increase_of(step: &Gained, summary: bool) -> Increase {
    let counts = step.counts.iter().map(|(bound, count)| (bound.clone(), *count as u64)).collect();
    Increase {
        count: step.count as u64,
        quarters: step.quarters as i64,
        counts: if summary { BTreeMap::new() } else { counts },
        min: step.min,
        median: step.quantiles.first().map(|(_, value)| *value),
    }
}

/// Returns the samples in the model.
pub(super) fn expected(model: &Model) -> Vec<(String, Points)> {
    let mut series: BTreeMap<String, Points> = BTreeMap::new();
    for ((number, slot), value) in model.iter().filter(|((number, _), _)| *number < HISTOGRAMS) {
        series.entry(number.to_string()).or_default().push((time(*slot).0, *value));
    }
    series.into_iter().collect()
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Aggregate {
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) increase: f64,
    pub(super) ended: bool,
}

/// Downsamples the samples in the model.
pub(super) fn downsampled(model: &Model, step: i64) -> BTreeMap<(String, i64), Aggregate> {
    let mut steps = BTreeMap::new();
    // Series, its last number, and whether NaN followed it.
    let mut before: Option<(u8, f64, bool)> = None;
    for ((number, slot), value) in model.iter().filter(|((number, _), _)| *number < HISTOGRAMS) {
        let value = f64::from_bits(*value);
        let key = (number.to_string(), time(*slot).floor(step).0);
        let aggregate: &mut Aggregate = steps.entry(key).or_default();
        aggregate.ended = is_stale(value);
        if aggregate.ended {
            continue;
        }
        aggregate.min = if aggregate.count == 0 { value } else { aggregate.min.min(value) };
        aggregate.max = if aggregate.count == 0 { value } else { aggregate.max.max(value) };
        aggregate.count += 1;
        aggregate.sum += value;
        before = before.filter(|(series, ..)| series == number);
        // NaN gains nothing. What follows it gains since the number before it, also if that is
        // greater: it is no reset.
        if value.is_nan() {
            before = before.map(|(series, last, _)| (series, last, true));
            continue;
        }
        if let Some((_, last, is_after_nan)) = before {
            aggregate.increase += if value < last && !is_after_nan { value } else { value - last };
        }
        before = Some((*number, value, false));
    }
    steps
}

pub(super) fn near(one: f64, other: f64) -> bool {
    (one.is_nan() && other.is_nan()) || (one - other).abs() <= 1e-6 * (1.0 + one.abs().max(other.abs()))
}
