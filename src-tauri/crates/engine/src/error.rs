//! Why an engine did not start or a request to it failed.

use std::path::PathBuf;

use crate::RunningEngine;

/// Why an engine did not start or a request to it failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another engine works on the data folder.
    #[error("another Binnacle already runs on {}{}", folder.display(), at(running.as_ref()))]
    AlreadyRunning {
        /// The data folder.
        folder: PathBuf,
        /// Where it can be reached, once it can.
        running: Option<RunningEngine>,
    },
    /// A file or folder could not be used.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The settings file cannot be used.
    #[error("settings: {0}")]
    Settings(#[from] config::SettingsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A question could not be answered.
    #[error(transparent)]
    Query(#[from] query::QueryError),
    /// A check could not be used.
    #[error(transparent)]
    Check(#[from] checks::CheckError),
    /// A rule could not be used.
    #[error(transparent)]
    Alert(#[from] alerts::AlertError),
    /// A report could not be made.
    #[error(transparent)]
    Report(#[from] report::ReportError),
    /// What was asked is not possible now.
    #[error("{0}")]
    Refused(String),
}

fn at(running: Option<&RunningEngine>) -> String {
    running.map(|running| format!(" (process {}, {})", running.process, running.address)).unwrap_or_default()
}
