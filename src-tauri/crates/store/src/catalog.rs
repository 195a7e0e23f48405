//! The series and resources that are known, in memory.

pub(crate) mod distinct;
pub(crate) mod matcher;
pub(crate) mod packed_attributes;
pub(crate) mod renamed_series;
pub(crate) mod series;
pub(crate) mod series_catalog;
