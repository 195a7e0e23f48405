//! Roll-ups: the points of series aggregated by the minute and by the hour.

pub(crate) mod histogram_file;
pub(crate) mod interval;
pub(crate) mod sample_file;
