//! What came through one listener since it started.

use std::sync::{
    OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

use model::{RecordCounts, TelemetryBatch, Timestamp};

use crate::conversion::Trimmed;

/// Counts what came in and what was refused; shared between a listener and whoever shows its state.
#[derive(Debug, Default)]
pub struct IntakeCounters {
    samples: AtomicU64,
    logs: AtomicU64,
    spans: AtomicU64,
    refused: AtomicU64,
    rejected: AtomicU64,
    trimmed: AtomicU64,
    last_received: AtomicI64,
    remark: OnceLock<String>,
}

impl IntakeCounters {
    /// Records that were stored (exemplars are not counted), requests that were refused as a whole, and when
    /// the last record came.
    pub fn snapshot(&self) -> (RecordCounts, u64, Option<Timestamp>) {
        let counts = RecordCounts {
            samples: self.samples.load(Relaxed),
            logs: self.logs.load(Relaxed),
            spans: self.spans.load(Relaxed),
        };
        let last = self.last_received.load(Relaxed);
        (counts, self.refused.load(Relaxed), (last != 0).then_some(Timestamp(last)))
    }

    /// Records that were rejected one by one out of requests whose other records were stored.
    pub fn rejected_records(&self) -> u64 {
        self.rejected.load(Relaxed)
    }

    /// Attributes dropped and values cut to keep within the limits.
    pub fn trimmed_attributes(&self) -> u64 {
        self.trimmed.load(Relaxed)
    }

    /// What is worth knowing of how records are kept; empty if they are kept as they came.
    pub fn remark(&self) -> &str {
        self.remark.get().map_or("", String::as_str)
    }

    /// Tells of histograms whose counts are fractions; once is enough.
    pub(crate) fn remark_rounded(&self, name: &str) {
        self.remark.get_or_init(|| {
            format!(
                "native histograms that count in fractions, such as {name}, are rounded to whole measurements"
            )
        });
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_stored(&self, counts: RecordCounts, now: Timestamp) {
        self.samples.fetch_add(counts.samples, Relaxed);
        self.logs.fetch_add(counts.logs, Relaxed);
        self.spans.fetch_add(counts.spans, Relaxed);
        if counts != RecordCounts::default() {
            self.last_received.fetch_max(now.0, Relaxed);
        }
    }

    pub(crate) fn count_rejected(&self, rejected: u64, trimmed: Trimmed) {
        self.rejected.fetch_add(rejected, Relaxed);
        self.trimmed.fetch_add(trimmed.dropped + trimmed.cut, Relaxed);
    }
}

/// The records of a batch by signal.
pub(crate) fn records(batch: &TelemetryBatch) -> RecordCounts {
    RecordCounts {
        samples: (batch.samples.len() + batch.histograms.len()) as u64,
        logs: batch.logs.len() as u64,
        spans: batch.spans.len() as u64,
    }
}
