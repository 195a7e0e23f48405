//! Comparisons with known answers.

use analysis::compare;
use model::{Comparison, ComparisonVerdict, TimeRange, Timestamp};

fn held_against(before: &[f64], after: &[f64]) -> Comparison {
    let range = |start, end| TimeRange::new(Timestamp(start), Timestamp(end));
    compare(before, after, range(0, 10), range(10, 20))
}

fn scattered(count: i32, multiplier: i32, modulus: i32, offset: i32) -> Vec<f64> {
    (0..count).map(|i| f64::from(i * multiplier % modulus + offset)).collect()
}

#[test]
fn figures_agree_with_scipy_and_numpy() {
    let found = held_against(&scattered(60, 37, 101, 0), &scattered(50, 53, 97, 9));
    // scipy 1.17: mannwhitneyu(method='asymptotic'); numpy: median, percentile, mean.
    assert!((found.p_value - 0.414_238_236_436_134_43).abs() < 1e-9, "{found:?}");
    assert_eq!((found.before.median, found.after.median), (49.5, 55.5));
    assert!((found.before.p95 - 94.1).abs() < 1e-9 && (found.after.p95 - 98.55).abs() < 1e-9);
    assert!(
        (found.before.mean - 49.516_666_666_666_666).abs() < 1e-9 && (found.after.mean - 54.26).abs() < 1e-9
    );
    assert_eq!((found.before.quantiles.len(), found.verdict), (101, ComparisonVerdict::NoDifference));
}

#[test]
fn a_plain_rise_is_reported_with_its_interval() {
    let before = scattered(500, 37, 101, 200);
    let after: Vec<f64> = before.iter().map(|value| value * 1.2).collect();
    let found = held_against(&before, &after);
    assert_eq!(found.verdict, ComparisonVerdict::Higher);
    let (low, high) = found.median_change_interval.unwrap();
    assert!(low > 0.1 && low < 0.2 && high > 0.2 && high < 0.3, "{found:?}");
    assert!(found.summary.starts_with("median up 20% (95% CI 1"), "{}", found.summary);
    assert!(found.summary.ends_with("%), p95 up 20%"), "{}", found.summary);
    assert_eq!(held_against(&after, &before).verdict, ComparisonVerdict::Lower);
    assert_eq!(held_against(&before, &after), found, "the same data give the same answer");
}

#[test]
fn a_change_of_the_tail_alone_is_reported() {
    let before = scattered(1000, 37, 101, 200);
    let after: Vec<f64> =
        before.iter().enumerate().map(|(i, value)| if i % 12 == 0 { value * 4.0 } else { *value }).collect();
    let found = held_against(&before, &after);
    assert_eq!(found.verdict, ComparisonVerdict::Higher, "{}", found.summary);
    assert!(found.summary.starts_with("p95 up "), "{}", found.summary);
}

#[test]
fn a_change_below_one_percent_is_not_reported() {
    let before = scattered(40_000, 37, 101, 100_000);
    let after: Vec<f64> = before.iter().map(|value| value + 60.0).collect();
    let found = held_against(&before, &after);
    assert!(found.p_value < 1e-9 && found.verdict == ComparisonVerdict::NoDifference, "{found:?}");
}

#[test]
fn too_little_is_said_to_be_too_little() {
    let found = held_against(&[1.0; 29], &[2.0; 100]);
    assert_eq!(found.verdict, ComparisonVerdict::NotEnoughData);
    assert_eq!(found.summary, "not enough data: 29 values before and 100 after, 30 are needed on each side");
    let empty = held_against(&[], &[]);
    assert_eq!((empty.before.count, empty.median_change), (0, None));
}

#[test]
fn values_sorted_on_the_way_are_not_taken_for_dependent() {
    let mut before = scattered(300, 37, 101, 200);
    let mut after: Vec<f64> = before.iter().map(|value| value * 1.2).collect();
    before.sort_by(f64::total_cmp);
    after.sort_by(f64::total_cmp);
    assert_eq!(held_against(&before, &after).verdict, ComparisonVerdict::Higher);
}

#[test]
fn zeros_have_no_relative_change() {
    let mut after = vec![0.0; 100];
    assert_eq!(held_against(&[0.0; 100], &after).verdict, ComparisonVerdict::NoDifference);
    after.fill(0.5);
    let found = held_against(&[0.0; 100], &after);
    assert_eq!((found.verdict, found.median_change), (ComparisonVerdict::Higher, None));
    assert_eq!(found.summary, "median up from zero");
}

#[test]
fn hostile_values_are_survived() {
    let huge: Vec<f64> = (0..60).map(|i| if i % 2 == 0 { 1e308 } else { -1e308 }).collect();
    let holes: Vec<f64> = (0..60).map(|i| if i % 3 == 0 { f64::NAN } else { f64::INFINITY }).collect();
    let tiny = vec![f64::MIN_POSITIVE; 60];
    for before in [&huge, &holes, &tiny] {
        for after in [&huge, &holes, &tiny] {
            let found = held_against(before, after);
            assert!(
                found.p_value.is_finite() && found.before.mean.is_finite() && found.after.p95.is_finite()
            );
            for change in [found.median_change, found.p95_change].into_iter().flatten() {
                assert!(change.is_finite(), "{found:?}");
            }
        }
    }
}

#[test]
fn alike_and_dependent_ranges_seldom_differ() {
    let mut state = 3_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut interval = || {
        let mut level = 0.0;
        (0..200)
            .map(|_| {
                level = 0.6 * level + uniform() + uniform() + uniform() - 1.5;
                (0.4 * level + 3.0).exp()
            })
            .collect::<Vec<f64>>()
    };
    let detected = (0..60)
        .filter(|_| held_against(&interval(), &interval()).verdict != ComparisonVerdict::NoDifference)
        .count();
    assert!(detected <= 6, "{detected} of 60");
}
