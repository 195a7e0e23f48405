//! Paths of the workspace.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

/// Returns the folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET
        .get_or_init(|| match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) if !folder.is_empty() => root().join(folder),
            _ => root().join("target"),
        })
        .clone()
}

/// Returns the folder of DuckDB's library, the same as in `.cargo/config.toml`.
pub(crate) fn duckdb() -> PathBuf {
    match std::env::var_os("DUCKDB_LIB_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => root().join(".duckdb"),
    }
}

/// Returns the folder of the console's sources.
pub(crate) fn ui() -> PathBuf {
    root().join("ui")
}
