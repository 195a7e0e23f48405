//! The labels of series in answers.

use std::sync::Arc;

use model::Labels;

use crate::{StoreError, catalog::series::SeriesEntry};

/// Selects the labels of an answer: those of some keys, or all.
#[derive(Debug, Clone, Default)]
pub(super) struct SeriesLabels(Option<Arc<[String]>>);

impl SeriesLabels {
    /// Selects the labels that any of these keys stands for.
    pub(super) fn only(keys: &[String]) -> Self {
        Self(Some(keys.into()))
    }

    /// Returns the selected labels of a series.
    pub(super) fn of(&self, series: &SeriesEntry) -> Result<Labels, StoreError> {
        match &self.0 {
            Some(keys) => series.labels_of(keys),
            None => series.labels(),
        }
    }

    /// Orders the series of an answer by their labels, if these identify them.
    pub(super) fn sort<T>(&self, answer: &mut [T], labels: impl Fn(&T) -> &Labels) {
        if self.0.is_none() {
            answer.sort_by(|left, right| labels(left).cmp(labels(right)));
        }
    }
}
