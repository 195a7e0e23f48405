//! What a series would be at each place, and how far off it usually is.

use model::NANOS_PER_SECOND;

use crate::{
    rolling::RollingQuantiles,
    season::{profile, season_length},
    statistics::{finite, sorted_finite},
};

const DAY: i64 = 86_400 * NANOS_PER_SECOND;
/// From the median absolute deviation to a standard deviation of normal values.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// One value in a hundred may be this many standard deviations off: normal values are 2.6 off, spiky series more.
/// Chosen on public data, see `docs/benchmarks.md`.
const RARE_DISTANCE: f64 = 5.0;
/// By how much the band is wider at the start, where the tails are not known yet.
const STARTING: f64 = 1.5;
/// The usual distance is taken from at most this many values before.
const LONGEST_MEMORY: usize = 4_000;
/// The band is at least this wide in relation to the size of the values: rounding is no anomaly.
const LEAST_RELATIVE_DEVIATION: f64 = 1e-3;

/// The expected values of a series, place by place.
pub(crate) struct Expectation {
    /// Expected values, on the scale of `shape`.
    centres: Vec<f64>,
    /// Robust standard deviations, on the scale of `shape`.
    deviations: Vec<f64>,
    shape: Shape,
    /// Length of the season in steps, if there is a plain one.
    pub(crate) season: Option<usize>,
    /// Stretches no more than this many steps apart are one.
    pub(crate) merge: usize,
}

impl Expectation {
    pub(crate) fn centre(&self, place: usize) -> f64 {
        finite(self.shape.restore(self.centres[place]))
    }

    /// The value `distance` robust standard deviations away from the expected.
    pub(crate) fn edge(&self, place: usize, distance: f64) -> f64 {
        finite(self.shape.restore(self.centres[place] + distance * self.deviations[place]))
    }

    /// How many robust standard deviations `value` is away from the expected.
    pub(crate) fn distance(&self, place: usize, value: f64) -> f64 {
        (self.shape.apply(value) - self.centres[place]) / self.deviations[place]
    }
}

/// The scale on which the values are looked at.
#[derive(Clone, Copy)]
enum Shape {
    /// As they are, divided by this number.
    Linear(f64),
    /// The inverse hyperbolic sine of the value divided by this number: linear near zero, logarithmic far from it.
    /// For values that are never negative and scatter in proportion to their size.
    Compressed(f64),
}

impl Shape {
    fn of(values: &[f64]) -> Self {
        let sorted = sorted_finite(values);
        let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
        let size = at(0.99).abs().max(at(0.01).abs());
        let unit = if size > 1e100 { size } else { 1.0 };
        let (low, middle, high) = (at(0.02) / unit, at(0.5) / unit, at(0.98) / unit);
        let skewed = high - middle > 1.5 * (middle - low);
        if at(0.0) >= 0.0 && middle > 0.0 && skewed {
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

    fn restore(self, value: f64) -> f64 {
        match self {
            Self::Linear(unit) => value * unit,
            Self::Compressed(unit) => value.sinh() * unit,
        }
    }
}

/// What is expected of a series with holes (`NaN`) of steps of `step` nanoseconds.
pub(crate) fn expect(values: &[f64], step: i64) -> Expectation {
    let shape = Shape::of(values);
    let shaped: Vec<f64> = values.iter().map(|value| shape.apply(*value)).collect();
    let present = shaped.iter().filter(|value| !value.is_nan()).count();
    let window = window_without_season(shaped.len(), step);

    let season = season_length(&pulled_in(&minus(&shaped, &levels_around(&shaped, shaped.len() / 2))), step);
    let window = season.unwrap_or(window);
    let repeated: Vec<f64> = match season {
        Some(season) => {
            let profile = profile(&minus(&shaped, &levels_around(&shaped, season)), season);
            (0..shaped.len()).map(|place| profile[place % season]).collect()
        }
        None => vec![0.0; shaped.len()],
    };
    let flat = minus(&shaped, &repeated);
    let levels = levels_before(&flat, window);
    let centres: Vec<f64> = levels.iter().zip(&repeated).map(|(level, repeated)| level + repeated).collect();

    let distances: Vec<f64> =
        shaped.iter().zip(&centres).map(|(value, centre)| (value - centre).abs()).collect();
    let least = least_deviation(&shaped, &distances);
    let memory = (window * 10).clamp(window, LONGEST_MEMORY.max(window)).min(present);
    let mut deviations = deviations_before(&distances, memory, window.min(memory));
    for (place, deviation) in deviations.iter_mut().enumerate() {
        // Where the season climbs steeply, being a step early or late is no anomaly.
        let before = repeated[place.saturating_sub(1)];
        let after = repeated[(place + 1).min(repeated.len() - 1)];
        let slack = (repeated[place] - before).abs().max((after - repeated[place]).abs()) * 0.5;
        *deviation = deviation.max(least) + slack;
    }
    Expectation { centres, deviations, shape, season, merge: (window / 4).max(3) }
}

/// A day, at least 60 steps, and at most a third of the series: what lasts less than half of that stands out.
fn window_without_season(length: usize, step: i64) -> usize {
    let day = usize::try_from(DAY / step.max(1)).unwrap_or(usize::MAX);
    day.max(60).min(length / 3).max(12)
}

fn minus(values: &[f64], other: &[f64]) -> Vec<f64> {
    values.iter().zip(other).map(|(value, other)| value - other).collect()
}

/// Outliers pulled in to three robust standard deviations.
fn pulled_in(flat: &[f64]) -> Vec<f64> {
    let distances: Vec<f64> = flat.iter().map(|value| value.abs()).collect();
    let sorted = sorted_finite(&distances);
    let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
    let most = (3.0 * MAD_TO_DEVIATION * at(0.5)).max(at(0.9));
    // `clamp` keeps NaN, which marks a hole.
    flat.iter().map(|value| value.clamp(-most, most)).collect()
}

/// The median of about `window` values around each place.
fn levels_around(values: &[f64], window: usize) -> Vec<f64> {
    let before = levels_before(values, window);
    let ahead = window / 2;
    (0..values.len()).map(|place| before[(place + ahead).min(values.len() - 1)]).collect()
}

/// The median of the `window` values before each place; at the start, where there are fewer, of the first `window`.
fn levels_before(values: &[f64], window: usize) -> Vec<f64> {
    running(values, window, window, 0, |window, _| window.quantile(0.5).unwrap_or(0.0))
}

/// The usual distance from the expected over the `memory` distances before each place. Tails heavier than those of
/// normal values widen it. At the start, where it is taken from the first `start` distances, what is measured is among
/// them: there only the median counts, which a few odd ones cannot move. The latest half of `start` do not count yet, so
/// that an anomaly does not widen the band while it lasts.
fn deviations_before(distances: &[f64], memory: usize, start: usize) -> Vec<f64> {
    running(distances, memory, start, start / 2, |window, starting| {
        let at = |q: f64| window.quantile(q).unwrap_or(0.0);
        let middle = at(0.5) * MAD_TO_DEVIATION;
        if starting { middle * STARTING } else { middle.max(at(0.95) / 1.96).max(at(0.99) / RARE_DISTANCE) }
    })
}

/// `measure` of the latest `window` values more than `delay` before each place. The first `start` values also see each other, which
/// `measure` is told.
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
    for (place, value) in unseen.by_ref().take(start.min(window)) {
        latest.push(value);
        last_of_start = place;
    }
    let mut measured = Vec::with_capacity(values.len());
    let mut current = measure(&latest, true);
    for place in 0..values.len() {
        let mut changed = place == last_of_start + 1;
        while let Some((_, value)) = unseen.next_if(|(other, _)| other + delay < place) {
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

/// The least deviation anywhere: a share of the usual one over the whole series, and of the size of the values.
fn least_deviation(shaped: &[f64], distances: &[f64]) -> f64 {
    let sorted = sorted_finite(distances);
    let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
    let usual = at(0.5) * MAD_TO_DEVIATION;
    let sizes: Vec<f64> = shaped.iter().map(|value| value.abs()).collect();
    let size = crate::quantile(&sorted_finite(&sizes), 0.5).unwrap_or(0.0);
    // A series that hardly ever leaves its level has no usual distance; what it does when it leaves has one.
    let excursion = if usual > 0.0 { 0.0 } else { at(0.98) / 4.0 };
    (usual * 0.5).max(excursion).max(size * LEAST_RELATIVE_DEVIATION).max(f64::MIN_POSITIVE * 1e10)
}
