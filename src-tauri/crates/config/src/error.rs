//! Errors of the settings file with their position.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An error in the settings file with its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
pub struct SettingsError {
    /// Line of the error, from 1. 0 if it has no position, such as for an unreadable file.
    pub line: u32,
    /// Column of the error in characters, from 1. 0 if it has no position.
    pub column: u32,
    /// The problem.
    pub message: String,
    /// The key or choice that was probably meant.
    pub suggestion: Option<String>,
}

impl SettingsError {
    /// Creates an error without a position.
    pub(crate) fn unpositioned(message: String) -> Self {
        Self { line: 0, column: 0, message, suggestion: None }
    }

    /// Creates an error at a byte of `text`.
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
