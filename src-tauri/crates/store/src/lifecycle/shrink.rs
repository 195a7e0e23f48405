//! Shrinking: a database file with mostly free blocks is copied.
//!
//! The database reuses the blocks of deleted rows, but returns only those at the end of its file.

use std::{
    fs::{self, File},
    path::Path,
};

use duckdb::{Config, Connection};

use crate::{
    StoreError,
    database::{
        paths::{LOG, file_error, path_text, sync_folder},
        sql::quote,
    },
    integrity::folder_state::expect_replacement,
    write::checkpoint_space,
};

/// The new file until it is complete.
pub(crate) const FRESH: &str = "binnacle.duckdb.fresh";
/// Free bytes in the file below which it is not copied.
const MIN_FREE: u64 = 4 << 20;
/// The copy requires this many times its length free on the disk.
const DISK_FACTOR: u64 = 2;

/// Deletes the files of an interrupted copy.
pub(crate) fn sweep(folder: &Path) -> Result<(), StoreError> {
    for name in [FRESH.to_owned(), format!("{FRESH}.wal")] {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
        }
    }
    Ok(())
}

/// Returns the connection, to a new file if the old one had many free blocks. A crash at any time
/// leaves the old file or the new one, both complete.
pub(crate) fn shrink(
    connection: Connection,
    database: &Path,
    folder: &Path,
    config: impl Fn() -> Result<Config, StoreError>,
) -> Result<Connection, StoreError> {
    if fs::metadata(database).map_or(0, |file| file.len()) < MIN_FREE || !checkpoint_space::reserve(folder) {
        return Ok(connection);
    }
    let copied = copy(&connection, folder);
    checkpoint_space::release(folder);
    match copied {
        Ok(false) => return Ok(connection),
        Ok(true) => {}
        Err(error) => {
            tracing::warn!(%error, "database file not shrunk, copy failed");
            sweep(folder)?;
            return Ok(connection);
        }
    }
    // Closing checkpoints the log into the old file and deletes it.
    drop(connection);
    let log = folder.join(LOG);
    if log.exists() {
        tracing::warn!("database file not shrunk, its log still exists");
        sweep(folder)?;
    } else if let Err(error) = expect_replacement(folder) {
        tracing::warn!(%error, "database file not shrunk");
        sweep(folder)?;
    } else {
        let fresh = folder.join(FRESH);
        let replaced =
            File::open(&fresh).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&fresh, database));
        replaced.map_err(|error| file_error(&fresh, &error))?;
        sync_folder(folder)?;
        tracing::info!("database file shrunk");
    }
    Ok(Connection::open_with_flags(database, config()?)?)
}

/// Writes a copy if it would be much smaller. Returns whether it did.
fn copy(connection: &Connection, folder: &Path) -> Result<bool, StoreError> {
    connection.execute_batch("CHECKPOINT")?;
    let (name, block, used, free): (String, u64, u64, u64) = connection.query_row(
        "SELECT database_name, block_size, used_blocks, free_blocks FROM pragma_database_size() \
         WHERE database_name = current_database()",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let available = fs4::available_space(folder).unwrap_or_default();
    if free <= used || free * block < MIN_FREE || available < used * block * DISK_FACTOR {
        return Ok(false);
    }
    let fresh = folder.join(FRESH);
    let name = name.replace('"', "\"\"");
    connection.execute_batch(&format!(
        "ATTACH {} AS fresh; COPY FROM DATABASE \"{name}\" TO fresh; CHECKPOINT fresh;",
        quote(path_text(&fresh)?)
    ))?;
    let is_complete = is_complete(connection, &name);
    connection.execute_batch("DETACH fresh")?;
    if is_complete? {
        return Ok(true);
    }
    Err(StoreError::Database("the copy has other rows than the original".to_owned()))
}

/// Returns whether every table has as many rows in the copy.
fn is_complete(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let mut statement = connection.prepare(
        "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND database_name = current_database()",
    )?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let count = |database: &str| {
            connection.query_row(&format!("SELECT count(*) FROM \"{database}\".\"{table}\""), [], |row| {
                row.get::<_, u64>(0)
            })
        };
        if count(name)? != count("fresh")? {
            return Ok(false);
        }
    }
    Ok(true)
}
