//! Reading of Parquet files for import: those of other programs, and segments of another store.

mod sealed;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use duckdb::{
    Config, Connection,
    arrow::array::{Array as _, StringArray},
};

use crate::{
    StoreError,
    database::{paths::path_text, sql::quote},
};

/// The memory limit for reading a file: a few row groups.
const MEMORY: &str = "512MiB";

/// Some rows of a table, every value as text.
#[derive(Debug)]
pub struct TableRows<'a> {
    columns: Vec<&'a StringArray>,
    rows: usize,
}

impl<'a> TableRows<'a> {
    /// Wraps columns of equal lengths.
    fn of(columns: &'a [StringArray]) -> Self {
        Self { columns: columns.iter().collect(), rows: columns.first().map_or(0, StringArray::len) }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Returns the values of a row, in the order of the columns; none where a value is missing.
    pub fn row(&self, row: usize) -> Vec<Option<&str>> {
        self.columns
            .iter()
            .map(|column| (row < column.len() && !column.is_null(row)).then(|| column.value(row)))
            .collect()
    }
}

/// A receiver of the rows of a table. Both methods return whether to continue.
pub trait TableVisitor {
    /// Receives the names of the columns and the number of rows that follow.
    fn begin(&mut self, columns: &[String], rows: u64) -> bool;

    /// Receives the next rows.
    fn rows(&mut self, rows: &TableRows<'_>) -> bool;
}

/// Reads all rows of a Parquet file in bounded memory. Blocks. Fails if it is not a Parquet file or
/// damaged; rows before the damage are passed on.
///
/// A database in memory reads the file and can access nothing else. The store's database cannot
/// access files outside its folder.
pub fn read_parquet(path: &Path, visitor: &mut dyn TableVisitor) -> Result<(), StoreError> {
    let failed = |error: duckdb::Error| StoreError::File {
        path: path.to_owned(),
        reason: format!("not a Parquet file that can be read: {}", first_line(&error.to_string())),
    };
    let file = quote(path_text(path)?);
    let config = Config::default()
        .with("memory_limit", MEMORY)?
        .threads(1)?
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?
        .with("allow_community_extensions", "false")?
        .with("temp_directory", "")?;
    let connection = Connection::open_in_memory_with_flags(config)?;
    connection.execute_batch(&format!(
        "SET allowed_paths = [{file}]; SET enable_external_access = false; SET lock_configuration = true;"
    ))?;
    let mut described =
        connection.prepare(&format!("DESCRIBE SELECT * FROM read_parquet({file})")).map_err(failed)?;
    let columns: Vec<String> =
        described.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(failed)?;
    let format = sealed::TableFormat::of(&columns);
    if format == sealed::TableFormat::RollUps {
        let reason = "it has roll-ups by the hour or minute: only points can be imported".to_owned();
        return Err(StoreError::File { path: path.to_owned(), reason });
    }
    let rows: u64 = connection.query_row(&format.count(&file), [], |row| row.get(0)).map_err(failed)?;
    let mut decoder;
    let visitor: &mut dyn TableVisitor = match format {
        sealed::TableFormat::Samples => {
            decoder = sealed::SampleDecoder::new(visitor, sealed::has_identity(&columns));
            &mut decoder
        }
        _ => visitor,
    };
    let mut statement = connection
        .prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({})", format.select(&file, &columns)))
        .map_err(failed)?;
    let batches = statement.stream_arrow([]).map_err(failed)?;
    let names: Vec<String> = batches.get_schema().fields().iter().map(|field| field.name().clone()).collect();
    if !visitor.begin(&names, rows) {
        return Ok(());
    }
    // The database library panics on a page that is damaged half-way.
    let read = catch_unwind(AssertUnwindSafe(|| {
        for batch in batches {
            let columns: Vec<&StringArray> =
                batch.columns().iter().filter_map(|column| column.as_any().downcast_ref()).collect();
            if columns.len() != names.len() {
                return Err(StoreError::Database("a column is not text".to_owned()));
            }
            if !visitor.rows(&TableRows { columns, rows: batch.num_rows() }) {
                break;
            }
        }
        Ok(())
    }));
    read.unwrap_or_else(|_| {
        let reason = "not a Parquet file that can be read: its data are damaged".to_owned();
        Err(StoreError::File { path: path.to_owned(), reason })
    })
}

/// Returns the condition that a number is the staleness marker, and no other NaN.
pub(crate) fn is_marker(number: &str) -> String {
    format!("(isnan({number}) AND CAST({number} AS BIT) = CAST('{:064b}' AS BIT))", model::STALE.to_bits())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
