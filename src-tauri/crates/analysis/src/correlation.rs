//! Autocorrelation of a series.

use crate::statistics::mean;

/// Returns the autocorrelation of `values` at each lag from 0 to `longest`. Empty if the values do
/// not vary.
pub(crate) fn autocorrelation(values: &[f64], longest: usize) -> Vec<f64> {
    let centre = mean(values);
    let centred: Vec<f64> = values.iter().map(|value| value - centre).collect();
    let variance: f64 = centred.iter().map(|value| value * value).sum();
    let constant = values.windows(2).all(|pair| pair[0] == pair[1]);
    if constant || !(variance.is_finite() && variance > 0.0) {
        return Vec::new();
    }
    (0..=longest.min(values.len().saturating_sub(1)))
        .map(|lag| {
            centred[lag..].iter().zip(&centred).map(|(later, earlier)| later * earlier).sum::<f64>()
                / variance
        })
        .collect()
}

/// Returns the autocorrelation at one lag of a series with holes (`NaN`), over complete pairs. None
/// if fewer than half the pairs are complete.
pub(crate) fn autocorrelation_with_holes(values: &[f64], lag: usize) -> Option<f64> {
    if lag == 0 || lag >= values.len() {
        return None;
    }
    let (mut product, mut left_square, mut right_square, mut pairs) = (0.0, 0.0, 0.0, 0_usize);
    for (earlier, later) in values.iter().zip(&values[lag..]) {
        if earlier.is_nan() || later.is_nan() {
            continue;
        }
        product += earlier * later;
        left_square += earlier * earlier;
        right_square += later * later;
        pairs += 1;
    }
    let norm = (left_square * right_square).sqrt();
    (pairs * 2 >= values.len() - lag && norm > 0.0 && norm.is_finite()).then(|| product / norm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_values_resemble_themselves_two_steps_later() {
        let values: Vec<f64> = (0..100).map(|index| f64::from(index % 2)).collect();
        let found = autocorrelation(&values, 2);
        assert!((found[1] + 0.99).abs() < 1e-9 && (found[2] - 0.98).abs() < 1e-9);
        assert!(autocorrelation(&[1.0; 10], 3).is_empty());
    }

    #[test]
    fn holes_are_left_out() {
        let values = [1.0, -1.0, f64::NAN, -1.0, 1.0, -1.0, 1.0];
        assert!((autocorrelation_with_holes(&values, 2).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(autocorrelation_with_holes(&values, 7), None);
    }
}
