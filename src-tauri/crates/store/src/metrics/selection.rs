//! The series that a read selects.

use std::sync::Arc;

use crate::{
    catalog::{renamed_series::former_name, series::SeriesEntry},
    segment::scan::RowGroupFilter,
};

/// Series of some metrics, by ascending id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesSelection<'ids> {
    /// The first and the last metric; any if none.
    pub(crate) metrics: Option<(&'ids str, &'ids str)>,
    pub(crate) series: &'ids [u64],
}

impl<'ids> SeriesSelection<'ids> {
    /// Selects series by their ids, in row groups with their names or former names.
    pub(crate) fn of_series(series: &'ids [Arc<SeriesEntry>], ids: &'ids [u64]) -> Self {
        let mut metrics: Option<(&str, &str)> = None;
        for one in series {
            for name in [Some(&*one.name), former_name(&one.name)].into_iter().flatten() {
                metrics =
                    Some(metrics.map_or((name, name), |(first, last)| (first.min(name), last.max(name))));
            }
        }
        Self { metrics, series: ids }
    }

    /// Returns the filter on row groups.
    pub(crate) fn row_groups(self) -> RowGroupFilter<'ids> {
        RowGroupFilter {
            names: self.metrics.map(|(first, last)| ("metric", first, last)),
            ids: ("series_id", self.series),
        }
    }

    /// Returns whether a series is selected.
    pub(crate) fn contains(self, series: u64) -> bool {
        self.series.binary_search(&series).is_ok()
    }
}
