//! Exchange of data with other programs: exports and Parquet imports.

pub(crate) mod export;
pub(crate) mod parquet_import;
