//! Does a series repeat itself, and how?

use model::NANOS_PER_SECOND;

use crate::{
    correlation::{autocorrelation, autocorrelation_with_holes},
    statistics::median,
};

const HOUR: i64 = 3600 * NANOS_PER_SECOND;
/// Below this correlation with itself one season later a series does not plainly repeat.
const PLAIN: f64 = 0.35;
/// A longer season must fit better by this much than a shorter one.
const LONGER_MUST_GAIN: f64 = 0.1;
/// The search for other seasons looks at no more points than this.
const SEARCHED_POINTS: usize = 1_500;

/// Length in steps of the season of a series with holes (`NaN`) whose level was taken out and whose outliers were
/// pulled in; none if no season is plain or fewer than two full seasons are there.
pub(crate) fn season_length(flat: &[f64], step: i64) -> Option<usize> {
    let mut candidates: Vec<usize> = [1, 12, 24, 168]
        .into_iter()
        .filter_map(|hours| usize::try_from(hours * HOUR / step.max(1)).ok())
        .filter(|lag| *lag >= 8)
        .collect();
    candidates.extend(strongest_peak(flat));
    candidates.retain(|lag| lag * 2 <= flat.len());
    candidates.sort_unstable();
    candidates.dedup();
    let mut best: Option<(usize, f64)> = None;
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
    best.map(|(lag, _)| lag)
}

/// The lag of the highest autocorrelation after the first zero crossing, in steps.
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

/// The median of a flat series with holes at each phase of its season. With few seasons the neighbouring phases count
/// too, so that one odd season cannot make the profile.
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
