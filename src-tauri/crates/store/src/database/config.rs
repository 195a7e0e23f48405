//! The settings of the database and its limits on file access.

use std::path::Path;

use duckdb::{Config, Connection};

use crate::{
    StoreError, StoreOptions,
    database::{
        paths::{EXPORTS, SEGMENTS, TEMPORARY, path_text},
        sql::quote,
    },
};

/// A log of this length is checkpointed even under load. Until then it is held in memory as well,
/// and a start after a crash replays it.
const MAX_LOG: &str = "128MiB";

/// The block size of a new database in bytes. Each column of each table has blocks of its own. With
/// the default of 256 KiB a small database would be mostly empty.
const BLOCK: &str = "65536";

/// Cached bytes that are not worth a release.
const SMALL_CACHE: u64 = 32 << 20;

/// Returns the configuration to open the database of a data folder with.
pub(crate) fn config(folder: &Path, options: &StoreOptions) -> Result<Config, StoreError> {
    let temporary = folder.join(TEMPORARY);
    Ok(Config::default()
        .with("memory_limit", format!("{}B", options.memory_limit_bytes))?
        .threads(i64::from(options.threads.max(1)))?
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?
        .with("allow_community_extensions", "false")?
        .with("checkpoint_threshold", MAX_LOG)?
        .with("default_block_size", BLOCK)?
        .with("storage_compatibility_version", "latest")?
        .with("temp_directory", path_text(&temporary)?)?)
}

/// Restricts queries to the database, the segments and the export folder, irrevocably.
pub(crate) fn restrict(connection: &Connection, folder: &Path) -> Result<(), StoreError> {
    let exports = quote(path_text(&folder.join(EXPORTS))?);
    let segments = quote(path_text(&folder.join(SEGMENTS))?);
    connection.execute_batch(&format!(
        "SET allowed_directories = [{exports}, {segments}]; SET enable_external_access = false; \
         SET allowed_configs = ['memory_limit']; SET lock_configuration = true;"
    ))?;
    Ok(())
}

/// Removes cached blocks of files from memory. The database retains them up to its memory limit,
/// so the limit is lowered for as long as that takes. Blocks.
pub(crate) fn release_cache(connection: &Connection, memory_limit: u64) -> Result<(), StoreError> {
    let cached: u64 = connection.query_row(
        "SELECT coalesce(sum(memory_usage_bytes), 0)::UBIGINT FROM duckdb_memory()",
        [],
        |row| row.get(0),
    )?;
    if cached <= SMALL_CACHE {
        return Ok(());
    }
    let limit = |bytes: u64| connection.execute_batch(&format!("SET memory_limit = '{bytes}B'"));
    // Fails if more than this is in use. What could be removed is removed nevertheless.
    let lowered = limit(SMALL_CACHE);
    limit(memory_limit)?;
    if let Err(error) = lowered {
        tracing::debug!(%error, cached, "the database still uses more memory");
    }
    Ok(())
}
