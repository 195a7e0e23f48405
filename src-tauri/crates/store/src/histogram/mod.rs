//! Histograms: points, what they gained, and what a stretch of them comes to.

mod columns;
mod decode;
mod exponential;
mod point;
mod stretch;

pub(crate) use columns::{NAMES, columns, fields, stretches};
pub(crate) use decode::points;
pub(crate) use point::{Counts, Point, gained};
pub(crate) use stretch::{RollUp, Stretch, Told};
