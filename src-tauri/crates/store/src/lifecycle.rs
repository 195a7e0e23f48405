//! Opening and closing of a data folder, and recovery of its database.

pub(crate) mod instance;
pub(crate) mod open;
pub(crate) mod rebuild_catalog;
pub(crate) mod session;
pub(crate) mod shared_state;
pub(crate) mod shrink;
