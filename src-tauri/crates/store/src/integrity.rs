//! Verification of stored data, and repair.

pub(crate) mod quarantine;
pub(crate) mod repair;
pub(crate) mod stored_parts;
pub(crate) mod verify;
