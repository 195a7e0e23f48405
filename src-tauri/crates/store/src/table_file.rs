//! Parquet files of others, and the partitions of another store, read once to bring their rows in.

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

impl<'a> TableRows<'a> {
    /// Rows of columns of equal lengths.
    fn of(columns: &'a [StringArray]) -> Self {
        Self { columns: columns.iter().collect(), rows: columns.first().map_or(0, StringArray::len) }
    }

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
    let mut described =
        connection.prepare(&format!("DESCRIBE SELECT * FROM read_parquet({file})")).map_err(failed)?;
    let columns: Vec<String> =
        described.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(failed)?;
    let form = sealed::Form::of(&columns);
    if form == sealed::Form::RollUps {
        let reason = "figures by the hour or minute: only points can be imported".to_owned();
        return Err(StoreError::File { path: path.to_owned(), reason });
    }
    let rows: u64 = connection.query_row(&form.count(&file), [], |row| row.get(0)).map_err(failed)?;
    let mut unfolding;
    let visitor: &mut dyn TableVisitor = match form {
        sealed::Form::Samples => {
            unfolding = sealed::Unfolding::new(visitor, sealed::is_described(&columns));
            &mut unfolding
        }
        _ => visitor,
    };
    let mut statement = connection
        .prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({})", form.select(&file, &columns)))
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

/// A condition that a number is the marker that ends a series: of all NaN only that one.
pub(crate) fn is_marker(number: &str) -> String {
    format!("(isnan({number}) AND CAST({number} AS BIT) = CAST('{:064b}' AS BIT))", model::STALE.to_bits())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
