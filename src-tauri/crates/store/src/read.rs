//! Reading: connections, deadlines, cancellation and snapshots.

pub(crate) mod cancellation;
pub(crate) mod limits;
pub(crate) mod open_snapshot;
pub(crate) mod pool;
pub(crate) mod reader;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod tag_counts;
