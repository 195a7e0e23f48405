//! What is wrong with a settings file, and where.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is wrong with a settings file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
pub struct SettingsError {
    /// Line of the mistake, from 1; 0 if it has no place in the text (the file cannot be read, say).
    pub line: u32,
    /// Column of the mistake in characters, from 1; 0 if it has no place in the text.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl SettingsError {
    /// A problem that has no place in the text.
    pub(crate) fn placeless(message: String) -> Self {
        Self { line: 0, column: 0, message, suggestion: None }
    }

    /// A problem at a byte of `text`.
    pub(crate) fn at(text: &str, byte: usize, message: String) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: count(before.matches('\n').count() + 1),
            column: count(before.get(line_start..).unwrap_or_default().chars().count() + 1),
            message,
            suggestion: None,
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(formatter, "line {}, column {}: ", self.line, self.column)?;
        }
        formatter.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(formatter, ", did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}
