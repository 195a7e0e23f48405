//! An exponential histogram of an interval's measurements (OpenTelemetry, "Exponential
//! Histogram").

use std::collections::BTreeMap;

use model::{Buckets, HistogramPoint, SeriesId, Timestamp};

/// The initial scale, at which neighbouring bounds differ by 0.27 %.
const MAX_SCALE: i32 = 8;
/// Maximum number of buckets on each side of zero.
const MAX_BUCKETS: i64 = 160;

/// A histogram that reduces its scale as its values spread.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    scale: i32,
    zero: f64,
    positive: BTreeMap<i32, f64>,
    negative: BTreeMap<i32, f64>,
    sum: f64,
    min: f64,
    max: f64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            scale: MAX_SCALE,
            zero: 0.0,
            positive: BTreeMap::new(),
            negative: BTreeMap::new(),
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Sketch {
    /// Adds a finite value that represents `weight` measurements.
    pub(super) fn add(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value == 0.0 {
            self.zero += weight;
            return;
        }
        // A bucket includes its upper bound, so the index is one below the rounded-up logarithm.
        let logarithm = value.abs().log2() * 2.0_f64.powi(self.scale);
        let index = logarithm.ceil() as i32 - 1;
        let side = if value > 0.0 { &mut self.positive } else { &mut self.negative };
        *side.entry(index).or_default() += weight;
        while width(&self.positive).max(width(&self.negative)) > MAX_BUCKETS {
            self.scale -= 1;
            for side in [&mut self.positive, &mut self.negative] {
                let finer = std::mem::take(side);
                for (index, weight) in finer {
                    *side.entry(index >> 1).or_default() += weight;
                }
            }
        }
    }

    /// Returns the number of buckets.
    pub(super) fn buckets(&self) -> usize {
        self.positive.len() + self.negative.len()
    }

    /// Returns the point of a delta histogram. The caller sets its series and times.
    pub(super) fn point(&self) -> HistogramPoint {
        let (positive_offset, positive) = dense(&self.positive);
        let (negative_offset, negative) = dense(&self.negative);
        let zero_count = rounded(self.zero);
        let count =
            positive.iter().chain(&negative).fold(zero_count, |sum, count| sum.saturating_add(*count));
        HistogramPoint {
            series: SeriesId(0),
            time: Timestamp(0),
            start_time: None,
            count,
            sum: Some(self.sum),
            min: Some(self.min),
            max: Some(self.max),
            buckets: Buckets::Exponential {
                scale: self.scale,
                zero_threshold: 0.0,
                zero_count,
                positive_offset,
                positive,
                negative_offset,
                negative,
            },
        }
    }
}

/// Rounds a count that sampling made fractional. A bucket with a value counts at least one.
fn rounded(weight: f64) -> u64 {
    if weight > 0.0 { (weight.round() as u64).max(1) } else { 0 }
}

/// Returns the number of buckets from the first to the last.
fn width(side: &BTreeMap<i32, f64>) -> i64 {
    match (side.first_key_value(), side.last_key_value()) {
        (Some((first, _)), Some((last, _))) => i64::from(*last) - i64::from(*first) + 1,
        _ => 0,
    }
}

/// Returns the offset and the counts of one side, with the gaps filled.
fn dense(side: &BTreeMap<i32, f64>) -> (i32, Vec<u64>) {
    let Some((first, _)) = side.first_key_value() else { return (0, Vec::new()) };
    let mut counts = vec![0; usize::try_from(width(side)).unwrap_or_default()];
    for (index, weight) in side {
        if let Some(count) = counts.get_mut((index - first) as usize) {
            *count = rounded(*weight);
        }
    }
    (*first, counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_within_their_buckets() {
        let mut sketch = Sketch::default();
        let values = [0.001, 0.5, 1.0, 2.0, 3.7, 250.0, 1e12, -4.0, 0.0];
        values.iter().for_each(|value| sketch.add(*value, 1.0));
        let point = sketch.point();
        assert_eq!((point.count, point.min, point.max), (9, Some(-4.0), Some(1e12)));
        let Buckets::Exponential { scale, zero_count, positive_offset, positive, negative, .. } =
            point.buckets
        else {
            panic!()
        };
        assert_eq!((zero_count, negative), (1, vec![1]));
        assert!(positive.len() <= 160 && scale < MAX_SCALE);
        let base = 2.0_f64.powf(2.0_f64.powi(-scale));
        for value in values.into_iter().filter(|value| *value > 0.0) {
            let holds = |slot: usize| {
                let index = positive_offset + slot as i32;
                base.powi(index) < value * (1.0 + 1e-9) && value <= base.powi(index + 1) * (1.0 + 1e-9)
            };
            assert!((0..positive.len()).any(|slot| positive[slot] > 0 && holds(slot)), "{value}");
        }
    }

    #[test]
    fn extremes_and_samples() {
        let mut sketch = Sketch::default();
        for value in [f64::MIN_POSITIVE, f64::MAX, -f64::MAX, 5e-324] {
            sketch.add(value, 1.0);
        }
        assert_eq!(sketch.point().count, 4);
        let mut sampled = Sketch::default();
        (0..3).for_each(|_| sampled.add(2.0, 1.0 / 0.3));
        assert_eq!(sampled.point().count, 10);
        sampled.add(7.0, 0.1);
        assert_eq!(sampled.point().count, 11);
    }
}
