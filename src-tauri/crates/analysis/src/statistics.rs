//! Order statistics of finite numbers.

/// Returns the quantile `q` (0 to 1) of ascending values, interpolated between neighbours (Hyndman
/// and Fan 1996, type 7). None for an empty slice.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let low = sorted[below.min(last)];
    let high = sorted[(below + 1).min(last)];
    let share = position - below as f64;
    // Weighted and not low + (high - low) * share: the difference of two finite numbers may
    // overflow.
    Some(low * (1.0 - share) + high * share)
}

/// Returns the finite ones of `values`, ascending.
pub(crate) fn sorted_finite(values: &[f64]) -> Vec<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_unstable_by(f64::total_cmp);
    finite
}

/// Returns the median and sorts `values`. None for an empty slice.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let length = values.len();
    if length == 0 {
        return None;
    }
    let (below, middle, _) = values.select_nth_unstable_by(length / 2, f64::total_cmp);
    let middle = *middle;
    if length % 2 == 1 {
        return Some(middle);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(lower * 0.5 + middle * 0.5)
}

/// Returns the mean without overflow; 0 for an empty slice.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    values.iter().map(|value| value / count).sum()
}

/// Returns ranks from 1 in the order of `values`. Ties share their mean rank.
pub(crate) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let mut last = first;
        while last + 1 < order.len() && values[order[last + 1]] == values[order[first]] {
            last += 1;
        }
        for index in &order[first..=last] {
            ranks[*index] = (first + last) as f64 / 2.0 + 1.0;
        }
        first = last + 1;
    }
    ranks
}

/// Returns the count of each value that occurs more than once. `sorted` is ascending.
pub(crate) fn tie_groups(sorted: &[f64]) -> Vec<f64> {
    sorted
        .chunk_by(|left, right| left == right)
        .filter(|group| group.len() > 1)
        .map(|group| group.len() as f64)
        .collect()
}

/// Returns `value` as a finite number: infinity becomes the largest number, NaN becomes 0.
pub(crate) fn finite(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&values, 0.5), Some(3.0));
        assert!((quantile(&values, 0.95).unwrap() - 7.4).abs() < 1e-12);
        assert_eq!(quantile(&values, 1.0), Some(8.0));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[-1e308, 1e308], 0.5), Some(0.0));
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[10.0, 20.0, 10.0, 5.0]), vec![2.5, 4.0, 2.5, 1.0]);
        assert_eq!(tie_groups(&[1.0, 2.0, 2.0, 3.0, 3.0, 3.0]), vec![2.0, 3.0]);
    }
}
