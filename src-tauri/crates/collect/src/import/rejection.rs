//! Rejected rows.

/// A row without a valid point, and the column at fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) column: usize,
    pub(crate) message: String,
}

/// Creates a rejection because of a column.
pub(super) fn rejection(column: usize, message: impl Into<String>) -> Rejection {
    Rejection { column, message: message.into() }
}
