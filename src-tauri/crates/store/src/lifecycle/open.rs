//! Opening of a data folder, without harm to its content.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use duckdb::{AccessMode, Connection};

use super::{rebuild_catalog, shrink};
use crate::{
    StoreError, StoreOptions,
    database::{
        config::{config, restrict},
        connection::Opened,
        paths::{
            DATABASE, EXPORTS, LOG, SEGMENTS, TEMPORARY, create_folder, file_error, rename_segment_folder,
        },
        schema::{self, Found},
    },
    integrity::quarantine::quarantine,
};

/// A log of this length takes seconds to replay.
const LONG_LOG: u64 = 8 << 20;
/// The file with the schema version of the database.
const VERSION_FILE: &str = "binnacle.version";

/// Locks a folder, or creates one. Returns its full path and the lock.
pub(crate) fn claim(folder: &Path) -> Result<(PathBuf, Arc<File>), StoreError> {
    create_folder(folder)?;
    let folder = fs::canonicalize(folder).map_err(|error| file_error(folder, &error))?;
    let lock = Arc::new(lock(&folder)?);
    Ok((folder, lock))
}

/// Opens the database in a locked folder. Without a database it creates one, with the segments in
/// the folder.
pub(crate) fn open(folder: &Path, lock: Arc<File>, options: &StoreOptions) -> Result<Opened, StoreError> {
    let folder = folder.to_owned();
    let database = folder.join(DATABASE);
    let mut exists = fs::metadata(&database).is_ok_and(|metadata| metadata.len() > 0);
    if !exists {
        rename_segment_folder(&folder)?;
        exists = rebuild_catalog::rebuild(&folder, || config(&folder, options), options.clock.now())?;
    }
    // A long log is replayed only once where the version file confirms the schema.
    let is_long = fs::metadata(folder.join(LOG)).is_ok_and(|metadata| metadata.len() >= LONG_LOG);
    let (opened, version) = if exists && is_long && has_current_version_file(&folder) {
        let (connection, version) = open_checked(&database, &folder, options)?;
        (Some(connection), version)
    } else if exists {
        (None, inspect(&database, &folder, options)?)
    } else {
        (None, 0)
    };
    rename_segment_folder(&folder)?;
    for leftover in [TEMPORARY, EXPORTS] {
        let path = folder.join(leftover);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| file_error(&path, &error))?;
        }
        create_folder(&path)?;
    }
    create_folder(&folder.join(SEGMENTS))?;
    shrink::sweep(&folder)?;
    let connection = match opened {
        Some(connection) => connection,
        None => Connection::open_with_flags(&database, config(&folder, options)?)?,
    };
    write_version_file(&folder)?;
    schema::migrate(&connection, version)?;
    let connection = shrink::shrink(connection, &database, &folder, || config(&folder, options))?;
    restrict(&connection, &folder)?;
    Ok(Opened { connection, folder, lock })
}

/// Moves a database that cannot be opened to the quarantine, with its log. Returns its new path, or
/// none if it can be opened.
pub(crate) fn quarantine_damaged(
    folder: &Path,
    lock: Arc<File>,
    options: &StoreOptions,
) -> Result<Option<PathBuf>, StoreError> {
    match open(folder, lock, options) {
        Err(StoreError::Damaged { .. }) => {
            quarantine(folder, &folder.join(LOG))?;
            quarantine(folder, &folder.join(DATABASE))
        }
        outcome => outcome.map(|_| None),
    }
}

/// Returns the schema version of an existing database. It opens the database read-only, so that a
/// damaged or newer one stays unchanged.
fn inspect(database: &Path, folder: &Path, options: &StoreOptions) -> Result<i64, StoreError> {
    let config = config(folder, options)?.access_mode(AccessMode::ReadOnly)?;
    let connection =
        Connection::open_with_flags(database, config).map_err(|error| damaged(database, &error.into()))?;
    check_version(&connection, database)
}

/// Opens an existing database for writing. Returns the connection and the schema version. An
/// unsupported database is closed unwritten.
fn open_checked(
    database: &Path,
    folder: &Path,
    options: &StoreOptions,
) -> Result<(Connection, i64), StoreError> {
    let connection = Connection::open_with_flags(database, config(folder, options)?)
        .map_err(|error| damaged(database, &error.into()))?;
    connection.execute_batch("PRAGMA disable_checkpoint_on_shutdown")?;
    let version = check_version(&connection, database)?;
    connection.execute_batch("PRAGMA enable_checkpoint_on_shutdown")?;
    Ok((connection, version))
}

/// Returns the schema version of a database, if it is supported and the catalog can be read.
fn check_version(connection: &Connection, database: &Path) -> Result<i64, StoreError> {
    let found = schema::inspect(connection).map_err(|error| damaged(database, &error))?;
    let version = match found {
        Found::Nothing => 0,
        Found::Foreign => {
            return Err(StoreError::Damaged {
                path: database.to_owned(),
                reason: "it holds the tables of another program".to_owned(),
            });
        }
        Found::Version(found) if found > schema::NEWEST => {
            let (path, supported) = (database.to_owned(), schema::NEWEST);
            return Err(StoreError::NewerSchema { path, found, supported });
        }
        Found::Version(version) => version,
    };
    if version == schema::NEWEST {
        for table in ["series", "resources"] {
            connection
                .query_row(&format!("SELECT count(*), max(hash(t)) FROM {table} t"), [], |_| Ok(()))
                .map_err(|error| damaged(database, &error.into()))?;
        }
    }
    Ok(version)
}

fn damaged(database: &Path, error: &StoreError) -> StoreError {
    StoreError::Damaged { path: database.to_owned(), reason: first_line(&error.to_string()) }
}

/// Returns whether the version file has the newest version.
fn has_current_version_file(folder: &Path) -> bool {
    fs::read_to_string(folder.join(VERSION_FILE)).is_ok_and(|text| text.trim() == schema::NEWEST.to_string())
}

/// Writes the newest version to the version file, before the database is migrated to it. An older
/// program then finds a version that is not its own and inspects the database.
fn write_version_file(folder: &Path) -> Result<(), StoreError> {
    if has_current_version_file(folder) {
        return Ok(());
    }
    let path = folder.join(VERSION_FILE);
    let content = format!("{}\n", schema::NEWEST);
    runtime::replace_file(&path, content.as_bytes()).map_err(|error| file_error(&path, &error))
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("binnacle.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| file_error(&path, &error))?;
    // A store just dropped in this process may still be finishing its last commit.
    for _ in 0..40 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(file_error(&path, &error)),
        }
    }
    Err(StoreError::InUse { path: folder.to_owned() })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
