//! Counters of one receiver since it was started.

use std::sync::{
    OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

use model::{RecordCounts, TelemetryBatch, Timestamp};

use crate::rejection::Rejection;

/// Counters of stored and rejected records, shared between a receiver and its status.
#[derive(Debug, Default)]
pub struct IntakeCounters {
    samples: AtomicU64,
    logs: AtomicU64,
    spans: AtomicU64,
    rejected_requests: AtomicU64,
    over_budget: AtomicU64,
    rejected_records: AtomicU64,
    trimmed_attributes: AtomicU64,
    last_received: AtomicI64,
    warning: OnceLock<String>,
}

impl IntakeCounters {
    /// Returns the stored records (without exemplars), the number of requests that were rejected as
    /// a whole, and the time of the last record.
    pub fn snapshot(&self) -> (RecordCounts, u64, Option<Timestamp>) {
        let counts = RecordCounts {
            samples: self.samples.load(Relaxed),
            logs: self.logs.load(Relaxed),
            spans: self.spans.load(Relaxed),
        };
        let last = self.last_received.load(Relaxed);
        (counts, self.rejected_requests.load(Relaxed), (last != 0).then_some(Timestamp(last)))
    }

    /// Returns the number of requests, or lines of StatsD, that were rejected because the memory
    /// budget of the receivers was exhausted.
    pub fn over_budget(&self) -> u64 {
        self.over_budget.load(Relaxed)
    }

    /// Returns the number of rejected records of requests whose other records were stored.
    pub fn rejected_records(&self) -> u64 {
        self.rejected_records.load(Relaxed)
    }

    /// Returns the number of attributes that were dropped or cut to keep within the limits.
    pub fn trimmed_attributes(&self) -> u64 {
        self.trimmed_attributes.load(Relaxed)
    }

    /// Returns a warning about records that are not stored as sent; empty if there is none.
    pub fn warning(&self) -> &str {
        self.warning.get().map_or("", String::as_str)
    }

    /// Sets the warning about histograms with fractional counts. Only the first call has an effect.
    pub(crate) fn warn_rounded(&self, name: &str) {
        self.warning.get_or_init(|| {
            format!(
                "native histograms that count in fractions, such as {name}, are rounded to whole measurements"
            )
        });
    }

    pub(crate) fn count_rejected_request(&self) {
        self.rejected_requests.fetch_add(1, Relaxed);
    }

    /// Counts and logs a rejected request or connection.
    pub(crate) fn count_rejection(&self, rejection: &Rejection) {
        tracing::debug!(reason = %rejection, "request rejected");
        self.count_rejected_request();
        if *rejection == Rejection::IntakeFull {
            self.count_over_budget(1);
        }
    }

    pub(crate) fn count_over_budget(&self, rejected: u64) {
        self.over_budget.fetch_add(rejected, Relaxed);
    }

    pub(crate) fn count_stored(&self, counts: RecordCounts, now: Timestamp) {
        self.samples.fetch_add(counts.samples, Relaxed);
        self.logs.fetch_add(counts.logs, Relaxed);
        self.spans.fetch_add(counts.spans, Relaxed);
        if counts != RecordCounts::default() {
            self.last_received.fetch_max(now.0, Relaxed);
        }
    }

    pub(crate) fn count_rejected_records(&self, rejected: u64) {
        self.rejected_records.fetch_add(rejected, Relaxed);
    }

    pub(crate) fn count_trimmed(&self, attributes: u64) {
        self.trimmed_attributes.fetch_add(attributes, Relaxed);
    }
}

/// Returns the number of records of a batch by signal.
pub(crate) fn records(batch: &TelemetryBatch) -> RecordCounts {
    RecordCounts {
        samples: (batch.samples.len() + batch.histograms.len()) as u64,
        logs: batch.logs.len() as u64,
        spans: batch.spans.len() as u64,
    }
}
