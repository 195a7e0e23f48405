//! The rows that a read of samples finds, and the choice between their points and their roll-ups.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::rollup_range::RollupRange;
use crate::metrics::points::Points;

/// A row of a file that holds data of a selected series.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPosition {
    pub(super) part_group: usize,
    pub(super) file: usize,
    pub(super) group: usize,
    pub(super) row: usize,
    pub(super) series: u64,
    pub(super) first: i64,
    pub(super) last: i64,
}

impl RowPosition {
    /// Returns the series and the part group, which identify the points that the row has a part of.
    pub(super) fn key(&self) -> (u64, usize) {
        (self.series, self.part_group)
    }
}

/// Returns the keys that can be read as intervals: those that overlap the range of whole intervals
/// and no other data of the same series.
pub(super) fn isolated(
    points: &[RowPosition],
    expired: &[RowPosition],
    heads: &HashMap<u64, Points>,
    whole: Option<RollupRange>,
) -> HashSet<(u64, usize)> {
    let Some(whole) = whole else { return HashSet::new() };
    let mut spans: HashMap<(u64, usize), (i64, i64)> = HashMap::new();
    for position in points.iter().chain(expired) {
        let span = spans.entry(position.key()).or_insert((position.first, position.last));
        *span = (span.0.min(position.first), span.1.max(position.last));
    }
    let mut order: Vec<_> = spans.into_iter().collect();
    order.sort_unstable_by_key(|((series, _), (first, _))| (*series, *first));
    let mut isolated = HashSet::new();
    let mut reached: Option<(u64, i64)> = None;
    for (number, ((series, part_group), (first, last))) in order.iter().enumerate() {
        let after_others = reached.is_none_or(|(other, until)| other != *series || until < *first);
        let next = order.get(number + 1);
        let before_next = next.is_none_or(|((other, _), (next, _))| other != series || next > last);
        let apart_from_heads = heads.get(series).is_none_or(|points| {
            let from = points.times.partition_point(|time| time < first);
            points.times.get(from).is_none_or(|time| time > last)
        });
        let inside = *first < whole.to && *last >= whole.from;
        if after_others && before_next && apart_from_heads && inside {
            isolated.insert((*series, *part_group));
        }
        reached = match reached {
            Some((other, until)) if other == *series => Some((other, until.max(*last))),
            _ => Some((*series, *last)),
        };
    }
    isolated
}

/// Returns the rows of positions, which are ascending, as ranges.
pub(super) fn ranges<'positions>(
    positions: impl Iterator<Item = &'positions RowPosition>,
) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for position in positions {
        match ranges.last_mut() {
            Some(range) if range.end == position.row => range.end += 1,
            _ => ranges.push(position.row..position.row + 1),
        }
    }
    ranges
}
