//! The error of the engine.

use std::path::PathBuf;

use crate::RunningEngine;

/// The reason an engine did not start or a request to it failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another engine has the data folder.
    #[error("another Binnacle already runs on {}{}", folder.display(), at(running.as_ref()))]
    AlreadyRunning {
        /// The data folder.
        folder: PathBuf,
        /// Its address, once it has published one.
        running: Option<RunningEngine>,
    },
    /// A file or folder could not be used.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        reason: std::io::Error,
    },
    /// The settings file cannot be used.
    #[error("settings: {0}")]
    Settings(config::SettingsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A check could not be used.
    #[error(transparent)]
    Check(#[from] checks::CheckError),
    /// A rule could not be used.
    #[error(transparent)]
    Alert(#[from] alerts::AlertError),
    /// A report could not be written.
    #[error(transparent)]
    Report(#[from] report::ReportError),
    /// The request is not possible now.
    #[error("{0}")]
    Refused(String),
}

// The message contains the error, which as a source would be printed twice.
impl From<config::SettingsError> for EngineError {
    fn from(error: config::SettingsError) -> Self {
        Self::Settings(error)
    }
}

fn at(running: Option<&RunningEngine>) -> String {
    running.map(|running| format!(" (process {}, {})", running.process, running.address)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_reason_is_printed_once() {
        let reason = || std::io::Error::other("gone");
        let settings = config::parse("[listen]\nweb = 1\n").unwrap_err();
        for error in
            [EngineError::File { path: "/data".into(), reason: reason() }, EngineError::from(settings)]
        {
            // Front ends print an error with its sources behind it.
            assert!(error.source().is_none(), "{error}");
        }
    }
}
