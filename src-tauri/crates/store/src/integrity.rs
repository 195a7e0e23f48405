//! Verification of stored data, and repair.

mod checked_file;
mod checksum_code;
pub(crate) mod database_file;
mod database_mend;
pub(crate) mod definitions;
pub(crate) mod folder_repair;
pub(crate) mod folder_state;
mod log_entry;
pub(crate) mod log_file;
pub(crate) mod log_mend;
mod log_rows;
pub(crate) mod metadata_copy;
pub(crate) mod quarantine;
pub(crate) mod repair;
pub(crate) mod report;
mod salvage;
pub(crate) mod targets;
pub(crate) mod verify;
