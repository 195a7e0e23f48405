//! Values at evenly spaced positions, with holes between them.

use model::Timestamp;

/// Maximum positions per value. Beyond it nearly every position would be a hole.
const MAX_POSITIONS_PER_VALUE: i64 = 50;

/// A series with one position per step.
pub(crate) struct Grid {
    /// The values; NaN where there is none.
    pub(crate) values: Vec<f64>,
    /// The position of each point given, in the order given.
    pub(crate) positions: Vec<usize>,
}

impl Grid {
    /// Creates a grid of ascending points.
    ///
    /// If nearly every position would be a hole, or `step` is not positive, neighbours are
    /// adjacent.
    pub(crate) fn of(times: &[Timestamp], values: &[Option<f64>], step: i64) -> Self {
        let first = times.first().copied().unwrap_or_default();
        let last = times.last().copied().unwrap_or_default();
        let most = (values.len() as i64).saturating_mul(MAX_POSITIONS_PER_VALUE);
        let regular = step > 0 && last.since(first) / step < most;
        let position = |index: usize, time: Timestamp| match regular {
            true => usize::try_from((time.since(first).saturating_add(step / 2)) / step).unwrap_or(0),
            false => index,
        };
        let positions: Vec<usize> =
            times.iter().enumerate().map(|(index, time)| position(index, *time)).collect();
        let mut grid = vec![f64::NAN; positions.iter().max().map_or(0, |last| last + 1)];
        for (position, value) in positions.iter().zip(values) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                grid[*position] = value;
            }
        }
        Self { values: grid, positions }
    }
}
