//! Fragments of statements, and their parameters.

use duckdb::{ToSql, types::Null};

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameter {
    Null,
    Text(String),
    Signed(i64),
    Double(f64),
}

impl Parameter {
    /// Returns the value for the bindings of the database.
    pub(crate) fn as_sql(&self) -> &dyn ToSql {
        match self {
            Self::Null => &Null,
            Self::Text(text) => text,
            Self::Signed(number) => number,
            Self::Double(number) => number,
        }
    }
}

impl From<&str> for Parameter {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Parameter {
    fn from(number: i64) -> Self {
        Self::Signed(number)
    }
}

impl From<f64> for Parameter {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

/// Parameters of one statement. They are numbered, so that one can be used several times.
#[derive(Debug, Default)]
pub(crate) struct Parameters(pub(crate) Vec<Parameter>);

impl Parameters {
    /// Binds a value and returns its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Parameter>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

/// Stands for an empty list of numbers. No row has it.
const NO_ID: &str = "NULL";

/// Returns a list of numbers for `IN (...)`.
pub(crate) fn id_list(ids: impl IntoIterator<Item = u64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    if ids.is_empty() { NO_ID.to_owned() } else { ids.join(",") }
}

/// Returns the start of the step that holds a time, for any sign. Times and step must be far enough
/// from the limits of 64 bits.
pub(crate) fn step_start(column: &str, step: i64) -> String {
    format!("({column} - ((({column} % {step}) + {step}) % {step}))")
}

/// Quotes text as a literal of a statement.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the condition that a column has none of some numbers.
pub(crate) fn excludes(column: &str, ids: impl IntoIterator<Item = u64>) -> String {
    let list = id_list(ids);
    if list == NO_ID { "true".to_owned() } else { format!("{column} NOT IN ({list})") }
}

/// Returns the condition that a number is the staleness marker, and no other NaN.
pub(crate) fn is_marker(number: &str) -> String {
    format!("(isnan({number}) AND CAST({number} AS BIT) = CAST('{:064b}' AS BIT))", model::STALE.to_bits())
}
