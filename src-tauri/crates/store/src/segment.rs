//! Sealed data: immutable Parquet files, their names, metadata, plans and merges.
//!
//! Nothing here depends on the content of a segment. A signal brings its own columns and its own
//! implementation of [`signal_segments::SignalSegments`].

pub(crate) mod checksum;
pub(crate) mod codec;
pub(crate) mod compaction;
pub(crate) mod copy;
pub(crate) mod file;
pub(crate) mod file_metadata;
pub(crate) mod info;
pub(crate) mod intact_groups;
pub(crate) mod manifest;
pub(crate) mod naming;
pub(crate) mod parity;
pub(crate) mod part_group;
pub(crate) mod plan;
pub(crate) mod retention_tier;
pub(crate) mod scan;
pub(crate) mod segment_file;
pub(crate) mod signal;
pub(crate) mod signal_segments;
pub(crate) mod table;
pub(crate) mod tally;
pub(crate) mod time;
pub(crate) mod window;
