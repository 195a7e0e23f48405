//! The rows that the log adds to one table, read without the rows of the table in the database
//! file.
//!
//! Rows are read by whole vectors. In one with rows of the file that cannot be read, those of the
//! log are saved like this.

use std::{
    fs,
    path::{Path, PathBuf},
};

use duckdb::Connection;

use super::{
    database_file::read_layout,
    log_entry::insertions,
    log_file::{COMMIT, entry, headers},
};
use crate::{
    StoreError, StoreOptions,
    database::{
        config::config,
        paths::{CHECKPOINT_LOG, DATABASE, LOG, file_error, path_text},
        sql::quote,
    },
};

/// The file of the database with the rows.
const ROWS: &str = "binnacle.duckdb.rows";

/// A database with one table, that has the rows of the log. It is deleted on drop.
pub(super) struct LogRows(PathBuf);

impl LogRows {
    /// Replays the insertions of a folder's logs into a table of its own, created by `sql`. Returns
    /// none if there are none, or if the log changes earlier rows of the table.
    pub(super) fn replay(
        folder: &Path,
        table: &str,
        sql: &str,
        options: &StoreOptions,
    ) -> Result<Option<Self>, StoreError> {
        let Some(layout) = read_layout(&folder.join(DATABASE)) else { return Ok(None) };
        let mut entries = Vec::new();
        for name in [LOG, CHECKPOINT_LOG] {
            let Ok(log) = fs::read(folder.join(name)) else { continue };
            let Some(header) = headers(&layout).into_iter().find(|header| log.starts_with(header)) else {
                continue;
            };
            let Some(found) = insertions(&log, header.len(), table) else { return Ok(None) };
            entries.extend(found);
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let rows = Self(folder.join(ROWS));
        rows.delete();
        let database = Connection::open_with_flags(&rows.0, config(folder, options)?)?;
        database.execute_batch(&format!("{sql}; CHECKPOINT"))?;
        drop(database);
        let Some(layout) = read_layout(&rows.0) else { return Ok(None) };
        let mut log = headers(&layout).swap_remove(0);
        log.extend(entries);
        log.extend(entry(&COMMIT));
        let path = rows.log();
        fs::write(&path, log).map_err(|error| file_error(&path, &error))?;
        Ok(Some(rows))
    }

    /// Attaches the database to a connection, read-only.
    pub(super) fn attach(&self, connection: &Connection, name: &str) -> Result<(), StoreError> {
        let path = quote(path_text(&self.0)?);
        Ok(connection.execute_batch(&format!("ATTACH {path} AS {name} (READ_ONLY)"))?)
    }

    fn log(&self) -> PathBuf {
        let mut log = self.0.as_os_str().to_owned();
        log.push(".wal");
        PathBuf::from(log)
    }

    fn delete(&self) {
        for path in [&self.0, &self.log()] {
            // A file that is left is deleted before the next attempt.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for LogRows {
    fn drop(&mut self) {
        self.delete();
    }
}
