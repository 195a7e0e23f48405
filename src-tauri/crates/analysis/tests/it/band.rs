//! A band is sane whatever it is made of.

use analysis::{SeriesFacts, anomaly_band, anomaly_band_with};
use model::{AnomalyBand, NANOS_PER_SECOND, Timestamp};
use proptest::prelude::*;

const STEP: i64 = 15 * NANOS_PER_SECOND;

fn times(count: usize) -> Vec<Timestamp> {
    (0..count as i64).map(|index| Timestamp(index * STEP)).collect()
}

fn with_noise(values: &[Option<f64>], noise: f64) -> AnomalyBand {
    anomaly_band_with(&times(values.len()), values, STEP, SeriesFacts { noise, ..SeriesFacts::default() })
}

fn band_of(values: &[f64]) -> AnomalyBand {
    let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
    anomaly_band(&times(values.len()), &values, STEP)
}

/// The robust range as it is documented: the widest of the distance between the quartiles (the 98th
/// percentile of the distances from the median where that is nothing) and a hundredth of the
/// median.
fn robust_range(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |q| analysis::quantile(&sorted, q).unwrap_or(f64::NAN);
    let mut range = at(0.75) - at(0.25);
    if range <= 0.0 {
        let mut distances: Vec<f64> = sorted.iter().map(|value| (value - at(0.5)).abs()).collect();
        distances.sort_by(f64::total_cmp);
        range = analysis::quantile(&distances, 0.98).unwrap_or(f64::NAN);
    }
    range.max(at(0.5).abs() * 0.01)
}

fn assert_sane(values: &[f64], band: &AnomalyBand, noise: f64) {
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let rounding = 1e-6 * (lowest.abs() + highest.abs()) + 1e-250;
    let reach = 20.0 * robust_range(values).max(noise) * 1.000_001 + rounding;
    for index in 0..band.times.len() {
        let (Some(lower), Some(expected), Some(upper)) =
            (band.lower[index], band.expected[index], band.upper[index])
        else {
            continue;
        };
        assert!(lower <= expected && expected <= upper, "{lower} {expected} {upper}");
        assert!(lowest - rounding <= expected && expected <= highest + rounding);
        assert!(upper - expected <= reach, "{upper} is {} beyond {expected}", upper - expected);
        assert!(expected - lower <= reach, "{lower} is {} below {expected}", expected - lower);
        assert!(lowest < 0.0 || lower >= 0.0, "{lower} of what is never negative");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_finite_values(
        values in prop::collection::vec(
            prop_oneof![
                6 => -10.0..10.0_f64,
                1 => prop::num::f64::NORMAL.prop_map(|value| value % 1e150),
                1 => Just(0.0),
            ],
            24..200,
        ),
        noise in prop_oneof![Just(0.0), 0.0..5.0_f64],
    ) {
        let given: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        assert_sane(&values, &with_noise(&given, noise), noise);
    }

    #[test]
    fn skewed_values_that_are_never_negative(
        logarithms in prop::collection::vec(-3.0..12.0_f64, 24..300),
        spread in 0.1..3.0_f64,
    ) {
        let values: Vec<f64> = logarithms.iter().map(|value| (value * spread).exp()).collect();
        assert_sane(&values, &band_of(&values), 0.0);
    }
}

/// Numbers between 0 and 1 that look random and are the same every time.
fn share(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1_u64 << 24) as f64
}

/// A service of about 120 ms whose requests take 25 times as long for `length` steps from each
/// beginning.
fn with_faults(count: usize, beginnings: &[usize], length: usize) -> Vec<f64> {
    (0..count)
        .map(|index| {
            let usual = 0.09 + 0.06 * share(index) + 0.08 * share(index * 7 + 3).powi(6);
            let faulty = beginnings.iter().any(|begin| (*begin..begin + length).contains(&index));
            if faulty { usual * 25.0 } else { usual }
        })
        .collect()
}

fn assert_detected(values: &[f64], beginnings: &[usize], length: usize) {
    let band = band_of(values);
    assert_sane(values, &band, 0.0);
    let mut detected: Vec<(i64, i64)> =
        band.anomalies.iter().map(|one| (one.range.start.0 / STEP, one.range.end.0 / STEP)).collect();
    detected.sort_unstable();
    let made: Vec<(i64, i64)> =
        beginnings.iter().map(|begin| (*begin as i64, (begin + length) as i64)).collect();
    assert_eq!(detected, made, "faults from {beginnings:?}, season {:?}", band.season);
    for index in 0..values.len() {
        let (Some(expected), Some(upper)) = (band.expected[index], band.upper[index]) else {
            panic!("nothing expected at {index}");
        };
        assert!((0.05..0.3).contains(&expected), "{expected} expected at {index}");
        assert!(upper < 1.2, "up to {upper} at {index}");
    }
}

#[test]
fn two_faults_of_six_minutes_in_an_hour_are_detected() {
    for beginnings in [[20, 180], [50, 140], [90, 200], [70, 150]] {
        assert_detected(&with_faults(240, &beginnings, 24), &beginnings, 24);
    }
}

#[test]
fn a_fault_every_forty_minutes_is_detected_each_time() {
    let beginnings: Vec<usize> = (0..9).map(|index| 32 + index * 160).collect();
    assert_detected(&with_faults(1440, &beginnings, 24), &beginnings, 24);
    let days: Vec<usize> = (0..72).map(|index| 4 + index * 20).collect();
    let values = with_faults(1440, &days, 3);
    let times: Vec<Timestamp> = (0..1440).map(|index| Timestamp(index * STEP * 8)).collect();
    let given: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
    let band = anomaly_band(&times, &given, STEP * 8);
    assert_eq!(band.season, None, "half a day and a day are multiples of the time between two faults");
    assert!(band.upper.iter().flatten().all(|upper| *upper < 1.2));
}

#[test]
fn known_noise_makes_a_share_of_nothing_steady() {
    let share_of = |index: usize| match index {
        140..146 => 0.4,
        _ if index.is_multiple_of(11) => 1.0 / 30.0,
        _ => 0.0,
    };
    let values: Vec<Option<f64>> = (0..200).map(|index| Some(share_of(index))).collect();
    let noise = (1.0 / 30.0 * 29.0 / 30.0 / 30.0_f64).sqrt();
    let band = with_noise(&values, noise);
    assert_eq!(band.anomalies.len(), 1, "{:?}", band.anomalies);
    assert_eq!(band.anomalies[0].range.start.0 / STEP, 140);
    let calm: Vec<Option<f64>> = values.iter().take(130).copied().collect();
    assert!(with_noise(&calm, noise).anomalies.is_empty());
}
