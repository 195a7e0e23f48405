//! Bringing files of samples into the store: Prometheus text and OpenMetrics with timestamps, CSV and Parquet. Files
//! are read in bounded memory and committed in batches; a file that is imported again, or an import that is taken
//! up again after it broke off, doubles nothing, because the store keeps one point per series and time.

mod content;
mod csv;
mod exposition;
mod moment;
mod rows;
mod sink;

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use model::{ImportProgress, ImportRequest, TelemetryBatch, Timestamp};
use store::{Store, StoreError, TableRows, TableVisitor};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use csv::CsvReader;
use exposition::Dialect;
use moment::shown;
use rows::{Columns, RowReader};
use sink::{Ended, Filled, Sink};

/// Batches that wait while the store commits one.
const WAITING: usize = 2;
/// How much of a file is looked at to find out what it is.
const LOOKED_AT: u64 = 64 << 10;
/// The service of samples for which nobody names one.
const SERVICE: &str = "imported";

/// Why an import ended before the end of its file. What was committed until then stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The store cannot keep what is read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was stopped.
    #[error("the import was stopped")]
    Stopped,
}

/// Why a reader gave up.
#[derive(Debug)]
enum Unreadable {
    Ended(Ended),
    Reason(String),
}

impl From<Ended> for Unreadable {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Reason(error.to_string())
    }
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Exposition(Dialect),
    Csv,
    Parquet,
}

/// Imports a file. `report` is told after each commit how far it is; the last report is also the answer. Times after
/// `now` (and a day) are refused. Waits while the store has no room; ends early when `stop` is cancelled.
pub async fn import_file(
    request: &ImportRequest,
    store: &Store,
    now: Timestamp,
    mut report: impl FnMut(&ImportProgress),
    stop: &CancellationToken,
) -> Result<ImportProgress, ImportError> {
    let path = PathBuf::from(&request.path);
    let service =
        request.service.clone().filter(|service| !service.is_empty()).unwrap_or_else(|| SERVICE.to_owned());
    let (batches, mut filled) = mpsc::channel::<Filled>(WAITING);
    let reading = tokio::task::spawn_blocking({
        let path = path.clone();
        move || read(&path, &service, now, batches)
    });
    let mut progress = ImportProgress::default();
    let mut held_back = 0;
    loop {
        let next = tokio::select! {
            next = filled.recv() => next,
            () = stop.cancelled() => return Err(ImportError::Stopped),
        };
        let Some(Filled { batch, tally }) = next else { break };
        if !request.dry_run {
            held_back += commit(store, batch, stop).await?;
        }
        progress = tally;
        progress.points = progress.points.saturating_sub(held_back);
        progress.rejected += held_back;
        if held_back > 0 {
            progress
                .reasons
                .push(format!("{held_back} points belong to series beyond the limits of the settings"));
        }
        report(&progress);
    }
    match reading.await {
        Ok(Ok(())) => Ok(progress),
        Ok(Err(reason)) => Err(ImportError::File { path, reason }),
        Err(error) => Err(ImportError::File { path, reason: format!("reading it failed: {error}") }),
    }
}

/// Commits a batch, however long the store has no room for it; how many points it held back.
async fn commit(store: &Store, batch: TelemetryBatch, stop: &CancellationToken) -> Result<u64, ImportError> {
    loop {
        let error = match store.accept(batch.clone()).await {
            Ok(accepted) => return Ok(accepted.held_back),
            Err(error) => error,
        };
        let Some(retry_after) = error.retry_after() else { return Err(error.into()) };
        tokio::select! {
            () = tokio::time::sleep(retry_after) => {}
            () = stop.cancelled() => return Err(ImportError::Stopped),
        }
    }
}

/// Reads the whole file. Blocks.
fn read(path: &Path, service: &str, now: Timestamp, batches: mpsc::Sender<Filled>) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let form = form(&mut file, metadata.len())?;
    let mut sink = Sink::new(batches, metadata.len());
    let read = match form {
        Form::Parquet => read_parquet(path, service, now, &mut sink),
        Form::Exposition(dialect) => {
            exposition::read(BufReader::with_capacity(1 << 16, file), dialect, service, now, &mut sink)
        }
        Form::Csv => read_csv(file, service, now, &mut sink),
    };
    match read.and_then(|()| {
        sink.tally.bytes_read = metadata.len();
        Ok(sink.finish()?)
    }) {
        Ok(()) | Err(Unreadable::Ended(Ended::Unwanted)) => Ok(()),
        Err(Unreadable::Ended(Ended::Hopeless(reason)) | Unreadable::Reason(reason)) => Err(reason),
    }
}

/// What packed files begin with.
const PACKED: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"PK\x03\x04", "zip"),
];

/// Finds out what a file holds from its beginning and its end; an error if that is nothing of ours.
fn form(file: &mut File, length: u64) -> Result<Form, String> {
    let (beginning, end) = ends(file, length).map_err(|error| error.to_string())?;
    if beginning.starts_with(b"PAR1") {
        return Ok(Form::Parquet);
    }
    if let Some((_, packed)) = PACKED.iter().find(|(magic, _)| beginning.starts_with(magic)) {
        return Err(format!("packed with {packed}: unpack it first"));
    }
    if beginning.contains(&0) {
        return Err("neither text nor Parquet".to_owned());
    }
    if String::from_utf8_lossy(&end).trim_end().ends_with("# EOF") {
        return Ok(Form::Exposition(Dialect::OpenMetrics));
    }
    let text = String::from_utf8_lossy(&beginning);
    let first = text.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty());
    let header = first.unwrap_or_default();
    let separator = char::from(csv::separator_of(header.as_bytes()));
    let is_exposition = header.starts_with('#')
        || !header.contains(separator)
        || prometheus::parse_text(header.as_bytes(), 1).is_ok_and(|told| !told.samples.is_empty());
    Ok(if is_exposition { Form::Exposition(Dialect::Prometheus) } else { Form::Csv })
}

/// The beginning and the end of a file, which stands at its start again afterwards.
fn ends(file: &mut File, length: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut beginning = Vec::new();
    file.by_ref().take(LOOKED_AT).read_to_end(&mut beginning)?;
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(16)))?;
    file.by_ref().take(16).read_to_end(&mut end)?;
    file.rewind()?;
    Ok((beginning, end))
}

fn read_csv(file: File, service: &str, now: Timestamp, sink: &mut Sink) -> Result<(), Unreadable> {
    let mut input = BufReader::with_capacity(1 << 16, file);
    if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let separator = {
        let beginning = input.fill_buf()?;
        let end = beginning.iter().position(|byte| *byte == b'\n').unwrap_or(beginning.len());
        csv::separator_of(&beginning[..end])
    };
    let mut reader = CsvReader::new(input, separator);
    let mut rows: Option<RowReader> = None;
    loop {
        match reader.read()? {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) if rows.is_none() => {
                return Err(Unreadable::Reason(format!("line {}: {}", error.line, error.message)));
            }
            Err(error) => {
                sink.tally.rows += 1;
                sink.refuse(|| format!("line {}, column {}: {}", error.line, error.column, error.message))?;
                continue;
            }
        }
        let record = &reader.record;
        if record.is_blank() {
            continue;
        }
        let fields: Result<Vec<&str>, usize> = (0..record.len())
            .map(|index| std::str::from_utf8(record.field(index).unwrap_or_default()).map_err(|_| index))
            .collect();
        let fields = match fields {
            Ok(fields) => fields,
            Err(index) => {
                sink.tally.rows += 1;
                let (line, column) = (record.line, record.column(index));
                sink.refuse(|| format!("line {line}, column {column}: the text is not UTF-8"))?;
                continue;
            }
        };
        let Some(rows) = &mut rows else {
            let header: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            let columns = Columns::find(&header)
                .map_err(|reason| Unreadable::Reason(format!("line {}: {reason}", record.line)))?;
            rows = Some(RowReader::new(columns, service.to_owned(), now));
            continue;
        };
        sink.tally.rows += 1;
        sink.tally.bytes_read = reader.position;
        let fields: Vec<Option<&str>> = fields.into_iter().map(Some).collect();
        match rows.read(&fields) {
            Ok(point) => sink.take(point)?,
            Err(refusal) => {
                let (line, column) = (record.line, record.column(refusal.column));
                sink.refuse(|| format!("line {line}, column {column}: {}", refusal.message))?;
            }
        }
    }
    Ok(())
}

/// Rows of a Parquet file on their way into the sink.
struct ParquetRows<'a> {
    sink: &'a mut Sink,
    service: &'a str,
    now: Timestamp,
    reader: Option<RowReader>,
    names: Vec<String>,
    all: u64,
    ended: Option<Unreadable>,
}

impl TableVisitor for ParquetRows<'_> {
    fn begin(&mut self, columns: &[String], rows: u64) -> bool {
        self.all = rows.max(1);
        self.names = columns.to_vec();
        match Columns::find(columns) {
            Ok(found) => self.reader = Some(RowReader::new(found, self.service.to_owned(), self.now)),
            Err(reason) => self.ended = Some(Unreadable::Reason(reason)),
        }
        self.ended.is_none()
    }

    fn rows(&mut self, rows: &TableRows<'_>) -> bool {
        for row in 0..rows.len() {
            let Some(reader) = &mut self.reader else { return false };
            self.sink.tally.rows += 1;
            let taken = match reader.read(&rows.row(row)) {
                Ok(point) => self.sink.take(point),
                Err(refusal) => {
                    let (number, names) = (self.sink.tally.rows, &self.names);
                    let column = names.get(refusal.column).map_or("", String::as_str);
                    self.sink
                        .refuse(|| format!("row {number}, column {}: {}", shown(column), refusal.message))
                }
            };
            if let Err(ended) = taken {
                self.ended = Some(ended.into());
                return false;
            }
        }
        let share = self.sink.tally.rows as f64 / self.all as f64;
        self.sink.tally.bytes_read = (self.sink.tally.bytes as f64 * share.min(1.0)) as u64;
        true
    }
}

fn read_parquet(path: &Path, service: &str, now: Timestamp, sink: &mut Sink) -> Result<(), Unreadable> {
    // The path as the system knows it: the reader may reach nothing but this one file.
    let path = fs::canonicalize(path)?;
    let mut rows = ParquetRows { sink, service, now, reader: None, names: Vec::new(), all: 1, ended: None };
    let read = store::read_parquet(&path, &mut rows);
    if let Some(ended) = rows.ended {
        return Err(ended);
    }
    read.map_err(|error| {
        Unreadable::Reason(match error {
            StoreError::File { reason, .. } => reason,
            other => other.to_string(),
        })
    })
}
