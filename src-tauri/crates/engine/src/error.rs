//! The error of the engine.

use std::{io, path::PathBuf};

use checks::SecretError;
use tokio::task::JoinError;

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
        reason: io::Error,
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
    /// The notification channels could not be opened.
    #[error("cannot start notifications: {0}")]
    Channels(io::Error),
    /// A blocking step of an operation panicked.
    #[error("cannot {operation}: {reason}")]
    Panicked {
        /// The operation, as in "cannot start".
        operation: &'static str,
        /// The panic.
        reason: JoinError,
    },
    /// The demonstration found no port.
    #[error("demonstration needs a port: {0}")]
    DemonstrationPort(io::Error),
    /// The path of an import is not absolute.
    #[error("{path:?} is not an absolute path")]
    ImportPath {
        /// The path.
        path: String,
    },
    /// An upload cannot be received or used.
    #[error("{reason}")]
    Upload {
        /// The reason.
        reason: String,
    },
    /// Too many imports run.
    #[error("{running} imports are running; wait for one to end")]
    TooManyImports {
        /// Number of running imports.
        running: usize,
    },
    /// The token of a Sentry installation could not be read.
    #[error("no token: {reason}")]
    SentryToken {
        /// The reason, with the source of the token.
        reason: String,
    },
    /// The settings have no Sentry installation of this name.
    #[error("no Sentry installation is called {name:?}")]
    UnknownSentry {
        /// The name.
        name: String,
    },
    /// The token of a Sentry installation could not be stored or deleted.
    #[error("cannot store the token: {0}")]
    TokenStorage(SecretError),
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
        let reason = || io::Error::other("gone");
        let settings = config::parse("[listen]\nweb = 1\n").unwrap_err();
        for error in [
            EngineError::File { path: "/data".into(), reason: reason() },
            EngineError::from(settings),
            EngineError::Channels(reason()),
            EngineError::DemonstrationPort(reason()),
            EngineError::TokenStorage(SecretError::Timeout),
        ] {
            // Front ends print an error with its sources behind it.
            assert!(error.source().is_none(), "{error}");
        }
    }
}
