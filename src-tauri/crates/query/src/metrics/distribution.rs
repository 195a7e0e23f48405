//! Percentiles of histograms and of weighted values.

/// The cumulative distribution of the measurements of one or more histograms.
///
/// It rises linearly between its points. Two points at the same value are a jump.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Distribution {
    /// (value, number of measurements up to it), ascending in both.
    points: Vec<(f64, f64)>,
}

impl Distribution {
    /// Returns the distribution of measurements that are spread evenly inside each bucket. There is
    /// one count more than bounds.
    ///
    /// The first and last bucket extend to minimum and maximum if these are known. Otherwise the
    /// first begins at zero if its bound is positive. The last is then wholly at its lower bound,
    /// as in Prometheus's `histogram_quantile`.
    pub(super) fn of(bounds: &[f64], counts: &[f64], min: Option<f64>, max: Option<f64>) -> Self {
        let finite = bounds.iter().take_while(|bound| bound.is_finite()).count();
        let bounds = &bounds[..finite];
        let count = |index: usize| counts.get(index).copied().filter(|c| c.is_finite() && *c > 0.0);
        let beyond: f64 = (finite..counts.len()).filter_map(count).sum();
        let min = min.filter(|value| value.is_finite());
        let max = max.filter(|value| value.is_finite());
        let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
            return Self::spread(min.or(max), max.or(min), beyond);
        };
        let lowest = min.unwrap_or(if *first > 0.0 { 0.0 } else { *first }).min(*first);
        let highest = max.unwrap_or(*last).max(*last);
        let mut points = vec![(lowest, 0.0)];
        let mut below = 0.0;
        let mut lower = lowest;
        for (index, bound) in bounds.iter().enumerate() {
            let gained = count(index).unwrap_or(0.0);
            if gained > 0.0 {
                let from = lower.max(min.unwrap_or(lower)).min(*bound);
                let to = max.map_or(*bound, |max| max.clamp(from, *bound));
                points.push((from, below));
                below += gained;
                points.push((to, below));
            }
            lower = *bound;
        }
        if beyond > 0.0 {
            points.push((lower.max(min.unwrap_or(lower)).min(highest), below));
            points.push((highest, below + beyond));
        }
        Self { points }
    }

    /// Returns measurements spread evenly between two values.
    fn spread(from: Option<f64>, to: Option<f64>, count: f64) -> Self {
        match (from, to) {
            (Some(from), Some(to)) if count > 0.0 => {
                Self { points: vec![(from, 0.0), (to.max(from), count)] }
            }
            _ => Self::default(),
        }
    }

    fn total(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.1)
    }

    /// Returns the measurements below `value`, or up to and including it if `inclusive`.
    fn cumulated(&self, value: f64, inclusive: bool) -> f64 {
        let after =
            self.points.partition_point(|point| if inclusive { point.0 <= value } else { point.0 < value });
        let Some(next) = self.points.get(after) else { return self.total() };
        let Some(previous) = after.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return if next.0 == value && inclusive { next.1 } else { 0.0 };
        };
        let width = next.0 - previous.0;
        if width <= 0.0 {
            return previous.1;
        }
        previous.1 + (next.1 - previous.1) * ((value - previous.0) / width).clamp(0.0, 1.0)
    }

    /// Merges distributions on the union of their bounds.
    pub(super) fn merge(distributions: &[Self]) -> Self {
        let filled: Vec<&Self> = distributions.iter().filter(|one| one.total() > 0.0).collect();
        if let [one] = filled.as_slice() {
            return (*one).clone();
        }
        let mut bounds: Vec<f64> =
            filled.iter().flat_map(|one| one.points.iter().map(|point| point.0)).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let sum = |bound, inclusive| filled.iter().map(|one| one.cumulated(bound, inclusive)).sum::<f64>();
        let points =
            bounds.iter().flat_map(|bound| [(*bound, sum(*bound, false)), (*bound, sum(*bound, true))]);
        Self { points: points.collect() }
    }

    /// Returns the `quantile` (0 to 1) of the measurements, none if there are none.
    pub(super) fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.total();
        if total <= 0.0 {
            return None;
        }
        let wanted = quantile.clamp(0.0, 1.0) * total;
        let after = self.points.partition_point(|point| point.1 < wanted).min(self.points.len() - 1);
        let next = self.points[after];
        let Some(previous) = after.checked_sub(1).map(|index| self.points[index]) else {
            return Some(next.0);
        };
        let gained = next.1 - previous.1;
        if gained <= 0.0 {
            return Some(next.0);
        }
        Some(previous.0 + (next.0 - previous.0) * ((wanted - previous.1) / gained).clamp(0.0, 1.0))
    }
}

/// Returns the `quantile` (0 to 1) of (value, number of samples) pairs, none without samples.
///
/// It is interpolated linearly between samples (type 7 of Hyndman and Fan 1996, as numpy does).
pub(super) fn weighted_quantile(values: &mut [(f64, f64)], quantile: f64) -> Option<f64> {
    values.sort_by(|left, right| left.0.total_cmp(&right.0));
    let total: f64 = values.iter().map(|value| value.1).sum();
    if total <= 0.0 {
        return None;
    }
    let position = quantile.clamp(0.0, 1.0) * (total - 1.0).max(0.0);
    let at = |index: f64| {
        let mut seen = 0.0;
        values
            .iter()
            .find(|value| {
                seen += value.1;
                seen > index
            })
            .or(values.last())
            .map(|value| value.0)
    };
    let (low, high) = (at(position.floor())?, at(position.ceil())?);
    // The difference of equal infinities is not a number.
    Some(if low == high || position.fract() == 0.0 { low } else { low + (high - low) * position.fract() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated_inside_a_bucket() {
        let distribution = Distribution::of(&[1.0, 2.0, 4.0], &[0.0, 10.0, 10.0, 0.0], None, None);
        assert_eq!(distribution.quantile(0.5), Some(2.0));
        assert_eq!(distribution.quantile(0.25), Some(1.5));
        assert_eq!(distribution.quantile(0.75), Some(3.0));
    }

    #[test]
    fn open_ends_use_the_extremes_or_the_nearest_bound() {
        let known = Distribution::of(&[1.0], &[0.0, 10.0], None, Some(3.0));
        assert_eq!(known.quantile(0.5), Some(2.0));
        let unknown = Distribution::of(&[1.0], &[0.0, 10.0], None, None);
        assert_eq!(unknown.quantile(0.9), Some(1.0));
        let low = Distribution::of(&[1.0], &[10.0, 0.0], Some(0.5), None);
        assert_eq!(low.quantile(0.5), Some(0.75));
        assert_eq!(Distribution::of(&[1.0], &[0.0, 0.0], None, None).quantile(0.5), None);
    }

    #[test]
    fn different_bounds_merge_onto_their_union() {
        let fine = Distribution::of(&[1.0, 2.0, 3.0, 4.0], &[0.0, 5.0, 5.0, 0.0, 0.0], None, None);
        let coarse = Distribution::of(&[1.0, 3.0], &[0.0, 10.0, 0.0], None, None);
        let merged = Distribution::merge(&[fine.clone(), coarse]);
        assert_eq!(merged.quantile(0.5), Some(2.0));
        assert_eq!(merged.quantile(1.0), Some(3.0));
        assert_eq!(Distribution::merge(&[fine.clone(), fine.clone()]).quantile(0.25), fine.quantile(0.25));
    }

    #[test]
    fn a_jump_at_the_last_bound_remains_after_merging() {
        let jump = Distribution::of(&[1.0], &[0.0, 10.0], None, None);
        let merged = Distribution::merge(&[jump.clone(), jump]);
        assert_eq!(merged.quantile(0.95), Some(1.0));
    }

    #[test]
    fn weighted_quantiles_agree_with_the_plain_ones() {
        let mut plain = vec![(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0)];
        assert_eq!(weighted_quantile(&mut plain, 0.5), Some(2.5));
        let mut weighted = vec![(5.0, 1.0), (1.0, 3.0)];
        assert_eq!(weighted_quantile(&mut weighted, 0.5), Some(1.0));
        assert_eq!(weighted_quantile(&mut [], 0.5), None);
        let mut infinite = vec![(f64::INFINITY, 2.0), (1.0, 1.0)];
        assert_eq!(weighted_quantile(&mut infinite, 0.5), Some(f64::INFINITY));
        assert_eq!(weighted_quantile(&mut infinite, 0.0), Some(1.0));
    }
}
