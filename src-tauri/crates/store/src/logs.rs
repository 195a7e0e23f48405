//! Log records.

pub(crate) mod append;
pub(crate) mod read;
