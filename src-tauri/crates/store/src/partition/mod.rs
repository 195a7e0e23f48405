//! Sealed stretches of time: immutable Parquet files, one row per series with its points as lists.

mod bundle;
mod codec;
mod describe;
pub(crate) mod exemplars;
mod file;
mod gather;
mod note;
mod plan;
mod points;
mod rollup;
mod rows;
mod scan;
mod stretches;
pub(crate) mod tables;
mod write;

pub(crate) use bundle::Bundle;
pub(crate) use describe::{
    DICTIONARIES, NAMES as DESCRIBING, columns as describing_columns, described, fields as describing_fields,
};
pub(crate) use file::{FileWriter, UNFINISHED, Unfinished, Written, checksum, sync_folder};
pub(crate) use gather::{counts, gather, in_head, read_file};
pub(crate) use note::{KEY as NOTE, Note};
pub(crate) use plan::{Ids, NewPartition, Plan, Sealing, Tally};
pub(crate) use points::{Points, before};
pub(crate) use rollup::{Resolution, StepsFile, lasting};
pub(crate) use rows::table as samples_table;
pub(crate) use scan::{Scan, Wanted, metadata, span_of};
pub(crate) use stretches::{Sequence, Whole, sequences};
pub(crate) use write::{SampleFiles, SamplesFile};
