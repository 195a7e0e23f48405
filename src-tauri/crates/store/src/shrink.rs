//! A database file that is mostly free room is written anew. What is deleted makes room for new rows, but the database
//! gives back only what lies at the end of its file.

use std::{
    fs::{self, File},
    path::Path,
};

use duckdb::{Config, Connection};

use crate::{
    StoreError,
    open::{LOG, file_error, path_text, quote},
    partition::sync_folder,
};

/// Name of the new file until it is whole.
pub(crate) const FRESH: &str = "binnacle.duckdb.fresh";
/// Less free room than this is left as it is, in bytes.
const LEAST_FREE: u64 = 4 << 20;
/// The copy needs this many times its length free on the disk.
const SPARE: u64 = 2;

/// Deletes what a copy that was cut off left behind.
pub(crate) fn sweep(folder: &Path) -> Result<(), StoreError> {
    for name in [FRESH.to_owned(), format!("{FRESH}.wal")] {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
        }
    }
    Ok(())
}

/// Gives the connection back, to a file without the free room if there was much. A crash at any moment leaves the old
/// file or the new one, each with everything in it.
pub(crate) fn shrink(
    connection: Connection,
    database: &Path,
    folder: &Path,
    config: impl Fn() -> Result<Config, StoreError>,
) -> Result<Connection, StoreError> {
    if fs::metadata(database).map_or(0, |file| file.len()) < LEAST_FREE {
        return Ok(connection);
    }
    let copied = copy(&connection, folder);
    match copied {
        Ok(false) => return Ok(connection),
        Ok(true) => {}
        Err(error) => {
            tracing::warn!(%error, "the database file keeps its free room");
            sweep(folder)?;
            return Ok(connection);
        }
    }
    // Closing it moves what is in the log into the old file and takes the log away.
    drop(connection);
    let log = folder.join(LOG);
    if log.exists() {
        tracing::warn!("the database file keeps its free room: its log is still there");
        sweep(folder)?;
    } else {
        let fresh = folder.join(FRESH);
        let replaced =
            File::open(&fresh).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&fresh, database));
        replaced.map_err(|error| file_error(&fresh, &error))?;
        sync_folder(folder)?;
        tracing::info!("wrote the database file anew without its free room");
    }
    Ok(Connection::open_with_flags(database, config()?)?)
}

/// Writes a copy if that is worth it; whether it did.
fn copy(connection: &Connection, folder: &Path) -> Result<bool, StoreError> {
    connection.execute_batch("CHECKPOINT")?;
    let (name, block, used, free): (String, u64, u64, u64) = connection.query_row(
        "SELECT database_name, block_size, used_blocks, free_blocks FROM pragma_database_size() \
         WHERE database_name = current_database()",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let room = fs4::available_space(folder).unwrap_or_default();
    if free <= used || free * block < LEAST_FREE || room < used * block * SPARE {
        return Ok(false);
    }
    let fresh = folder.join(FRESH);
    let name = name.replace('"', "\"\"");
    connection.execute_batch(&format!(
        "ATTACH {} AS fresh; COPY FROM DATABASE \"{name}\" TO fresh; CHECKPOINT fresh;",
        quote(path_text(&fresh)?)
    ))?;
    let whole = is_whole(connection, &name);
    connection.execute_batch("DETACH fresh")?;
    if whole? {
        return Ok(true);
    }
    Err(StoreError::Database("the copy is not what it was made from".to_owned()))
}

/// Whether every table has as many rows in the copy.
fn is_whole(connection: &Connection, name: &str) -> Result<bool, StoreError> {
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
