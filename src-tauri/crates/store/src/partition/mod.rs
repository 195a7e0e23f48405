//! Sealed stretches of time: immutable Parquet files, one row per series with its points as lists.

mod codec;
mod file;
mod gather;
mod points;
mod rollup;
mod rows;
mod scan;
mod stretches;
pub(crate) mod tables;
mod write;

pub(crate) use file::{UNFINISHED, Unfinished, Written, checksum, sync_folder};
pub(crate) use gather::{counts, gather, in_head, read_file};
pub(crate) use points::{Points, before};
pub(crate) use scan::{Scan, Wanted, metadata, span_of};
pub(crate) use stretches::{Whole, sequences};
pub(crate) use write::{NewPartition, Plan, SamplesFile, Tally};
