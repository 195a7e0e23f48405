//! Import of tables: CSV and Parquet.

use std::{fs, io::BufRead, path::Path};

use model::Timestamp;
use prometheus::excerpt;
use store::{StoreError, TableRows, TableVisitor};

use super::{
    columns::Columns,
    csv::{self, CsvReader},
    read_error::ReadError,
    rows::RowReader,
    sink::BatchSink,
};

/// Reads a CSV file.
pub(super) fn read_csv(
    mut input: impl BufRead,
    service: &str,
    now: Timestamp,
    sink: &mut BatchSink,
) -> Result<(), ReadError> {
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
                return Err(ReadError::File(format!("line {}: {}", error.line, error.message)));
            }
            Err(error) => {
                sink.progress.rows += 1;
                sink.reject(|| format!("line {}, column {}: {}", error.line, error.column, error.message))?;
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
                sink.progress.rows += 1;
                let (line, column) = (record.line, record.column(index));
                sink.reject(|| format!("line {line}, column {column}: the text is not UTF-8"))?;
                continue;
            }
        };
        let Some(rows) = &mut rows else {
            let header: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            let columns = Columns::find(&header)
                .map_err(|reason| ReadError::File(format!("line {}: {reason}", record.line)))?;
            rows = Some(RowReader::new(columns, service.to_owned(), now));
            continue;
        };
        sink.progress.rows += 1;
        sink.progress.bytes_read = reader.position;
        let fields: Vec<Option<&str>> = fields.into_iter().map(Some).collect();
        match rows.read(&fields) {
            Ok(point) => sink.add(point)?,
            Err(rejection) => {
                let (line, column) = (record.line, record.column(rejection.column));
                sink.reject(|| format!("line {line}, column {column}: {}", rejection.message))?;
            }
        }
    }
    Ok(())
}

/// A visitor that adds the rows of a Parquet file to the sink.
struct ParquetRows<'a> {
    sink: &'a mut BatchSink,
    service: &'a str,
    now: Timestamp,
    reader: Option<RowReader>,
    names: Vec<String>,
    all: u64,
    error: Option<ReadError>,
}

impl TableVisitor for ParquetRows<'_> {
    fn begin(&mut self, columns: &[String], rows: u64) -> bool {
        self.all = rows.max(1);
        self.names = columns.to_vec();
        match Columns::find(columns) {
            Ok(found) => self.reader = Some(RowReader::new(found, self.service.to_owned(), self.now)),
            Err(reason) => self.error = Some(ReadError::File(reason)),
        }
        self.error.is_none()
    }

    fn rows(&mut self, rows: &TableRows<'_>) -> bool {
        for row in 0..rows.len() {
            let Some(reader) = &mut self.reader else { return false };
            self.sink.progress.rows += 1;
            let taken = match reader.read(&rows.row(row)) {
                Ok(point) => self.sink.add(point),
                Err(rejection) => {
                    let (number, names) = (self.sink.progress.rows, &self.names);
                    let column = names.get(rejection.column).map_or("", String::as_str);
                    self.sink
                        .reject(|| format!("row {number}, column {}: {}", excerpt(column), rejection.message))
                }
            };
            if let Err(error) = taken {
                self.error = Some(error.into());
                return false;
            }
        }
        let share = self.sink.progress.rows as f64 / self.all as f64;
        self.sink.progress.bytes_read = (self.sink.progress.bytes as f64 * share.min(1.0)) as u64;
        true
    }
}

/// Reads a Parquet file.
pub(super) fn read_parquet(
    path: &Path,
    service: &str,
    now: Timestamp,
    sink: &mut BatchSink,
) -> Result<(), ReadError> {
    // The canonical path: the store reads no other file.
    let path = fs::canonicalize(path)?;
    let mut rows = ParquetRows { sink, service, now, reader: None, names: Vec::new(), all: 1, error: None };
    let read = store::read_parquet(&path, &mut rows);
    if let Some(error) = rows.error {
        return Err(error);
    }
    read.map_err(|error| {
        ReadError::File(match error {
            StoreError::File { reason, .. } => reason,
            other => other.to_string(),
        })
    })
}
