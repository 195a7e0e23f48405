//! Verification of stored data, and repair.

pub(crate) mod quarantine;
pub(crate) mod repair;
pub(crate) mod targets;
pub(crate) mod verify;
