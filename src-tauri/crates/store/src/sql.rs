//! Pieces of statements with the parameters they need.

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
    /// The value as the database's bindings take it.
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

/// Parameters of one statement, named by their place so that one can be used several times.
#[derive(Debug, Default)]
pub(crate) struct Parameters(pub(crate) Vec<Parameter>);

impl Parameters {
    /// Binds a value and gives the text that stands for it in the statement.
    pub(crate) fn bind(&mut self, value: impl Into<Parameter>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

/// A list of numbers for `IN (...)`; a number that no row has if the list is empty.
pub(crate) fn id_list(ids: impl IntoIterator<Item = u64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    if ids.is_empty() { "NULL".to_owned() } else { ids.join(",") }
}

/// The start of the step that `column` lies in, for any sign. The caller keeps times and step far enough
/// from the ends of 64 bits.
pub(crate) fn step_start(column: &str, step: i64) -> String {
    format!("({column} - ((({column} % {step}) + {step}) % {step}))")
}
