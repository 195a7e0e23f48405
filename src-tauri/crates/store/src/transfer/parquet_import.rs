//! Reading of Parquet files for import: those of other programs, and segments of another store.

mod sealed;
mod table_rows;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use duckdb::{Config, Connection, arrow::array::StringArray};

pub use self::table_rows::{TableRows, TableVisitor};
use crate::{
    StoreError,
    database::{paths::path_text, sql::quote},
};

/// The memory limit for reading a file: a few row groups.
const MEMORY: &str = "512MiB";

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

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
