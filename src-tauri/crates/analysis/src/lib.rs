//! Numbers in, findings out: trends, expected bands with what lies outside them, and comparisons
//! of two ranges. Pure functions of their arguments: no clock, no I/O, no randomness that is not
//! seeded here. Any input is welcome, also empty, unsorted or not finite.

mod anomaly;
mod change;
mod comparison;
mod correlation;
mod expectation;
pub mod figures;
mod grid;
mod limits;
mod rank_test;
mod resampling;
mod rolling;
mod season;
mod statistics;
mod trend;

pub use anomaly::{SeriesFacts, anomaly_band, anomaly_band_with};
pub use comparison::compare;
pub use statistics::quantile;
pub use trend::trend;
