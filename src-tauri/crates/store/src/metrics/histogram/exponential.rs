//! Exponential buckets as sparse counts, with subtraction, addition and explicit bounds.

use std::collections::BTreeMap;

/// Counts of exponential buckets by index; bucket i holds (b^i, b^(i+1)], b = 2^(2^-scale)
/// (OpenTelemetry metrics data model, section ExponentialHistogram).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sparse {
    pub(crate) scale: i32,
    pub(crate) zero_threshold: f64,
    pub(crate) zero: f64,
    pub(crate) positive: BTreeMap<i64, f64>,
    pub(crate) negative: BTreeMap<i64, f64>,
}

impl Sparse {
    /// Converts to coarser buckets: each decrement of the scale merges two neighbours.
    pub(crate) fn at_scale(&self, scale: i32) -> Self {
        let shift = self.scale.saturating_sub(scale).clamp(0, 62);
        let coarser = |counts: &BTreeMap<i64, f64>| {
            let mut merged = BTreeMap::new();
            for (index, count) in counts {
                *merged.entry(index >> shift).or_insert(0.0) += count;
            }
            merged
        };
        Self {
            scale: self.scale.min(scale),
            positive: coarser(&self.positive),
            negative: coarser(&self.negative),
            ..self.clone()
        }
    }

    /// Returns the increase over `earlier`, or none after a reset, where any bucket decreased.
    pub(crate) fn increase(&self, earlier: &Self) -> Option<Self> {
        let scale = self.scale.min(earlier.scale);
        let (mut gain, earlier) = (self.at_scale(scale), earlier.at_scale(scale));
        gain.zero -= earlier.zero;
        for (counts, before) in
            [(&mut gain.positive, &earlier.positive), (&mut gain.negative, &earlier.negative)]
        {
            for (index, count) in before {
                *counts.entry(*index).or_insert(0.0) -= count;
            }
        }
        let lost = |counts: &BTreeMap<i64, f64>| counts.values().any(|count| *count < 0.0);
        // A wider zero bucket takes counts from its neighbours. That counts as a reset too.
        (gain.zero >= 0.0 && !lost(&gain.positive) && !lost(&gain.negative)).then_some(gain)
    }

    /// Adds other counts, at the coarser of both scales.
    pub(crate) fn add(&mut self, other: &Self) {
        let scale = self.scale.min(other.scale);
        let (mut sum, other) = (self.at_scale(scale), other.at_scale(scale));
        sum.zero += other.zero;
        sum.zero_threshold = sum.zero_threshold.max(other.zero_threshold);
        for (counts, more) in [(&mut sum.positive, other.positive), (&mut sum.negative, other.negative)] {
            for (index, count) in more {
                *counts.entry(index).or_insert(0.0) += count;
            }
        }
        *self = sum;
    }

    /// Returns finite ascending upper bounds and counts, one more than bounds. Two equal bounds
    /// enclose measurements of exactly that value.
    pub(crate) fn explicit(&self) -> (Vec<f64>, Vec<f64>) {
        let mut explicit = ExplicitBuckets::default();
        // From the most negative up: bucket i of the negative side holds [-b^(i+1), -b^i).
        let mut upper = None;
        for (index, count) in self.negative.iter().rev() {
            let low = -self.power(index.saturating_add(1));
            if upper != Some(low) && low.is_finite() {
                explicit.push(low, 0.0);
            }
            let high = -self.power(*index);
            explicit.push(if high.is_finite() { high } else { f64::MIN }, *count);
            upper = Some(high);
        }
        if let Some((lower, upper)) = self.zero_bucket() {
            explicit.push(lower, 0.0);
            explicit.push_zero(upper, self.zero);
        }
        for (index, count) in &self.positive {
            let low = self.power(*index);
            explicit.push(low, 0.0);
            explicit.push(self.power(index.saturating_add(1)), *count);
        }
        explicit.counts.push(explicit.beyond);
        (explicit.bounds, explicit.counts)
    }

    /// Returns the ends of the zero bucket. Beside measurements of one sign only it ends at zero,
    /// as in Prometheus (`histogramQuantile` in promql/quantile.go).
    fn zero_bucket(&self) -> Option<(f64, f64)> {
        let width = self.zero_threshold.max(0.0);
        let has = |counts: &BTreeMap<i64, f64>| counts.values().any(|count| *count > 0.0);
        match (has(&self.negative), has(&self.positive)) {
            _ if self.zero <= 0.0 => None,
            (false, true) => Some((0.0, width)),
            (true, false) => Some((0.0 - width, 0.0)),
            _ => Some((0.0 - width, width)),
        }
    }

    fn power(&self, index: i64) -> f64 {
        (index as f64 * (-f64::from(self.scale)).exp2()).exp2()
    }
}

/// Upper bounds and counts that are being built in ascending order.
#[derive(Default)]
struct ExplicitBuckets {
    bounds: Vec<f64>,
    counts: Vec<f64>,
    /// Measurements above the largest finite bound.
    beyond: f64,
}

impl ExplicitBuckets {
    /// Adds a bucket. A bound that is not above the last one adds to its bucket.
    fn push(&mut self, bound: f64, count: f64) {
        if !bound.is_finite() {
            self.beyond += count;
        } else if let (Some(last), Some(total)) = (self.bounds.last(), self.counts.last_mut())
            && bound <= *last
        {
            *total += count;
        } else {
            self.bounds.push(bound);
            self.counts.push(count);
        }
    }

    /// Adds the zero bucket, which may be a single value.
    fn push_zero(&mut self, bound: f64, count: f64) {
        let bound = self.bounds.last().map_or(bound, |last| bound.max(*last));
        self.bounds.push(bound);
        self.counts.push(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse(scale: i32, positive: &[(i64, f64)]) -> Sparse {
        Sparse { scale, positive: positive.iter().copied().collect(), ..Sparse::default() }
    }

    #[test]
    fn bounds_are_powers_of_the_base() {
        let (bounds, counts) = sparse(0, &[(0, 3.0), (1, 4.0), (3, 1.0)]).explicit();
        assert_eq!(bounds, [1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!(counts, [0.0, 3.0, 4.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_zero_bucket_has_both_its_ends() {
        let zeros = Sparse { zero: 8.0, ..sparse(0, &[(1, 1.0)]) };
        assert_eq!(zeros.explicit(), (vec![0.0, 0.0, 2.0, 4.0], vec![0.0, 8.0, 0.0, 1.0, 0.0]));
        let both = Sparse { negative: BTreeMap::from([(0, 2.0)]), zero_threshold: 0.5, ..zeros.clone() };
        let (bounds, counts) = both.explicit();
        assert_eq!(bounds, [-2.0, -1.0, -0.5, 0.5, 2.0, 4.0]);
        assert_eq!(counts, [0.0, 2.0, 0.0, 8.0, 0.0, 1.0, 0.0]);
        let below = Sparse { positive: BTreeMap::new(), ..both };
        assert_eq!(below.explicit(), (vec![-2.0, -1.0, -0.5, 0.0], vec![0.0, 2.0, 0.0, 8.0, 0.0]));
        let only = Sparse { negative: BTreeMap::new(), ..below };
        assert_eq!(only.explicit(), (vec![-0.5, 0.5], vec![0.0, 8.0, 0.0]));
    }

    #[test]
    fn a_coarser_scale_preserves_every_count() {
        let coarse = sparse(1, &[(-1, 1.0), (0, 2.0), (1, 3.0), (2, 4.0)]).at_scale(0);
        assert_eq!(coarse, sparse(0, &[(-1, 1.0), (0, 5.0), (1, 4.0)]));
    }

    #[test]
    fn absurd_scales_give_finite_ascending_bounds() {
        for scale in [i32::MIN, -20, 0, 40, i32::MAX] {
            let mut counts = sparse(scale, &[(i64::MIN, 1.0), (0, 1.0), (i64::MAX, 1.0)]);
            counts.negative = counts.positive.clone();
            let (bounds, counts) = counts.explicit();
            assert!(bounds.iter().all(|bound| bound.is_finite()));
            assert!(bounds.windows(2).all(|pair| pair[0] <= pair[1]), "{scale}: {bounds:?}");
            assert_eq!(counts.len(), bounds.len() + 1);
            assert_eq!(counts.iter().sum::<f64>(), 6.0);
        }
    }
}
