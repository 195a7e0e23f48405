//! The Prometheus text format, version 0.0.4: from text to samples, and from samples to series.

mod exposition;
mod families;

pub use exposition::{ExposedSample, Exposition, ExpositionError, FamilyKind, parse};
pub use families::{Target, assemble};
