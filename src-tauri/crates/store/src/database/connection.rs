//! An opened database.

use std::{fs::File, path::PathBuf, sync::Arc};

use duckdb::Connection;

use crate::integrity::folder_state::DataNotice;

/// The database of a data folder that belongs to this process.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) folder: PathBuf,
    /// What the folder is known to have lost.
    pub(crate) notices: Vec<DataNotice>,
    /// The lock of the folder, held while the store exists. The system releases it when the process
    /// dies.
    pub(crate) lock: Arc<File>,
}
