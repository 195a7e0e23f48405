//! What a sample stands for: the series that its text leads to.

use std::sync::Arc;

use crate::{known_series::KnownSeries, labelled_sample::Role};

/// The series of a sample after labels, rules and limits. Equal texts lead to equal ones as long as
/// the target's options and the declarations of families stay.
#[derive(Debug, Clone)]
pub(crate) enum Resolution {
    /// A rule drops it.
    Dropped,
    /// A number or native histogram of its own.
    Number(Arc<KnownSeries>),
    /// A part of a histogram or summary.
    Part {
        role: Role,
        /// Upper bound or quantile; unused for sums and counts.
        bound: f64,
        whole: Arc<KnownSeries>,
    },
    /// The start time of the series with this key ([`KnownSeries::created_key`]).
    Created(u64),
}

impl Resolution {
    /// Returns whether a sample with this value can be stored as the resolution says.
    pub(crate) fn accepts(&self, value: f64) -> bool {
        match self {
            Self::Part { role, .. } => role.accepts(value),
            _ => true,
        }
    }

    /// Returns the series that it leads to.
    pub(crate) fn series(&self) -> Option<&Arc<KnownSeries>> {
        match self {
            Self::Number(series) | Self::Part { whole: series, .. } => Some(series),
            Self::Dropped | Self::Created(_) => None,
        }
    }
}
