//! What a target told, whichever format it told it in.

use std::{collections::HashMap, fmt};

use model::{Buckets, Timestamp, prometheus::FamilyKind};

/// A sample with more labels is refused: telling each from the others would take ever longer.
pub(crate) const MOST_LABELS: usize = 256;

/// Labels as (name, value).
pub type ExposedLabels = Vec<(String, String)>;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct ExposedSample {
    /// Line in the text, from 1; 0 in formats without lines.
    pub line: usize,
    /// Name as it stands there, with `_bucket` and the like.
    pub name: String,
    /// Labels in the order they stand there, each name once.
    pub labels: ExposedLabels,
    /// The value; may be NaN or infinite. Of a native histogram its count.
    pub value: f64,
    /// The buckets and the sum of a native histogram.
    pub native: Option<Box<NativeHistogram>>,
    /// When it was observed, where told.
    pub time: Option<Timestamp>,
    /// Since when it counts, where told with the sample itself.
    pub start_time: Option<Timestamp>,
    /// Measurements kept as examples.
    pub exemplars: Vec<ExposedExemplar>,
}

/// A histogram with exponential buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeHistogram {
    /// Always [`Buckets::Exponential`].
    pub buckets: Buckets,
    /// Sum of the measurements.
    pub sum: f64,
    /// Whether counts were told as fractions and are rounded here.
    pub rounded: bool,
}

/// A measurement kept as an example.
#[derive(Debug, Clone, PartialEq)]
pub struct ExposedExemplar {
    /// Its labels, such as `trace_id`.
    pub labels: ExposedLabels,
    /// The measurement.
    pub value: f64,
    /// When it was measured, where told.
    pub time: Option<Timestamp>,
}

/// Everything a target told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exposition {
    /// Kinds by family name.
    pub kinds: HashMap<String, FamilyKind>,
    /// Help texts by family name.
    pub help: HashMap<String, String>,
    /// Units by family name.
    pub units: HashMap<String, String>,
    /// Whether `_created` samples tell since when a family counts, as OpenMetrics has it.
    pub has_created: bool,
    /// The samples, in the order they were told.
    pub samples: Vec<ExposedSample>,
}

/// Why a body is not in the format it should be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpositionError {
    /// Line in the text, from 1; 0 where there are no lines.
    pub line: usize,
    /// What is wrong.
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

/// Text from outside for a message: quoted, without control characters, and not long.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{dots}")
}
