//! The outcome of turning one request into records: what can be stored, what was rejected and why.

use std::fmt::Display;

use model::TelemetryBatch;

/// How many problems are told in words; the rest is only counted.
const TOLD_PROBLEMS: usize = 5;

/// What one request amounts to.
#[derive(Debug, Default)]
pub struct Conversion {
    /// The records to store.
    pub batch: TelemetryBatch,
    /// How many records (data points, log records, spans) were rejected.
    pub rejected: u64,
    /// How much was cut off attributes to keep within the limits.
    pub trimmed: Trimmed,
    problems: Vec<String>,
    untold: u64,
}

/// What was cut off attributes to keep within the limits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Trimmed {
    /// Attributes dropped because a record had too many, or because they had no name.
    pub dropped: u64,
    /// Values shortened.
    pub cut: u64,
}

impl Conversion {
    /// Counts one rejected record; `place` is where it stood in the request and `reason` what is wrong with it.
    pub(crate) fn reject(&mut self, place: impl Display, reason: impl Display) {
        self.rejected += 1;
        self.warn(place, reason);
    }

    /// Tells of something odd in a record that is stored nevertheless.
    pub(crate) fn warn(&mut self, place: impl Display, reason: impl Display) {
        if self.problems.len() < TOLD_PROBLEMS {
            self.problems.push(format!("{place}: {reason}"));
        } else {
            self.untold += 1;
        }
    }

    /// What is to be told to the sender, empty if all was well. OTLP allows a message without rejected
    /// records as a warning (specification, "Partial Success").
    pub fn message(&self) -> String {
        let mut message = self.problems.join("; ");
        if self.untold > 0 {
            message.push_str(&format!("; and {} more", self.untold));
        }
        if self.trimmed != Trimmed::default() {
            if !message.is_empty() {
                message.push_str("; ");
            }
            message.push_str(&format!(
                "{} attributes dropped and {} values cut to keep within the limits",
                self.trimmed.dropped, self.trimmed.cut
            ));
        }
        message
    }
}
