//! The write path: limits, the writer thread and its groups.

pub(crate) mod accepted_series;
pub(crate) mod append;
pub(crate) mod cardinality;
pub(crate) mod commit;
pub(crate) mod disk_space;
pub(crate) mod dropped;
pub(crate) mod job;
pub(crate) mod memory_size;
pub(crate) mod writer;
pub(crate) mod writer_thread;
