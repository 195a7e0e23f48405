//! The content of one scraped body, independent of its format.

use std::{collections::HashMap, fmt};

use model::{Buckets, Timestamp};

use crate::family::FamilyKind;

/// A sample with more labels is refused: the check for duplicate names is quadratic.
pub(crate) const MAX_LABELS: usize = 256;

/// Labels as (name, value).
pub type ExposedLabels = Vec<(String, String)>;

/// One sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExposedSample {
    /// Line in the text, from 1; 0 in formats without lines.
    pub line: usize,
    /// Name as written, with `_bucket` and other suffixes.
    pub name: String,
    /// Labels in the order written, each name once.
    pub labels: ExposedLabels,
    /// The value; may be NaN or infinite. For a native histogram its count.
    pub value: f64,
    /// Buckets and sum of a native histogram.
    pub native: Option<Box<ExposedNativeHistogram>>,
    /// Time of the sample, if given.
    pub time: Option<Timestamp>,
    /// Start of the counting, if given with the sample itself.
    pub start_time: Option<Timestamp>,
    /// Example measurements.
    pub exemplars: Vec<ExposedExemplar>,
}

/// A histogram with exponential buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct ExposedNativeHistogram {
    /// Always [`Buckets::Exponential`].
    pub buckets: Buckets,
    /// Sum of the measurements.
    pub sum: f64,
    /// True if counts were fractions and have been rounded.
    pub rounded: bool,
}

/// An example measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct ExposedExemplar {
    /// Its labels, such as `trace_id`.
    pub labels: ExposedLabels,
    /// The measurement.
    pub value: f64,
    /// Time of the measurement, if given.
    pub time: Option<Timestamp>,
}

/// The families and samples of one body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exposition {
    /// Kinds by family name.
    pub kinds: HashMap<String, FamilyKind>,
    /// Help texts by family name.
    pub help: HashMap<String, String>,
    /// Units by family name.
    pub units: HashMap<String, String>,
    /// True if `_created` samples give the start time of a family, as in OpenMetrics.
    pub has_created: bool,
    /// The samples, in the order written.
    pub samples: Vec<ExposedSample>,
}

/// A violation of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpositionError {
    /// Line in the text, from 1; 0 where there are no lines.
    pub line: usize,
    /// Description of the violation.
    pub message: String,
}

impl fmt::Display for ExpositionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => formatter.write_str(&self.message),
            line => write!(formatter, "line {line}: {}", self.message),
        }
    }
}

impl std::error::Error for ExpositionError {}

/// Quotes outside text for a message: at most 60 characters, control characters escaped.
pub fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{dots}")
}
