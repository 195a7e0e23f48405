//! The outcome of converting one request into records.

use std::fmt::Display;

use model::TelemetryBatch;

use super::faults::Faults;
use crate::problems::Problems;

/// The records of one request, and the problems found while converting it.
#[derive(Debug, Default)]
pub struct Conversion {
    /// The records to store.
    pub batch: TelemetryBatch,
    /// Number of rejected records (data points, log records, spans).
    pub rejected: u64,
    /// The attributes that were dropped or cut.
    pub trimmed: Trimmed,
    /// True if a log record has no time of its own, so that equal requests may be different events.
    pub undated: bool,
    problems: Problems,
    faults: Faults,
}

/// Numbers of attributes that exceeded the limits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Trimmed {
    /// Attributes dropped because a record had too many, or because they had no name.
    pub dropped: u64,
    /// Values cut to the maximum length.
    pub cut: u64,
}

impl Trimmed {
    /// Returns the number of attributes that are not stored as they were sent.
    pub fn total(self) -> u64 {
        self.dropped + self.cut
    }
}

impl Conversion {
    /// Starts the conversion of a request that was read with these faults.
    pub(super) fn new(mut faults: Faults) -> Self {
        let mut problems = Problems::default();
        problems.extend(faults.outside.take());
        Self { problems, faults, ..Self::default() }
    }

    /// Rejects the record at a position if it was read with a fault, and returns whether it was.
    /// `indices` are its position in numbers.
    pub(super) fn reject_faulty(&mut self, indices: &[usize], position: impl Display) -> bool {
        let reason = self.fault(indices).map(str::to_owned);
        reason.map(|reason| self.reject(position, reason)).is_some()
    }

    /// Returns the fault of the record at a position.
    pub(super) fn fault(&self, indices: &[usize]) -> Option<&str> {
        self.faults.of(indices)
    }

    /// Counts one rejected record, given its position in the request.
    pub(super) fn reject(&mut self, position: impl Display, reason: impl Display) {
        self.rejected += 1;
        self.warn(position, reason);
    }

    /// Adds a warning about a record that is stored nevertheless.
    pub(super) fn warn(&mut self, position: impl Display, reason: impl Display) {
        self.problems.add(position, reason);
    }

    /// Returns the message for the sender; empty if there were no problems.
    ///
    /// OTLP allows a message without rejected records as a warning (specification, "Partial
    /// Success").
    pub fn message(&self) -> String {
        let mut message = self.problems.to_string();
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
