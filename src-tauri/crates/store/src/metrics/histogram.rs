//! Histograms: points, their increase, and their roll-ups.

pub(crate) mod columns;
pub(crate) mod decode;
pub(crate) mod exponential;
pub(crate) mod point;
pub(crate) mod rollup;
