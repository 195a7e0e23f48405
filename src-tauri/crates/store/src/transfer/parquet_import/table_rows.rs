//! Rows of a table, and their receiver.

use duckdb::arrow::array::{Array as _, StringArray};

/// Some rows of a table, every value as text.
#[derive(Debug)]
pub struct TableRows<'a> {
    pub(super) columns: Vec<&'a StringArray>,
    pub(super) rows: usize,
}

impl<'a> TableRows<'a> {
    /// Wraps columns of equal lengths.
    pub(super) fn of(columns: &'a [StringArray]) -> Self {
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
