//! The series that a read selects.

use std::sync::Arc;

use crate::{catalog::series::SeriesEntry, segment::scan::RowGroupFilter};

/// Series of some metrics, by ascending id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesSelection<'ids> {
    /// The first and the last metric; any if none.
    pub(crate) metrics: Option<(&'ids str, &'ids str)>,
    pub(crate) series: &'ids [u64],
}

impl<'ids> SeriesSelection<'ids> {
    /// Selects the series of one metric, or of any if the name is empty.
    pub(crate) fn of_metric(metric: &'ids str, series: &'ids [u64]) -> Self {
        Self { metrics: Some((metric, metric)).filter(|_| !metric.is_empty()), series }
    }

    /// Selects series in the order of their metrics' names.
    pub(crate) fn of_ordered(series: &'ids [Arc<SeriesEntry>], ids: &'ids [u64]) -> Self {
        let ends = series.first().zip(series.last());
        Self { metrics: ends.map(|(first, last)| (&*first.name, &*last.name)), series: ids }
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
