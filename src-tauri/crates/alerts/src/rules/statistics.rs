//! Counts of rule evaluations, and how late they were.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use model::NANOS_PER_SECOND;

/// The evaluations of all rules since the start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EvaluationStatistics {
    /// Number of evaluations.
    pub evaluations: u64,
    /// Number of those that failed.
    pub failures: u64,
    /// Longest time in seconds from when an evaluation was due to its end, since the last read of
    /// the statistics.
    pub lateness: f64,
}

/// The counters behind [`EvaluationStatistics`].
#[derive(Debug, Default)]
pub(crate) struct EvaluationCounters {
    evaluations: AtomicU64,
    failures: AtomicU64,
    lateness: AtomicI64,
}

impl EvaluationCounters {
    /// Counts an evaluation that ended this many nanoseconds after it was due.
    pub(crate) fn add(&self, lateness: i64, is_failure: bool) {
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        self.failures.fetch_add(u64::from(is_failure), Ordering::Relaxed);
        self.lateness.fetch_max(lateness, Ordering::Relaxed);
    }

    /// Returns the counts, and begins a new search for the longest lateness.
    pub(crate) fn read(&self) -> EvaluationStatistics {
        EvaluationStatistics {
            evaluations: self.evaluations.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            lateness: self.lateness.swap(0, Ordering::Relaxed) as f64 / NANOS_PER_SECOND as f64,
        }
    }
}
