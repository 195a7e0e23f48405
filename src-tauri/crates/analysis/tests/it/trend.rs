//! Trends with known answers.

use analysis::trend;
use model::Timestamp;

fn hourly(count: i32) -> Vec<Timestamp> {
    (0..count).map(|hour| Timestamp::from_seconds(1.7e9 + 3600.0 * f64::from(hour))).collect()
}

fn sawtooth(count: i32) -> Vec<f64> {
    (0..count).map(|i| 0.5 * f64::from(i) + 0.7 * f64::from((i * 6) % 13 - 6)).collect()
}

#[test]
fn agrees_with_scipy_where_nothing_is_autocorrelated() {
    let found = trend(&hourly(40), &sawtooth(40), 0.95, "").unwrap();
    // scipy 1.17: theilslopes(y, x, 0.95, method='joint'), and Mann-Kendall by its definition.
    assert!((found.slope_per_hour - 0.453_333_333_333_333_37).abs() < 1e-9, "{found:?}");
    assert!(
        (found.slope_low - 0.366_666_666_666_666_7).abs() < 1e-9
            && (found.slope_high - 0.563_636_363_636_363_6).abs() < 1e-9,
        "{found:?}"
    );
    assert!((found.p_value / 2.780_995_891_471_220_4e-14 - 1.0).abs() < 1e-6, "{found:?}");
    assert!((found.start_value - 0.653_333_333_333_333_2).abs() < 1e-9, "{found:?}");
    assert!(found.significant && found.points == 40);
}

#[test]
fn says_what_it_found_with_units() {
    let mebibytes: Vec<f64> =
        (0..48).map(|i| (1000.0 + 12.0 * f64::from(i) + f64::from(i * 7 % 5)) * 1_048_576.0).collect();
    let found = trend(&hourly(48), &mebibytes, 0.95, "By").unwrap();
    assert!(found.summary.starts_with("up 12 MiB per hour (95% CI 1"), "{}", found.summary);
    assert!(found.summary.ends_with(" MiB)"), "{}", found.summary);
    let falling: Vec<f64> = mebibytes.iter().map(|value| -value).collect();
    let found = trend(&hourly(48), &falling, 0.95, "By").unwrap();
    assert!(found.summary.starts_with("down 12 MiB per hour (95% CI 1"), "{}", found.summary);
    let flat = trend(&hourly(48), &[5.0; 48], 0.95, "").unwrap();
    assert_eq!((flat.summary.as_str(), flat.significant, flat.p_value), ("constant", false, 1.0));
}

#[test]
fn one_outlier_does_not_tilt_the_line() {
    let mut values = sawtooth(40);
    values[39] = -1e9;
    let found = trend(&hourly(40), &values, 0.95, "").unwrap();
    assert!((0.4..0.6).contains(&found.slope_per_hour), "{found:?}");
}

#[test]
fn order_of_points_does_not_matter() {
    let (mut times, mut values) = (hourly(40), sawtooth(40));
    let expected = trend(&times, &values, 0.95, "").unwrap();
    times.reverse();
    values.reverse();
    assert_eq!(trend(&times, &values, 0.95, "").unwrap(), expected);
}

#[test]
fn a_wandering_series_is_not_called_a_trend_too_often() {
    // A first-order process with carry-over 0.9: without correction more than half of these would
    // be "certain".
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let detected = (0..100)
        .filter(|_| {
            let mut level = 0.0;
            let values: Vec<f64> = (0..200)
                .map(|_| {
                    level = 0.9 * level + uniform() + uniform() + uniform() - 1.5;
                    level
                })
                .collect();
            trend(&hourly(200), &values, 0.95, "").unwrap().significant
        })
        .count();
    assert!(detected <= 15, "{detected} of 100");
}

#[test]
fn many_points_are_put_together() {
    let times: Vec<Timestamp> = (0..20_000).map(|i| Timestamp::from_seconds(f64::from(i) * 60.0)).collect();
    let values: Vec<f64> = (0..20_000).map(|i| f64::from(i) / 60.0 + f64::from(i * 7 % 11)).collect();
    let found = trend(&times, &values, 0.95, "").unwrap();
    assert!((found.slope_per_hour - 1.0).abs() < 0.01, "{found:?}");
    assert_eq!(found.points, 20_000);
}

#[test]
fn hostile_values_are_survived() {
    assert!(trend(&[], &[], 0.95, "").is_none());
    assert!(trend(&hourly(9), &[1.0; 9], 0.95, "").is_none());
    assert!(trend(&[Timestamp(5); 20], &sawtooth(20), 0.95, "").is_none());
    assert!(trend(&hourly(20), &[f64::NAN; 20], 0.95, "").is_none());
    for values in [
        (0..20).map(|i| if i % 2 == 0 { 1e308 } else { -1e308 }).collect::<Vec<f64>>(),
        (0..20).map(|i| if i == 3 { f64::INFINITY } else { f64::from(i) }).collect(),
        vec![f64::MIN_POSITIVE; 20],
    ] {
        for confidence in [f64::NAN, -1.0, 0.95, 2.0] {
            let found = trend(&hourly(20), &values, confidence, "s").unwrap();
            for figure in
                [found.slope_per_hour, found.slope_low, found.slope_high, found.p_value, found.end_value]
            {
                assert!(figure.is_finite(), "{found:?}");
            }
        }
    }
    let extremes =
        [Timestamp(i64::MIN), Timestamp(i64::MAX)].into_iter().cycle().take(20).collect::<Vec<_>>();
    assert!(trend(&extremes, &sawtooth(20), 0.95, "").unwrap().slope_per_hour.is_finite());
}
