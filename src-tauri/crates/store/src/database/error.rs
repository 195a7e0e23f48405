//! Errors of the store.

use std::{path::PathBuf, time::Duration};

/// An error of a request to the store.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The queue of writes is full. Nothing was stored.
    #[error("the store is busy, try again in {} ms", retry_after.as_millis())]
    Busy {
        /// Delay before the next attempt.
        retry_after: Duration,
    },
    /// The disk is nearly full. Nothing was stored.
    #[error(
        "the disk is nearly full ({} MB free, reserve {} MB), try again in {} s",
        free / 1_000_000, reserve / 1_000_000, retry_after.as_secs()
    )]
    Full {
        /// Bytes free.
        free: u64,
        /// Reserved bytes.
        reserve: u64,
        /// Delay before the next attempt.
        retry_after: Duration,
    },
    /// The disk has no space for an export beside its reserve. The partial file was deleted.
    #[error(
        "the disk of the data folder has no space for the export ({} MB free, reserve {} MB); \
         free some space or ask for a shorter range",
        free / 1_000_000, reserve / 1_000_000
    )]
    ExportSpace {
        /// Bytes free.
        free: u64,
        /// Reserved bytes.
        reserve: u64,
    },
    /// The disk has no space for a checkpoint. The log stays, and nothing is lost.
    #[error("the disk of the data folder has no space for a checkpoint; free some space and try again")]
    CheckpointSpace,
    /// The files of the data folder are gone or were replaced. Nothing is stored until they are
    /// back.
    #[error("{} is gone ({reason}), nothing is stored, try again in {} s", path.display(), retry_after.as_secs())]
    Gone {
        /// The database file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
        /// Delay before the next attempt.
        retry_after: Duration,
    },
    /// The database failed and is being opened again. It is not known whether the request was
    /// stored.
    #[error("the database failed and is being opened again, try again in {} s", retry_after.as_secs())]
    Recovering {
        /// Delay before the next attempt.
        retry_after: Duration,
    },
    /// The request exceeded its deadline and was cancelled.
    #[error("the request took longer than {} s and was cancelled", deadline.as_secs_f64())]
    Deadline {
        /// The deadline.
        deadline: Duration,
    },
    /// The request is invalid, such as with a bad regular expression.
    #[error("invalid request: {0}")]
    InvalidRequest(String),
    /// The data folder was written by a newer version of Binnacle.
    #[error(
        "the data in {} have schema version {found}, this version of Binnacle reads up to {supported}; \
         install the newer Binnacle again or choose another data folder",
        path.display()
    )]
    NewerSchema {
        /// The database file.
        path: PathBuf,
        /// Version found in it.
        found: i64,
        /// Newest version known here.
        supported: i64,
    },
    /// The database file cannot be read. It was not changed.
    #[error(
        "the database {} is damaged or not a database ({reason}); it was not changed; restore a copy and \
         start again, or run `binnacle-cli data repair` to save everything that can be read",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The error of the database.
        reason: String,
    },
    /// Another process holds the data folder.
    #[error("the data folder {} is in use by another Binnacle", path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// A file or folder could not be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// The texts of the systems for a disk without space.
const NO_SPACE: [&str; 2] = ["No space left on device", "not enough space on the disk"];

impl StoreError {
    /// Returns whether the database found damage in its file.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Database(reason) if reason.contains("Corrupt database file"))
    }

    /// Returns whether the disk had no space for a file, such as an export.
    pub fn is_without_space(&self) -> bool {
        let (Self::Database(reason) | Self::File { reason, .. }) = self else { return false };
        NO_SPACE.iter().any(|text| reason.contains(text))
    }

    /// Returns the delay before the next attempt, if the same request may succeed then.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after }
            | Self::Full { retry_after, .. }
            | Self::Gone { retry_after, .. }
            | Self::Recovering { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl runtime::RetryAfter for StoreError {
    fn retry_after(&self) -> Option<Duration> {
        Self::retry_after(self)
    }
}

impl From<duckdb::Error> for StoreError {
    fn from(error: duckdb::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<duckdb::arrow::error::ArrowError> for StoreError {
    fn from(error: duckdb::arrow::error::ArrowError) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<parquet::errors::ParquetError> for StoreError {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Database(error.to_string())
    }
}
