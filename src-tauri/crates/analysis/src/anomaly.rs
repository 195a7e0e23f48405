//! What is expected of a series, and where it was not met.

use model::{AnomalyBand, AnomalyStretch, TimeRange, Timestamp};

use crate::{
    expectation::{Expectation, expect},
    grid::Grid,
    statistics::finite,
};

/// Half the height of the band in robust standard deviations. Chosen on public data, see `docs/benchmarks.md`.
const BAND: f64 = 4.0;
/// A stretch is told if it gets this far out once ...
const PLAIN_DISTANCE: f64 = 8.0;
/// ... or if its distances beyond the band add up to this.
const PLAIN_SUM: f64 = 24.0;
/// Fewer values than this make no band.
const LEAST_VALUES: usize = 24;

/// The expected band of a series of steps of `step` nanoseconds, and the stretches outside it, strongest first.
/// Points need not be in order and may be missing, as `None`, as a value that is not finite or altogether; the answer is
/// in order of time. With fewer than 24 values nothing is expected.
///
/// Expected is the median of the values just before plus, where the series plainly repeats itself, the median of its
/// season at that phase. The distance is measured in robust standard deviations of the values before, so an anomaly
/// neither bends nor widens the band it is held against. A change of level is outside the band until it makes up half
/// of the values just before, and is then the new normal.
pub fn anomaly_band(times: &[Timestamp], values: &[Option<f64>], step: i64) -> AnomalyBand {
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
    if band.values.iter().flatten().count() < LEAST_VALUES {
        return band;
    }
    let grid = Grid::of(&band.times, &band.values, step);
    let expectation = expect(&grid.values, step);
    for (index, place) in grid.places.iter().enumerate() {
        band.expected[index] = Some(expectation.centre(*place));
        band.lower[index] = Some(expectation.edge(*place, -BAND));
        band.upper[index] = Some(expectation.edge(*place, BAND));
    }
    band.season = expectation.season.map(|steps| step.saturating_mul(steps as i64));
    band.anomalies = stretches(&band, &grid, &expectation, step);
    band
}

/// Neighbouring points outside the band put together, as far as they are plain.
fn stretches(band: &AnomalyBand, grid: &Grid, expectation: &Expectation, step: i64) -> Vec<AnomalyStretch> {
    let mut found: Vec<(AnomalyStretch, f64, usize)> = Vec::new();
    for (index, place) in grid.places.iter().enumerate() {
        let Some(value) = band.values[index] else { continue };
        let score = expectation.distance(*place, value);
        if score.abs() <= BAND {
            continue;
        }
        let end = band.times[index].offset(step.max(1));
        let here = AnomalyStretch {
            range: TimeRange::new(band.times[index], end),
            extreme: value,
            expected: expectation.centre(*place),
            score: finite(score.abs()),
        };
        let beyond = score.abs() - BAND;
        match found.last_mut() {
            Some((stretch, sum, last)) if place - *last <= expectation.merge => {
                stretch.range.end = end;
                *sum += beyond;
                *last = *place;
                if here.score > stretch.score {
                    *stretch = AnomalyStretch { range: stretch.range, ..here };
                }
            }
            _ => found.push((here, beyond, *place)),
        }
    }
    let mut plain: Vec<AnomalyStretch> = found
        .into_iter()
        .filter(|(stretch, sum, _)| stretch.score >= PLAIN_DISTANCE || *sum >= PLAIN_SUM)
        .map(|(stretch, _, _)| stretch)
        .collect();
    plain.sort_by(|left, right| right.score.total_cmp(&left.score));
    plain
}
