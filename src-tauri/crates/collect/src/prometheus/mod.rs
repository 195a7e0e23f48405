//! What Prometheus knows of scraping: the formats a target answers in, rules for labels, and series put together from
//! samples.

mod assembly;
mod composite;
mod exposed;
mod line;
mod openmetrics;
mod protobuf;
mod relabel;
mod text;
mod unit;

pub use assembly::{Assembled, SeriesLimits, Target, Unassembled, assemble};
pub use exposed::{
    ExposedExemplar, ExposedLabels, ExposedSample, Exposition, ExpositionError, NativeHistogram,
};
pub(crate) use line::{is_metric_name, read_seconds};
pub use openmetrics::parse_openmetrics;
pub use protobuf::parse_protobuf;
pub use relabel::{Rule, relabel};
pub use text::parse;
