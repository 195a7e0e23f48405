//! Expected bands of series whose anomalies are known.

use analysis::anomaly_band;
use model::{AnomalyBand, NANOS_PER_SECOND, Timestamp};

const STEP: i64 = 300 * NANOS_PER_SECOND;

fn band_of(values: &[f64]) -> AnomalyBand {
    let times: Vec<Timestamp> = (0..values.len() as i64).map(|index| Timestamp(index * STEP)).collect();
    let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
    anomaly_band(&times, &values, STEP)
}

/// Numbers between -0.5 and 0.5 that look random and are the same every time.
fn noise(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1_u64 << 24) as f64 - 0.5
}

fn daily(count: usize) -> Vec<f64> {
    (0..count)
        .map(|index| {
            let phase = (index % 288) as f64 / 288.0 * std::f64::consts::TAU;
            100.0 + 40.0 * phase.sin() + 6.0 * noise(index)
        })
        .collect()
}

#[test]
fn a_daily_rhythm_is_found_and_expected() {
    let values = daily(288 * 6);
    let band = band_of(&values);
    assert_eq!(band.season, Some(86_400 * NANOS_PER_SECOND));
    assert!(band.anomalies.is_empty(), "{:?}", band.anomalies);
    let peak = 288 * 4 + 72;
    assert!((band.expected[peak].unwrap() - 140.0).abs() < 6.0, "{:?}", band.expected[peak]);
}

#[test]
fn a_broken_rhythm_within_the_usual_range_is_detected() {
    let mut values = daily(288 * 6);
    for index in 0..24 {
        values[288 * 4 + 204 + index] = 110.0 + 6.0 * noise(index);
    }
    let band = band_of(&values);
    assert_eq!(band.anomalies.len(), 1, "{:?}", band.anomalies);
    let detected = &band.anomalies[0];
    assert!(
        detected.range.start.0 / STEP >= 288 * 4 + 204 && detected.range.end.0 / STEP <= 288 * 4 + 228,
        "{detected:?}"
    );
    assert!(detected.extreme > detected.expected && detected.score > 8.0, "{detected:?}");
}

#[test]
fn a_spike_neither_bends_nor_widens_its_own_band() {
    let mut values: Vec<f64> = (0..400).map(|index| 50.0 + noise(index)).collect();
    let calm = band_of(&values);
    for value in &mut values[300..310] {
        *value = 90.0;
    }
    let band = band_of(&values);
    assert_eq!(band.season, None);
    assert_eq!(band.anomalies.len(), 1);
    assert_eq!((band.anomalies[0].range.start.0 / STEP, band.anomalies[0].range.end.0 / STEP), (300, 310));
    let width = |band: &AnomalyBand| band.upper[300].unwrap() - band.lower[300].unwrap();
    assert!((width(&band) - width(&calm)).abs() < 0.1 * width(&calm));
    let inside = |index: usize| {
        values[index] <= band.upper[index].unwrap() && values[index] >= band.lower[index].unwrap()
    };
    assert!((0..300).all(inside) && (310..400).all(inside));
}

#[test]
fn a_fault_is_detected_from_end_to_end_anywhere_in_a_short_range() {
    for begin in [10, 60, 110, 126, 150] {
        let mut values: Vec<f64> = (0..180).map(|index| 400.0 + 100.0 * noise(index)).collect();
        for value in &mut values[begin..begin + 22] {
            *value *= 9.0;
        }
        let band = band_of(&values);
        assert_eq!(band.anomalies.len(), 1, "from {begin}: {:?}", band.anomalies);
        let range = band.anomalies[0].range;
        assert_eq!((range.start.0 / STEP, range.end.0 / STEP), (begin as i64, begin as i64 + 22));
    }
}

#[test]
fn a_new_level_becomes_the_normal() {
    let values: Vec<f64> =
        (0..1200).map(|index| if index < 700 { 50.0 } else { 80.0 } + noise(index)).collect();
    let band = band_of(&values);
    assert_eq!(band.anomalies.len(), 1, "{:?}", band.anomalies);
    assert_eq!(band.anomalies[0].range.start.0 / STEP, 700);
    assert!((band.expected[1150].unwrap() - 80.0).abs() < 1.0);
}

#[test]
fn constant_series_do_not_alarm_on_rounding() {
    let values: Vec<f64> = (0..500).map(|index| if index % 97 == 0 { 1.000_000_1 } else { 1.0 }).collect();
    assert!(band_of(&values).anomalies.is_empty());
    let mut values = vec![7.0; 500];
    values[400] = 9.0;
    assert_eq!(band_of(&values).anomalies.len(), 1);
}

#[test]
fn holes_are_neither_values_nor_anomalies() {
    let full = daily(288 * 6);
    let times: Vec<Timestamp> =
        (0..full.len() as i64).filter(|index| index % 7 != 3).map(|index| Timestamp(index * STEP)).collect();
    let values: Vec<Option<f64>> = times
        .iter()
        .map(|time| (time.0 / STEP) as usize)
        .map(|index| (!(600..640).contains(&index)).then(|| full[index]))
        .collect();
    let band = anomaly_band(&times, &values, STEP);
    assert_eq!(band.season, Some(86_400 * NANOS_PER_SECOND));
    assert!(band.anomalies.is_empty(), "{:?}", band.anomalies);
    assert_eq!(
        (band.times.len(), band.expected.len(), band.values.len()),
        (times.len(), times.len(), times.len())
    );
}

#[test]
fn hostile_input_is_survived() {
    assert!(band_of(&[]).times.is_empty());
    for values in [
        vec![1.0],
        vec![1.0, 2.0],
        vec![f64::NAN; 100],
        vec![0.0; 100],
        (0..100).map(|i| if i % 2 == 0 { 1e308 } else { -1e308 }).collect(),
        (0..100).map(|i| if i == 50 { f64::INFINITY } else { f64::from(i) }).collect(),
        (0..100).map(|i| if i == 60 { 1e308 } else { f64::from(i % 3) }).collect(),
        (0..100).map(|i| if i == 60 { 1e308 } else { 1e-300 }).collect(),
        vec![f64::MIN_POSITIVE; 100],
    ] {
        let band = band_of(&values);
        assert_eq!(band, band_of(&values), "the same data give the same answer");
        for edge in band.lower.iter().chain(&band.upper).chain(&band.expected).flatten() {
            assert!(edge.is_finite());
        }
        assert!(band.anomalies.iter().all(|interval| interval.score.is_finite()));
    }
    let times = [Timestamp(i64::MAX), Timestamp(i64::MIN), Timestamp(0)]
        .into_iter()
        .cycle()
        .take(60)
        .collect::<Vec<_>>();
    for step in [i64::MIN, -1, 0, 1, i64::MAX] {
        let band = anomaly_band(&times, &[Some(1.0); 60], step);
        assert!(band.times.is_sorted());
    }
}
