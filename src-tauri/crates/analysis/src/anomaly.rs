//! The expected band of a series and the anomalies outside it.

use model::{AnomalyBand, AnomalyInterval, TimeRange, Timestamp};

use crate::{
    expectation::{BAND, Expectation, expect},
    grid::Grid,
    statistics::finite,
};

/// Score at which one point makes an anomaly ...
const PLAIN_DISTANCE: f64 = 10.0;
/// ... or, where it is a single value, this far ...
const PLAIN_DISTANCE_ALONE: f64 = 13.0;
/// ... or if its distances beyond the band add up to this.
const PLAIN_SUM: f64 = 50.0;
/// Share of the analyzed range below which two anomalies are merged.
const MIN_APART: f64 = 1.0 / 16.0;
/// Fewer values than this make no band.
const MIN_VALUES: usize = 24;

/// Returns the expected band of a series with steps of `step` nanoseconds, and its anomalies,
/// strongest first. Points need not be in order and may be missing, as `None`, as a value that is
/// not finite or altogether; the answer is in order of time. With fewer than 24 values nothing is
/// expected.
///
/// Expected is the median of the values just before plus, where the series plainly repeats itself,
/// the median of its season at that phase; it stays between the least and the largest value. The
/// distance is measured in robust standard deviations of the values before, so an anomaly neither
/// bends nor widens the band it is held against. A change of level is outside the band until it
/// makes up half of the values just before, and is then the new normal.
///
/// The band is nowhere wider than 2.5 times what is usual over the whole series (and half a step
/// of a season, where that climbs), and reaches at most 20 robust ranges from the expected. The
/// robust range is the widest of: the distance between the quartiles (where these are equal, the
/// 98th percentile of the distances from the median) and a hundredth of the median. The lower
/// edge of a series that is never negative is not negative.
pub fn anomaly_band(times: &[Timestamp], values: &[Option<f64>], step: i64) -> AnomalyBand {
    anomaly_band_with(times, values, step, SeriesFacts::default())
}

/// Facts about a series besides its values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SeriesFacts {
    /// The standard deviation of a value by chance alone, in the unit of the values; 0 if unknown.
    /// Counts and shares of counts never vary less than that.
    pub noise: f64,
    /// Length of the analysed range in nanoseconds, if the rest serves for learning only. In a
    /// shorter range, anomalies a shorter time apart remain separate.
    pub analysed_length: Option<i64>,
}

/// Returns the same as [`anomaly_band`] with more facts. The robust range is at least the noise.
pub fn anomaly_band_with(
    times: &[Timestamp],
    values: &[Option<f64>],
    step: i64,
    facts: SeriesFacts,
) -> AnomalyBand {
    let noise = finite(facts.noise).max(0.0);
    let mut points: Vec<(Timestamp, Option<f64>)> = times
        .iter()
        .copied()
        .zip(values.iter().map(|value| value.filter(|number| number.is_finite())))
        .collect();
    points.sort_by_key(|(time, _)| *time);
    let (times, values): (Vec<Timestamp>, Vec<Option<f64>>) = points.into_iter().unzip();
    let count = values.len();
    let mut band = AnomalyBand {
        expected: vec![None; count],
        lower: vec![None; count],
        upper: vec![None; count],
        times,
        values,
        anomalies: Vec::new(),
        season: None,
    };
    if band.values.iter().flatten().count() < MIN_VALUES {
        return band;
    }
    let grid = Grid::of(&band.times, &band.values, step);
    let expectation = expect(&grid.values, step, noise);
    for (index, position) in grid.positions.iter().enumerate() {
        band.expected[index] = Some(expectation.centre(*position));
        let (lower, upper) = expectation.edges(*position);
        (band.lower[index], band.upper[index]) = (Some(lower), Some(upper));
    }
    band.season = expectation.season.map(|steps| step.saturating_mul(steps as i64));
    let steps =
        facts.analysed_length.map_or(grid.values.len() as f64, |length| length as f64 / step.max(1) as f64);
    let merge = ((steps * MIN_APART) as usize).min(expectation.merge).max(3);
    band.anomalies = intervals(&band, &grid, &expectation, step, merge);
    band
}

/// Neighbouring points outside the band.
struct Outside {
    interval: AnomalyInterval,
    /// Sum of the distances beyond the band.
    sum: f64,
    /// Index of the last point.
    last: usize,
    points: usize,
}

impl Outside {
    fn append(&mut self, later: Self) {
        let range = TimeRange::new(self.interval.range.start, later.interval.range.end);
        if later.interval.score > self.interval.score {
            self.interval = later.interval;
        }
        self.interval.range = range;
        self.sum += later.sum;
        self.last = later.last;
        self.points += later.points;
    }

    fn is_plain(&self) -> bool {
        let enough = if self.points == 1 { PLAIN_DISTANCE_ALONE } else { PLAIN_DISTANCE };
        self.interval.score >= enough || (self.points > 1 && self.sum >= PLAIN_SUM)
    }
}

/// Merges neighbouring points outside the band and returns the clear anomalies.
fn intervals(
    band: &AnomalyBand,
    grid: &Grid,
    expectation: &Expectation,
    step: i64,
    merge: usize,
) -> Vec<AnomalyInterval> {
    let mut found: Vec<Outside> = Vec::new();
    for (index, position) in grid.positions.iter().enumerate() {
        let Some(value) = band.values[index] else { continue };
        let score = expectation.distance(*position, value);
        if score.abs() <= BAND {
            continue;
        }
        let interval = AnomalyInterval {
            range: TimeRange::new(band.times[index], band.times[index].offset(step.max(1))),
            extreme: value,
            expected: expectation.centre(*position),
            score: finite(score.abs()),
        };
        let point = Outside { interval, sum: score.abs() - BAND, last: *position, points: 1 };
        match found.last_mut() {
            Some(outside) if position - outside.last <= merge => outside.append(point),
            _ => found.push(point),
        }
    }
    let mut plain: Vec<AnomalyInterval> =
        found.into_iter().filter(Outside::is_plain).map(|outside| outside.interval).collect();
    plain.sort_by(|left, right| right.score.total_cmp(&left.score));
    plain
}
