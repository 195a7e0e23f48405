//! The series and resources that are known.

pub(crate) mod distinct;
pub(crate) mod entries;
pub(crate) mod label_file;
pub(crate) mod label_set;
pub(crate) mod load;
pub(crate) mod matcher;
pub(crate) mod offload;
pub(crate) mod packed_attributes;
pub(crate) mod renamed_series;
pub(crate) mod resource;
pub(crate) mod series;
pub(crate) mod series_catalog;
