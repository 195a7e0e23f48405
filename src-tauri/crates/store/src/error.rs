//! Why the store refused or failed.

use std::{path::PathBuf, time::Duration};

/// Why a request to the store was not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The queue of writes is full; nothing was kept.
    #[error("the store is busy, try again in {} ms", retry_after.as_millis())]
    Busy {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The disk is nearly full; nothing was kept.
    #[error(
        "the disk is nearly full ({} MB free, {} MB are kept free), try again in {} s",
        free / 1_000_000, reserve / 1_000_000, retry_after.as_secs()
    )]
    Full {
        /// Bytes free.
        free: u64,
        /// Bytes that are kept free.
        reserve: u64,
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The database failed as a whole and is being opened again; whether anything of the request was kept is not known.
    #[error("the database failed and is being opened again, try again in {} s", retry_after.as_secs())]
    Recovering {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The request took longer than its deadline and was given up.
    #[error("the request took longer than {} s and was cancelled", deadline.as_secs_f64())]
    Deadline {
        /// The deadline.
        deadline: Duration,
    },
    /// The request cannot be answered as it was asked, such as with a bad regular expression.
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
    /// The database file cannot be read; it was left as it is.
    #[error(
        "the database {} is damaged or not a database ({reason}); it was left untouched; restore a copy \
         and start again, or let `binnacle-cli data repair` move it away and go on with the sealed metrics",
        path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What the database said.
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
        /// What the system said.
        reason: String,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// How long to wait before the next attempt, if one may succeed without anything being changed: the request was
    /// not carried out, as far as is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after }
            | Self::Full { retry_after, .. }
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
