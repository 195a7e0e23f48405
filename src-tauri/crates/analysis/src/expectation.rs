//! The expected value of a series at each step, and the usual deviation from it.

use model::NANOS_PER_SECOND;

use crate::{
    limits::Limits,
    rolling::RollingQuantiles,
    season::{profile, season_length},
    statistics::{finite, sorted_finite},
};

const DAY: i64 = 86_400 * NANOS_PER_SECOND;
/// Half the height of the band in robust standard deviations. Chosen on public data, see
/// `docs/benchmarks.md`.
pub(crate) const BAND: f64 = 4.0;
/// From the median absolute deviation to a standard deviation of normal values.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// One value in a hundred may be this many standard deviations off: normal values are 2.6 off,
/// spiky series more. Chosen on public data, see `docs/benchmarks.md`.
const RARE_DISTANCE: f64 = 5.0;
/// Maximum width of the band, as a multiple of the usual width over the whole series. An interval
/// in which half the values are odd widens it no further. Chosen on public data, see
/// `docs/benchmarks.md`.
const WIDEST: f64 = 2.5;
/// Distances of this many times the usual, ...
const FAR: f64 = 6.0;
/// ... this many times in a row, are a fault rather than a tail.
const MIN_RUN: usize = 3;
/// Factor by which the band is wider at the start, where the tails are not known yet.
const STARTING: f64 = 1.5;
/// The usual distance is taken from at most this many values before.
const MAX_MEMORY: usize = 4_000;
/// The band is at least this wide in relation to the size of the values: rounding is no anomaly.
const MIN_RELATIVE_DEVIATION: f64 = 1e-3;

/// A series whose noise is a larger share of its median than this is not compressed.
const MAX_NOISE_COMPRESSED: f64 = 0.1;
/// No deviation is smaller, so that dividing by it is safe.
const MIN_DEVIATION: f64 = f64::MIN_POSITIVE * 1e10;

/// The expected values of a series, one per step.
pub(crate) struct Expectation {
    /// Expected values, on the scale of `shape`.
    centres: Vec<f64>,
    /// Robust standard deviations, on the scale of `shape`.
    deviations: Vec<f64>,
    shape: Shape,
    limits: Limits,
    /// Length of the season in steps, if there is a plain one.
    pub(crate) season: Option<usize>,
    /// Maximum steps between two anomalies that are merged.
    pub(crate) merge: usize,
}

impl Expectation {
    pub(crate) fn centre(&self, position: usize) -> f64 {
        finite(self.shape.restore(self.centres[position]))
    }

    /// Returns the lower and the upper edge of the band.
    pub(crate) fn edges(&self, position: usize) -> (f64, f64) {
        let (centre, half) = (self.centres[position], BAND * self.deviations[position]);
        let lower = self.limits.raise_to_minimum(self.shape.restore(centre - half));
        (finite(lower), finite(self.shape.restore(centre + half)))
    }

    /// Returns the distance of `value` from the expected, in robust standard deviations.
    pub(crate) fn distance(&self, position: usize, value: f64) -> f64 {
        (self.shape.apply(value) - self.centres[position]) / self.deviations[position]
    }
}

/// The scale on which the values are analysed.
#[derive(Clone, Copy)]
enum Shape {
    /// As they are, divided by this number.
    Linear(f64),
    /// The inverse hyperbolic sine of the value divided by this number: linear near zero,
    /// logarithmic far from it. For values that are never negative and scatter in proportion to
    /// their size.
    Compressed(f64),
}

impl Shape {
    fn of(values: &[f64], noise: f64) -> Self {
        let sorted = sorted_finite(values);
        let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
        let size = at(0.99).abs().max(at(0.01).abs());
        let unit = if size > 1e100 { size } else { 1.0 };
        let (low, middle, high) = (at(0.02) / unit, at(0.5) / unit, at(0.98) / unit);
        let skewed = high - middle > 1.5 * (middle - low);
        // Where much of the value is chance, the scatter does not follow the size.
        if at(0.0) >= 0.0 && middle > 0.0 && skewed && noise < at(0.5) * MAX_NOISE_COMPRESSED {
            return Self::Compressed(at(0.5));
        }
        Self::Linear(unit)
    }

    fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear(unit) => value / unit,
            Self::Compressed(unit) => (value / unit).asinh(),
        }
    }

    /// Returns the distance on this scale between `centre` and a value larger by `distance`.
    fn breadth(self, centre: f64, distance: f64) -> f64 {
        match self {
            Self::Linear(unit) => distance / unit,
            Self::Compressed(_) => self.apply(self.restore(centre) + distance) - centre,
        }
    }

    fn restore(self, value: f64) -> f64 {
        match self {
            Self::Linear(unit) => value * unit,
            Self::Compressed(unit) => value.sinh() * unit,
        }
    }
}

/// Computes the expected values of a series with holes (`NaN`) and steps of `step` nanoseconds.
///
/// `noise` is the standard deviation of a value by chance alone, 0 if unknown.
pub(crate) fn expect(values: &[f64], step: i64, noise: f64) -> Expectation {
    let shape = Shape::of(values, noise);
    let limits = Limits::of(values, noise);
    let shaped: Vec<f64> = values.iter().map(|value| shape.apply(*value)).collect();
    let present = shaped.iter().filter(|value| !value.is_nan()).count();
    let window = window_without_season(shaped.len(), step);

    let season = season_length(&pulled_in(&minus(&shaped, &levels_around(&shaped, shaped.len() / 2))), step);
    let window = season.unwrap_or(window);
    let repeated: Vec<f64> = match season {
        Some(season) => {
            let profile = profile(&minus(&shaped, &levels_around(&shaped, season)), season);
            (0..shaped.len()).map(|position| profile[position % season]).collect()
        }
        None => vec![0.0; shaped.len()],
    };
    let flat = minus(&shaped, &repeated);
    let levels = levels_before(&flat, window);
    let (lowest, highest) = (shape.apply(limits.lowest), shape.apply(limits.highest));
    let centres: Vec<f64> = levels
        .iter()
        .zip(&repeated)
        .map(|(level, repeated)| (level + repeated).max(lowest).min(highest))
        .collect();

    let distances: Vec<f64> =
        shaped.iter().zip(&centres).map(|(value, centre)| (value - centre).abs()).collect();
    let middle = crate::quantile(&sorted_finite(&centres), 0.5).unwrap_or(0.0);
    let usual = usual_distance(&distances).max(shape.breadth(middle, noise));
    let least = least_deviation(&shaped, &distances, usual, noise);
    let memory = (window * 10).clamp(window, MAX_MEMORY.max(window)).min(present);
    let mut deviations =
        deviations_before(&without_excursions(&distances, usual), memory, window.min(memory));
    for (position, deviation) in deviations.iter_mut().enumerate() {
        // Where the season climbs steeply, being a step early or late is no anomaly.
        let before = repeated[position.saturating_sub(1)];
        let after = repeated[(position + 1).min(repeated.len() - 1)];
        let slack = (repeated[position] - before).abs().max((after - repeated[position]).abs()) * 0.5;
        let chance = shape.breadth(centres[position], noise);
        let bounded = if usual > 0.0 { deviation.min(usual * WIDEST) } else { *deviation };
        let widest = shape.breadth(centres[position], limits.reach) / BAND;
        *deviation = (bounded.max(least).max(chance) + slack).min(widest).max(MIN_DEVIATION);
    }
    Expectation { centres, deviations, shape, limits, season, merge: (window / 4).max(3) }
}

/// Returns a day, but at least 60 steps and at most a third of the series.
///
/// An interval of less than half of that is an outlier.
fn window_without_season(length: usize, step: i64) -> usize {
    let day = usize::try_from(DAY / step.max(1)).unwrap_or(usize::MAX);
    day.max(60).min(length / 3).max(12)
}

fn minus(values: &[f64], other: &[f64]) -> Vec<f64> {
    values.iter().zip(other).map(|(value, other)| value - other).collect()
}

/// Returns the values with outliers clipped to three robust standard deviations.
fn pulled_in(flat: &[f64]) -> Vec<f64> {
    let distances: Vec<f64> = flat.iter().map(|value| value.abs()).collect();
    let sorted = sorted_finite(&distances);
    let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
    let most = (3.0 * MAD_TO_DEVIATION * at(0.5)).max(at(0.9));
    // `clamp` keeps NaN, which marks a hole.
    flat.iter().map(|value| value.clamp(-most, most)).collect()
}

/// Returns the median of about `window` values around each step.
fn levels_around(values: &[f64], window: usize) -> Vec<f64> {
    let before = levels_before(values, window);
    let ahead = window / 2;
    (0..values.len()).map(|position| before[(position + ahead).min(values.len() - 1)]).collect()
}

/// Returns the median of the `window` values before each step. At the start, with fewer values, it
/// is the median of the first `window`.
fn levels_before(values: &[f64], window: usize) -> Vec<f64> {
    running(values, window, window, 0, |window, _| window.quantile(0.5).unwrap_or(0.0))
}

/// Returns the usual distance from the expected over the `memory` distances before each step.
///
/// Tails heavier than those of normal values widen it. At the start it comes from the first `start`
/// distances, which include the measured one. There only the median counts, because a few odd
/// distances cannot move it. The latest half of `start` does not count yet, so that an anomaly does
/// not widen the band while it lasts.
fn deviations_before(distances: &[f64], memory: usize, start: usize) -> Vec<f64> {
    running(distances, memory, start, start / 2, |window, starting| {
        let at = |q: f64| window.quantile(q).unwrap_or(0.0);
        let middle = at(0.5) * MAD_TO_DEVIATION;
        if starting { middle * STARTING } else { middle.max(at(0.95) / 1.96).max(at(0.99) / RARE_DISTANCE) }
    })
}

/// Returns `measure` of the latest `window` values more than `delay` before each step.
///
/// The first `start` values also see each other, and `measure` receives that fact.
fn running(
    values: &[f64],
    window: usize,
    start: usize,
    delay: usize,
    measure: impl Fn(&RollingQuantiles, bool) -> f64,
) -> Vec<f64> {
    let mut latest = RollingQuantiles::new(window);
    let mut unseen = values.iter().copied().enumerate().filter(|(_, value)| !value.is_nan()).peekable();
    let mut last_of_start = 0;
    for (position, value) in unseen.by_ref().take(start.min(window)) {
        latest.push(value);
        last_of_start = position;
    }
    let mut measured = Vec::with_capacity(values.len());
    let mut current = measure(&latest, true);
    for position in 0..values.len() {
        let mut changed = position == last_of_start + 1;
        while let Some((_, value)) = unseen.next_if(|(other, _)| other + delay < position) {
            latest.push(value);
            changed = true;
        }
        if changed {
            current = measure(&latest, false);
        }
        measured.push(current);
    }
    measured
}

/// Returns the distances with holes where several in a row are far out.
///
/// Single ones are the usual tail. A fault is not, even if it recurs often.
fn without_excursions(distances: &[f64], usual: f64) -> Vec<f64> {
    let mut kept = distances.to_vec();
    if usual > 0.0 {
        let far = |distance: &f64| *distance > FAR * usual;
        for run in kept.chunk_by_mut(|left, right| far(left) == far(right)) {
            if run.len() >= MIN_RUN && far(&run[0]) {
                run.fill(f64::NAN);
            }
        }
    }
    kept
}

/// Returns the robust standard deviation of the distances over the whole series. Half of them may
/// be odd.
fn usual_distance(distances: &[f64]) -> f64 {
    crate::quantile(&sorted_finite(distances), 0.5).unwrap_or(0.0) * MAD_TO_DEVIATION
}

/// Returns the minimum deviation: a share of the usual one over the whole series, and of the size
/// of the values.
fn least_deviation(shaped: &[f64], distances: &[f64], usual: f64, noise: f64) -> f64 {
    let sizes: Vec<f64> = shaped.iter().map(|value| value.abs()).collect();
    let size = crate::quantile(&sorted_finite(&sizes), 0.5).unwrap_or(0.0);
    // A series that hardly ever leaves its level has no usual distance; what it does when it
    // leaves has one.
    let excursion = match usual > 0.0 || noise > 0.0 {
        true => 0.0,
        false => crate::quantile(&sorted_finite(distances), 0.98).unwrap_or(0.0) / 4.0,
    };
    (usual * 0.5).max(excursion).max(size * MIN_RELATIVE_DEVIATION)
}
