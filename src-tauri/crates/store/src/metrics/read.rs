//! Reads of metrics.

pub(crate) mod buckets;
pub(crate) mod cadence;
pub(crate) mod catalog;
pub(crate) mod classic_families;
pub(crate) mod clock_jumps;
pub(crate) mod counters;
pub(crate) mod downsample;
pub(crate) mod exemplars;
pub(crate) mod histogram_sources;
pub(crate) mod histograms;
pub(crate) mod merge;
pub(crate) mod merged_series;
pub(crate) mod metrics_view;
pub(crate) mod resolution;
pub(crate) mod rollup_range;
pub(crate) mod rollup_read;
pub(crate) mod row_position;
pub(crate) mod samples;
pub(crate) mod series_batches;
pub(crate) mod series_labels;
pub(crate) mod series_set;
