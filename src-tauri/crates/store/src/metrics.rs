//! Metrics: heads, segments, roll-ups and reads of samples, histograms and exemplars.

pub(crate) mod append;
pub(crate) mod exemplar_file;
pub(crate) mod exemplars;
pub(crate) mod head;
pub(crate) mod histogram;
pub(crate) mod histogram_file;
pub(crate) mod point_tables;
pub(crate) mod points;
pub(crate) mod read;
pub(crate) mod recent;
pub(crate) mod rollup;
pub(crate) mod sample_codec;
pub(crate) mod sample_columns;
pub(crate) mod sample_file;
pub(crate) mod sample_rows;
pub(crate) mod segments;
pub(crate) mod selection;
pub(crate) mod series_columns;
pub(crate) mod series_order;
