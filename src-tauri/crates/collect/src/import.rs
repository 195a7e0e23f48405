//! Import of files of samples: Prometheus text and OpenMetrics with timestamps, CSV and Parquet.
//!
//! Files are read in bounded memory and committed in batches. The store has one point per series
//! and time. A second import of a file, or a repeated import after an interruption, therefore adds
//! nothing.

mod columns;
mod csv;
mod exposition;
mod families;
mod file_format;
pub(crate) mod fuzz;
mod read_error;
mod rejection;
mod row_attributes;
mod row_value;
mod rows;
mod sink;
mod table;
mod timestamp;

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use model::{ImportProgress, ImportRequest, TelemetryBatch, Timestamp};
use runtime::{Clock, RetryPolicy, retry_while_busy};
use store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{
    file_format::FileFormat,
    read_error::ReadError,
    sink::{BatchSink, FilledBatch, SinkError},
};

/// Maximum number of batches that wait for a commit.
const MAX_QUEUED_BATCHES: usize = 2;
/// The service of samples without one.
const DEFAULT_SERVICE: &str = "imported";

/// The end of an import before the end of its file. Committed points stay.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The store refuses the points.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The import was stopped.
    #[error("the import was stopped")]
    Stopped,
}

/// Imports a file. Calls `report` with the progress after each commit, and returns the last
/// progress. Times more than a day in the future are rejected. Waits while the store is busy; ends
/// early when `stop` is cancelled.
pub async fn import_file(
    request: &ImportRequest,
    store: &Store,
    clock: &Clock,
    mut report: impl FnMut(&ImportProgress),
    stop: &CancellationToken,
) -> Result<ImportProgress, ImportError> {
    let path = PathBuf::from(&request.path);
    let service = request
        .service
        .clone()
        .filter(|service| !service.is_empty())
        .unwrap_or_else(|| DEFAULT_SERVICE.to_owned());
    let now = clock.now();
    let (batches, mut filled) = mpsc::channel::<FilledBatch>(MAX_QUEUED_BATCHES);
    let reading = tokio::task::spawn_blocking({
        let path = path.clone();
        move || read(&path, &service, now, batches)
    });
    let mut progress = ImportProgress::default();
    let mut dropped = 0;
    loop {
        let next = tokio::select! {
            next = filled.recv() => next,
            () = stop.cancelled() => return Err(ImportError::Stopped),
        };
        let Some(FilledBatch { batch, progress: next_progress }) = next else { break };
        if !request.dry_run {
            dropped += commit(store, clock, batch, stop).await?;
        }
        progress = next_progress;
        progress.points = progress.points.saturating_sub(dropped);
        progress.rejected += dropped;
        if dropped > 0 {
            progress
                .reasons
                .push(format!("{dropped} points belong to series beyond the limits of the settings"));
        }
        report(&progress);
    }
    match reading.await {
        Ok(Ok(())) => Ok(progress),
        Ok(Err(reason)) => Err(ImportError::File { path, reason }),
        Err(error) => Err(ImportError::File { path, reason: format!("reading it failed: {error}") }),
    }
}

/// Commits a batch and retries while the store is busy. Returns the number of dropped points.
async fn commit(
    store: &Store,
    clock: &Clock,
    batch: TelemetryBatch,
    stop: &CancellationToken,
) -> Result<u64, ImportError> {
    let accept = || store.accept(batch.clone());
    match retry_while_busy(clock, RetryPolicy::unlimited(), stop.cancelled(), accept).await {
        Ok(accepted) => Ok(accepted.dropped),
        Err(_) if stop.is_cancelled() => Err(ImportError::Stopped),
        Err(error) => Err(error.into()),
    }
}

/// Reads the whole file. Blocks.
fn read(
    path: &Path,
    service: &str,
    now: Timestamp,
    batches: mpsc::Sender<FilledBatch>,
) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let format = file_format::detect(&mut file, metadata.len())?;
    let mut sink = BatchSink::new(batches, metadata.len());
    let buffered = BufReader::with_capacity(1 << 16, file);
    let read = match format {
        FileFormat::Parquet => table::read_parquet(path, service, now, &mut sink),
        FileFormat::Exposition(dialect) => exposition::read(buffered, dialect, service, now, &mut sink),
        FileFormat::Csv => table::read_csv(buffered, service, now, &mut sink),
    };
    match read.and_then(|()| {
        sink.progress.bytes_read = metadata.len();
        Ok(sink.finish()?)
    }) {
        Ok(()) | Err(ReadError::Sink(SinkError::Closed)) => Ok(()),
        Err(ReadError::Sink(SinkError::NoValidRows(reason)) | ReadError::File(reason)) => Err(reason),
    }
}
