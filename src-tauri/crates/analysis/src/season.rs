//! Detection of the season of a series.

use model::NANOS_PER_SECOND;

use crate::{
    correlation::{autocorrelation, autocorrelation_with_holes},
    statistics::{median, sorted_finite},
};

const HOUR: i64 = 3600 * NANOS_PER_SECOND;
/// Below this correlation with itself one season later a series does not plainly repeat.
const PLAIN: f64 = 0.35;
/// A longer season must fit better by this much than a shorter one.
const LONGER_MUST_GAIN: f64 = 0.1;
/// Between its thirds a rhythm covers at least this share of its whole height; one that covers
/// less is flat but for pulses.
const MIN_BETWEEN_THIRDS: f64 = 0.2;
/// A rhythm leaves at most this share of the usual distance from the middle.
const MAX_LEFT: f64 = 0.8;
/// The search for other seasons looks at no more points than this.
const SEARCHED_POINTS: usize = 1_500;

/// Returns the length of the season in steps.
///
/// The level of the series is removed, its outliers are clipped and its holes are `NaN`. None
/// without a clear season or with fewer than two full seasons.
pub(crate) fn season_length(flat: &[f64], step: i64) -> Option<usize> {
    let calendar: Vec<usize> = [1, 12, 24, 168]
        .into_iter()
        .filter_map(|hours| usize::try_from(hours * HOUR / step.max(1)).ok())
        .filter(|lag| *lag >= 8)
        .collect();
    let mut candidates = calendar.clone();
    candidates.extend(strongest_peak(flat));
    candidates.retain(|lag| lag * 2 <= flat.len());
    candidates.sort_unstable();
    candidates.dedup();
    let mut best: Option<(usize, f64)> = None;
    let day = usize::try_from(24 * HOUR / step.max(1)).unwrap_or(usize::MAX);
    for lag in candidates {
        let Some(correlation) = autocorrelation_with_holes(flat, lag) else { continue };
        // A slow wander resembles itself at any lag: a season resembles itself less in between.
        let between = autocorrelation_with_holes(flat, lag / 2).unwrap_or(0.0);
        if correlation < PLAIN || correlation < between + 0.15 {
            continue;
        }
        if best.is_none_or(|(_, strength)| correlation > strength + LONGER_MUST_GAIN) {
            best = Some((lag, correlation));
        }
    }
    // A fault that comes back is no rhythm: what is expected to repeat are hours, half days, days
    // and weeks, and what is shorter than a day must be more than pulses. It is asked last, so
    // that what is a multiple of the time between two faults does not pass for a day.
    best.map(|(lag, _)| lag)
        .filter(|lag| calendar.contains(lag))
        .filter(|lag| lag.is_multiple_of(day) || is_rhythm(flat, &profile(flat, *lag)))
}

/// Returns true if a profile is more than a few pulses on a flat line.
///
/// Such a profile covers its height evenly and reduces the distance of most values.
fn is_rhythm(flat: &[f64], profile: &[f64]) -> bool {
    let sorted = sorted_finite(profile);
    let between = |low: f64, high: f64| {
        crate::quantile(&sorted, high).unwrap_or(0.0) - crate::quantile(&sorted, low).unwrap_or(0.0)
    };
    let usual = |distance: &dyn Fn(usize) -> f64| {
        let distances: Vec<f64> = (0..flat.len()).map(distance).collect();
        crate::quantile(&sorted_finite(&distances), 0.5).unwrap_or(0.0)
    };
    let left = usual(&|position| (flat[position] - profile[position % profile.len()]).abs());
    let middle = crate::quantile(&sorted_finite(flat), 0.5).unwrap_or(0.0);
    between(1.0 / 3.0, 2.0 / 3.0) >= between(0.02, 0.98) * MIN_BETWEEN_THIRDS
        && left < usual(&|position| (flat[position] - middle).abs()) * MAX_LEFT
}

/// Returns the lag of the highest autocorrelation after the first zero crossing, in steps.
fn strongest_peak(flat: &[f64]) -> Option<usize> {
    let size = flat.len().div_ceil(SEARCHED_POINTS).max(1);
    let coarse: Vec<f64> = flat
        .chunks(size)
        .map(|chunk| {
            let present: Vec<f64> = chunk.iter().copied().filter(|value| !value.is_nan()).collect();
            if present.is_empty() { 0.0 } else { crate::statistics::mean(&present) }
        })
        .collect();
    let correlations = autocorrelation(&coarse, coarse.len() / 2);
    let crossing = correlations.iter().position(|correlation| *correlation < 0.0)?;
    let (lag, _) = correlations
        .iter()
        .enumerate()
        .skip(crossing)
        .max_by(|left, right| left.1.total_cmp(right.1))
        .filter(|(lag, _)| *lag >= 8)?;
    let around = (lag.saturating_sub(1) * size).max(1)..=(lag + 1) * size;
    around
        .filter_map(|lag| autocorrelation_with_holes(flat, lag).map(|correlation| (lag, correlation)))
        .max_by(|left, right| left.1.total_cmp(&right.1))
        .map(|(lag, _)| lag)
}

/// Returns the median of a flat series with holes at each phase of its season.
///
/// With few seasons the neighbouring phases count too. So one odd season cannot form the profile.
pub(crate) fn profile(flat: &[f64], season: usize) -> Vec<f64> {
    let seasons = flat.len() / season;
    let reach = match seasons {
        0..=3 => 2,
        4..=6 => 1,
        _ => 0,
    };
    (0..season)
        .map(|phase| {
            let mut values: Vec<f64> = (0..=2 * reach)
                .map(|offset| (phase + season + offset - reach) % season)
                .flat_map(|phase| flat.iter().skip(phase).step_by(season))
                .copied()
                .filter(|value| !value.is_nan())
                .collect();
            median(&mut values).unwrap_or(0.0)
        })
        .collect()
}
