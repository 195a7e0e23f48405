//! Parquet files of others, read once to bring their rows in.

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
    open::{path_text, quote},
};

/// Memory that reading a file may take: a few row groups.
const MEMORY: &str = "512MiB";

/// Some rows of a table, every value as text.
#[derive(Debug)]
pub struct TableRows<'a> {
    columns: Vec<&'a StringArray>,
    rows: usize,
}

impl TableRows<'_> {
    /// How many rows these are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The values of a row, in the order of the columns; none where a value is missing.
    pub fn row(&self, row: usize) -> Vec<Option<&str>> {
        self.columns
            .iter()
            .map(|column| (row < column.len() && !column.is_null(row)).then(|| column.value(row)))
            .collect()
    }
}

/// Takes the rows of a table as they are read; both answers say whether to go on.
pub trait TableVisitor {
    /// The names of the columns and how many rows will follow.
    fn begin(&mut self, columns: &[String], rows: u64) -> bool;

    /// The next rows.
    fn rows(&mut self, rows: &TableRows<'_>) -> bool;
}

/// Reads a Parquet file from its first row to its last in bounded memory. Blocks. Fails if it is no Parquet file
/// or a damaged one; rows before the damage were taken then.
///
/// The file is read by a database of its own in memory, which can reach nothing else: the store's own cannot reach
/// any file outside its folder.
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
    let rows: u64 = connection
        .query_row(
            &format!("SELECT coalesce(sum(num_rows), 0)::UBIGINT FROM parquet_file_metadata({file})"),
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    let mut statement = connection
        .prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet({file})"))
        .map_err(failed)?;
    let batches = statement.stream_arrow([]).map_err(failed)?;
    let names: Vec<String> = batches.get_schema().fields().iter().map(|field| field.name().clone()).collect();
    if !visitor.begin(&names, rows) {
        return Ok(());
    }
    // The database library panics where a page turns out to be damaged half-way.
    let read = catch_unwind(AssertUnwindSafe(|| {
        for batch in batches {
            let columns: Vec<&StringArray> =
                batch.columns().iter().filter_map(|column| column.as_any().downcast_ref()).collect();
            if columns.len() != names.len() {
                return Err(StoreError::Database("text was expected of every column".to_owned()));
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

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
