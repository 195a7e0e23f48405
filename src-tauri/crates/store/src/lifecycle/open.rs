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
            CHECKPOINT_LOG, DATABASE, EXPORTS, LOG, SEGMENTS, TEMPORARY, create_folder, file_error,
            rename_segment_folder,
        },
        schema::{self, Found},
    },
    integrity::{
        database_file::read_layout,
        definitions::{DEFINITIONS, Definitions},
        folder_state::{DataNotice, FolderState, losses},
        log_file, log_mend,
        quarantine::{quarantine, quarantine_logs},
    },
    write::checkpoint_space,
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
    let existed = fs::metadata(&database).is_ok_and(|metadata| metadata.len() > 0);
    if existed {
        // A killed process may have left it.
        checkpoint_space::release(&folder);
        check_log(&folder, LOG)?;
        check_log(&folder, CHECKPOINT_LOG)?;
    }
    let state = declare_losses(&folder, options)?;
    let mut exists = existed;
    if !existed {
        rename_segment_folder(&folder)?;
        quarantine_logs(&folder)?;
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
        empty_folder(&folder.join(leftover))?;
    }
    create_folder(&folder.join(SEGMENTS))?;
    shrink::sweep(&folder)?;
    let connection = match opened {
        Some(connection) => connection,
        None => Connection::open_with_flags(&database, config(&folder, options)?)?,
    };
    write_version_file(&folder)?;
    schema::migrate(&connection, version)?;
    if !existed && let Some(definitions) = Definitions::read(&folder) {
        let restored = definitions.restore(&connection, "")?;
        tracing::warn!(restored, "rules, checks and silences were restored from their copy");
    }
    let connection = shrink::shrink(connection, &database, &folder, || config(&folder, options))?;
    restrict(&connection, &folder)?;
    Ok(Opened { connection, folder, notices: state.notices, lock })
}

/// Creates a folder, or deletes everything in it. A full disk has no space for a new one.
fn empty_folder(path: &Path) -> Result<(), StoreError> {
    create_folder(path)?;
    for entry in fs::read_dir(path).map_err(|error| file_error(path, &error))?.filter_map(Result::ok) {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed =
            if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        removed.map_err(|error| file_error(&entry.path(), &error))?;
    }
    Ok(())
}

/// Returns the last state of a folder, with a notice of what it has lost since.
fn declare_losses(folder: &Path, options: &StoreOptions) -> Result<FolderState, StoreError> {
    let known = FolderState::read(folder);
    let was_used = known.is_some() || folder.join(VERSION_FILE).exists();
    let mut state = known.unwrap_or_default();
    let Some(loss) = losses(folder, &state, was_used) else { return Ok(state) };
    if loss.is_replaced {
        // The next copy is of another database.
        quarantine(folder, &folder.join(DEFINITIONS))?;
    }
    state.add(DataNotice { found: options.clock.now(), title: loss.title, detail: loss.detail });
    state.database.clear();
    if let Err(error) = state.write(folder) {
        tracing::warn!(%error, "the notice of lost data is not stored");
    }
    Ok(state)
}

/// Fails if the log of the database is damaged. The database would drop everything after the damage
/// without a word. What a commit that was interrupted left at the end is removed.
fn check_log(folder: &Path, name: &str) -> Result<(), StoreError> {
    let (database, log) = (folder.join(DATABASE), folder.join(name));
    // A database that cannot be read is rejected when it is opened.
    let Some(layout) = read_layout(&database) else { return Ok(()) };
    let Some(found) = log_file::scan(&log, &layout).map_err(|error| file_error(&log, &error))? else {
        return Ok(());
    };
    let Some(position) = found.stopped else { return Ok(()) };
    let state = FolderState::read(folder).filter(|_| name == LOG);
    let acknowledged = state.and_then(|state| state.log_bytes_of(&layout));
    let is_unfinished = acknowledged.is_some_and(|bytes| bytes <= found.committed);
    if !is_unfinished && (found.is_damaged || log_mend::is_mendable(&log, &layout)?) {
        let reason = format!("its log {} is damaged at byte {position}", log.display());
        return Err(StoreError::Damaged { path: database, reason });
    }
    if found.is_damaged {
        tracing::warn!(position, "an unfinished commit at the end of the log was removed");
        let cut = File::options().write(true).open(&log).and_then(|log| log.set_len(found.committed));
        cut.map_err(|error| file_error(&log, &error))?;
    }
    Ok(())
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

/// Returns the error of a database that cannot be read.
pub(crate) fn damaged(database: &Path, error: &StoreError) -> StoreError {
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
