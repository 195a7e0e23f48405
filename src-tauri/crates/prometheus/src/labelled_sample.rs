//! Samples with their final labels, and their roles in histograms and summaries.

use model::Labels;

use crate::{exposition::ExposedSample, family::FamilyKind};

/// The role of a sample within a histogram, a summary or a counter with a start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Bucket,
    Quantile,
    Sum,
    Count,
    /// Start time of a counter, histogram or summary.
    Created,
}

impl Role {
    /// Returns the suffix of the names of such samples.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Bucket => "_bucket",
            Self::Quantile => "",
            Self::Sum => "_sum",
            Self::Count => "_count",
            Self::Created => "_created",
        }
    }

    /// Returns the kind of such a sample outside a histogram or summary.
    pub(crate) fn standalone_kind(self) -> FamilyKind {
        match self {
            Self::Bucket | Self::Sum | Self::Count => FamilyKind::Counter,
            Self::Quantile | Self::Created => FamilyKind::Gauge,
        }
    }

    /// Returns whether a histogram or summary can hold such a sample of this value. The number of
    /// measurements is none if it is negative or NaN.
    pub(crate) fn accepts(self, value: f64) -> bool {
        !matches!(self, Self::Bucket | Self::Count) || (0.0..=9.0e18).contains(&value)
    }

    /// Returns the label that holds the bound or quantile.
    pub(crate) fn bound_label(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("le"),
            Self::Quantile => Some("quantile"),
            _ => None,
        }
    }
}

/// A sample after relabelling.
pub(crate) struct LabelledSample<'a> {
    pub(crate) sample: &'a ExposedSample,
    /// Name of the series, or of the family for a sample with a role.
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) kind: FamilyKind,
    /// Family as declared in the body; the key of help and unit.
    pub(crate) family: &'a str,
    pub(crate) role: Option<Role>,
}

impl LabelledSample<'_> {
    /// Turns the sample into a number of its own, outside any histogram.
    pub(crate) fn into_standalone(self, role: Role) -> Self {
        let family = if matches!(role, Role::Bucket | Role::Count) { &self.sample.name } else { self.family };
        Self {
            name: format!("{}{}", self.name, role.suffix()),
            kind: role.standalone_kind(),
            family,
            role: None,
            ..self
        }
    }
}
