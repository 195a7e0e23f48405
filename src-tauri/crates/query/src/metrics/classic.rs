//! Quantiles of classic histograms, as PromQL's `histogram_quantile` defines them.
//!
//! Source: `bucketQuantile` in promql/quantile.go of Prometheus 2.42.

/// The label with the upper bound of a bucket.
pub(super) const LE: &str = "le";

/// Returns a quantile of buckets: pairs of upper bound and number of measurements up to it, in any
/// order.
///
/// Counts of equal bounds are summed. A count that is smaller than that of a lower bound is raised
/// to it. None without measurements, without a bucket up to infinity and with no other bucket.
pub(super) fn quantile(quantile: f64, mut buckets: Vec<(f64, f64)>) -> Option<f64> {
    if quantile.is_nan() {
        return None;
    }
    if !(0.0..=1.0).contains(&quantile) {
        return Some(if quantile < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
    buckets.dedup_by(|later, earlier| {
        let is_same = later.0 == earlier.0;
        earlier.1 += if is_same { later.1 } else { 0.0 };
        is_same
    });
    let mut largest = f64::NEG_INFINITY;
    for (_, count) in &mut buckets {
        largest = largest.max(*count);
        *count = largest;
    }
    let (infinite, finite) = buckets.split_last()?;
    let (last, total) = (finite.last()?, infinite.1);
    if infinite.0 != f64::INFINITY || total.is_nan() || total == 0.0 {
        return None;
    }
    let rank = quantile * total;
    let position = finite.partition_point(|(_, count)| *count < rank);
    let Some((upper, count)) = finite.get(position) else { return Some(last.0) };
    let (lower, below) = match position.checked_sub(1).and_then(|before| finite.get(before)) {
        Some(before) => *before,
        None if *upper <= 0.0 => return Some(*upper),
        None => (0.0, 0.0),
    };
    let value = lower + (upper - lower) * ((rank - below) / (count - below));
    // An empty first bucket of a quantile of 0.
    (!value.is_nan()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let buckets = vec![(INF, 20.0), (1.0, 0.0), (2.0, 10.0), (4.0, 20.0)];
        assert_eq!(quantile(0.25, buckets.clone()), Some(1.5));
        assert_eq!(quantile(0.75, buckets.clone()), Some(3.0));
        assert_eq!(quantile(-0.1, buckets.clone()), Some(f64::NEG_INFINITY));
        assert_eq!(quantile(1.1, buckets.clone()), Some(INF));
        assert_eq!(quantile(f64::NAN, buckets), None);
        assert_eq!(quantile(0.9, vec![(1.0, 5.0), (INF, 10.0)]), Some(1.0));
        assert_eq!(quantile(0.5, vec![(-1.0, 6.0), (INF, 10.0)]), Some(-1.0));
    }

    #[test]
    fn falling_counts_are_raised_and_equal_bounds_summed() {
        assert_eq!(quantile(0.5, vec![(1.0, 10.0), (2.0, 4.0), (INF, 8.0)]), Some(0.5));
        assert_eq!(quantile(0.5, vec![(1.0, 2.0), (1.0, 3.0), (INF, 4.0), (INF, 6.0)]), Some(1.0));
    }

    #[test]
    fn incomplete_buckets_have_no_quantile() {
        for buckets in [vec![], vec![(INF, 3.0)], vec![(1.0, 3.0)], vec![(1.0, 0.0), (INF, 0.0)]] {
            assert_eq!(quantile(0.5, buckets), None);
        }
    }
}
