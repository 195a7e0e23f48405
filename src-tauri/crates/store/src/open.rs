//! Opening a data folder without ever harming what lies in it.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use duckdb::{AccessMode, Config, Connection};

use crate::{
    StoreError, StoreOptions, adopt,
    partition::sync_folder,
    schema::{self, Found},
    shrink,
};

/// Name of the database in the data folder.
pub(crate) const DATABASE: &str = "binnacle.duckdb";
/// Name of its write-ahead log.
pub(crate) const LOG: &str = "binnacle.duckdb.wal";
/// A log that reaches this length is moved into the database file even under load; until then it lies in memory
/// as well, and a start after a crash replays it.
const LONGEST_LOG: &str = "128MiB";
/// A log of this length is long.
const LONG_LOG: u64 = 8 << 20;
/// Name of the file that notes the version of the database.
const NOTE: &str = "binnacle.version";
/// Bytes of a block of a new database. Each column of each table takes blocks of its own, so that with the usual 256 KiB
/// a database with little in it is mostly empty.
const BLOCK: &str = "65536";
/// Folder for spilled intermediate results.
const TEMPORARY: &str = "temporary";
/// Folder that exports are written to before they move to their place: the only one queries may write to.
pub(crate) const EXPORTS: &str = "exports";
/// Folder of the sealed partitions.
pub(crate) const PARTITIONS: &str = "partitions";

/// A data folder that belongs to this process.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) folder: PathBuf,
    /// Held as long as the store lives; the system lets go of it when the process dies.
    pub(crate) lock: Arc<File>,
}

/// Takes hold of the folder, or makes a new one: its full path, and the lock.
pub(crate) fn claim(folder: &Path) -> Result<(PathBuf, Arc<File>), StoreError> {
    create_folder(folder)?;
    let folder = fs::canonicalize(folder).map_err(|error| file_error(folder, &error))?;
    let lock = Arc::new(lock(&folder)?);
    Ok((folder, lock))
}

/// Opens the database in a folder that is locked, or makes a new one, which takes in the partitions that lie there.
pub(crate) fn open(folder: &Path, lock: Arc<File>, options: &StoreOptions) -> Result<Opened, StoreError> {
    let folder = folder.to_owned();
    let database = folder.join(DATABASE);
    let exists = fs::metadata(&database).is_ok_and(|metadata| metadata.len() > 0)
        || adopt::adopt(&folder, || config(&folder, options))?;
    // A long log takes seconds to replay, so it is not looked at twice where a note says whose it is.
    let long = fs::metadata(folder.join(LOG)).is_ok_and(|metadata| metadata.len() >= LONG_LOG);
    let opened = if exists && long && noted(&folder) {
        Some(open_at_once(&database, &folder, options)?)
    } else {
        None
    };
    let version = match opened {
        Some(_) => schema::NEWEST,
        None if exists => inspect(&database, &folder, options)?,
        None => 0,
    };
    for leftover in [TEMPORARY, EXPORTS] {
        let path = folder.join(leftover);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| file_error(&path, &error))?;
        }
        create_folder(&path)?;
    }
    create_folder(&folder.join(PARTITIONS))?;
    shrink::sweep(&folder)?;
    let connection = match opened {
        Some(connection) => connection,
        None => Connection::open_with_flags(&database, config(&folder, options)?)?,
    };
    note(&folder)?;
    schema::migrate(&connection, version)?;
    let connection = shrink::shrink(connection, &database, &folder, || config(&folder, options))?;
    restrict(&connection, &folder)?;
    Ok(Opened { connection, folder, lock })
}

/// Moves a database that cannot be opened into the folder `quarantine` with its log; where it lies then, or nothing if it
/// can be opened.
pub(crate) fn set_damaged_aside(
    folder: &Path,
    lock: Arc<File>,
    options: &StoreOptions,
) -> Result<Option<PathBuf>, StoreError> {
    match open(folder, lock, options) {
        Err(StoreError::Damaged { .. }) => {
            adopt::set_aside(folder, &folder.join(LOG))?;
            adopt::set_aside(folder, &folder.join(DATABASE))
        }
        outcome => outcome.map(|_| None),
    }
}

/// Looks into an existing database with nothing but reading, so that a damaged or newer one stays as it is; its
/// version.
fn inspect(database: &Path, folder: &Path, options: &StoreOptions) -> Result<i64, StoreError> {
    let config = config(folder, options)?.access_mode(AccessMode::ReadOnly)?;
    let connection =
        Connection::open_with_flags(database, config).map_err(|error| damaged(database, &error.into()))?;
    look(&connection, database)
}

/// Opens an existing database of the newest version for writing, and lets go of it unwritten if it is not what it
/// should be.
fn open_at_once(database: &Path, folder: &Path, options: &StoreOptions) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(database, config(folder, options)?)
        .map_err(|error| damaged(database, &error.into()))?;
    connection.execute_batch("PRAGMA disable_checkpoint_on_shutdown")?;
    let version = look(&connection, database)?;
    if version != schema::NEWEST {
        let reason = format!("it has schema version {version}, its note says {}", schema::NEWEST);
        return Err(StoreError::Damaged { path: database.to_owned(), reason });
    }
    connection.execute_batch("PRAGMA enable_checkpoint_on_shutdown")?;
    Ok(connection)
}

/// The version of a database that this program can read.
fn look(connection: &Connection, database: &Path) -> Result<i64, StoreError> {
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

/// Whether a note says that the database has the newest version.
fn noted(folder: &Path) -> bool {
    fs::read_to_string(folder.join(NOTE)).is_ok_and(|text| text.trim() == schema::NEWEST.to_string())
}

/// Notes the version before the database is brought to it, so that an older program finds a note that is not its own
/// and looks first.
fn note(folder: &Path) -> Result<(), StoreError> {
    if noted(folder) {
        return Ok(());
    }
    let (path, unfinished) = (folder.join(NOTE), folder.join(format!("{NOTE}.unfinished")));
    let write = || {
        fs::write(&unfinished, format!("{}\n", schema::NEWEST))?;
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    write().map_err(|error| file_error(&path, &error))?;
    sync_folder(folder)
}

fn config(folder: &Path, options: &StoreOptions) -> Result<Config, StoreError> {
    let temporary = folder.join(TEMPORARY);
    Ok(Config::default()
        .with("memory_limit", format!("{}B", options.memory_limit_bytes))?
        .threads(i64::from(options.threads.max(1)))?
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?
        .with("allow_community_extensions", "false")?
        .with("checkpoint_threshold", LONGEST_LOG)?
        .with("default_block_size", BLOCK)?
        .with("storage_compatibility_version", "latest")?
        .with("temp_directory", path_text(&temporary)?)?)
}

/// Takes every file but the database, the partitions and the export folder out of reach of any query, for good.
fn restrict(connection: &Connection, folder: &Path) -> Result<(), StoreError> {
    let exports = quote(path_text(&folder.join(EXPORTS))?);
    let partitions = quote(path_text(&folder.join(PARTITIONS))?);
    connection.execute_batch(&format!(
        "SET allowed_directories = [{exports}, {partitions}]; SET enable_external_access = false; \
         SET lock_configuration = true;"
    ))?;
    Ok(())
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("binnacle.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| file_error(&path, &error))?;
    // A store that was just dropped in this process may still be finishing its last commit.
    for _ in 0..40 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(error)) => return Err(file_error(&path, &error)),
        }
    }
    Err(StoreError::InUse { path: folder.to_owned() })
}

pub(crate) fn create_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| file_error(path, &error))
}

pub(crate) fn file_error(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), reason: error.to_string() }
}

/// The path as text for a statement; paths that are not Unicode cannot be named in one.
pub(crate) fn path_text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::File {
        path: path.to_owned(),
        reason: "the name of the data folder is not valid Unicode".to_owned(),
    })
}

/// Text as a literal of a statement.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
