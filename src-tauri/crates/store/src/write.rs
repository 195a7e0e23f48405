//! The write path: limits, the writer thread and its groups.

mod accepted_labels;
mod accepted_series;
pub(crate) mod append;
pub(crate) mod cardinality;
pub(crate) mod checkpoint_space;
pub(crate) mod checkpointer;
pub(crate) mod commit;
pub(crate) mod counted;
pub(crate) mod disk_space;
pub(crate) mod dropped;
pub(crate) mod job;
pub(crate) mod label_size;
pub(crate) mod memory_size;
pub(crate) mod presence;
pub(crate) mod upkeep;
pub(crate) mod writer;
pub(crate) mod writer_thread;
