//! Values on evenly spaced places, with holes where there are none.

use model::Timestamp;

/// More places than this for each value are not made: the holes would be all there is.
const MAX_PLACES_PER_VALUE: i64 = 50;

/// A series with one place per step.
pub(crate) struct Grid {
    /// The values; NaN where there is none.
    pub(crate) values: Vec<f64>,
    /// The place of each point given, in the order given.
    pub(crate) places: Vec<usize>,
}

impl Grid {
    /// Puts ascending points on their places. Where times are so far apart that nearly every place
    /// would be a hole (or the step is no step), neighbours are put side by side.
    pub(crate) fn of(times: &[Timestamp], values: &[Option<f64>], step: i64) -> Self {
        let first = times.first().copied().unwrap_or_default();
        let last = times.last().copied().unwrap_or_default();
        let most = (values.len() as i64).saturating_mul(MAX_PLACES_PER_VALUE);
        let regular = step > 0 && last.since(first) / step < most;
        let place = |index: usize, time: Timestamp| match regular {
            true => usize::try_from((time.since(first).saturating_add(step / 2)) / step).unwrap_or(0),
            false => index,
        };
        let places: Vec<usize> = times.iter().enumerate().map(|(index, time)| place(index, *time)).collect();
        let mut grid = vec![f64::NAN; places.iter().max().map_or(0, |last| last + 1)];
        for (place, value) in places.iter().zip(values) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                grid[*place] = value;
            }
        }
        Self { values: grid, places }
    }
}
