//! Notifications of commits.

use std::sync::Arc;

use model::TelemetryBatch;

/// One committed group.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Its telemetry, in the order of writing.
    pub telemetry: Vec<Arc<TelemetryBatch>>,
    /// The kinds of records it changed.
    pub changed: Changed,
}

/// Kinds of records that a commit touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// Samples, histogram points or exemplars.
    pub samples: bool,
    /// Log records.
    pub logs: bool,
    /// Spans.
    pub spans: bool,
    /// Checks, their results or incidents.
    pub checks: bool,
    /// Alerts, their transitions, evidence or silences.
    pub alerts: bool,
    /// Notifications.
    pub notifications: bool,
    /// Findings.
    pub findings: bool,
    /// Alert rules.
    pub rules: bool,
    /// The observation ledger.
    pub gaps: bool,
}

impl Changed {
    /// Returns the kinds that either has.
    pub fn union(self, other: Self) -> Self {
        Self {
            samples: self.samples || other.samples,
            logs: self.logs || other.logs,
            spans: self.spans || other.spans,
            checks: self.checks || other.checks,
            alerts: self.alerts || other.alerts,
            notifications: self.notifications || other.notifications,
            findings: self.findings || other.findings,
            rules: self.rules || other.rules,
            gaps: self.gaps || other.gaps,
        }
    }

    /// Returns whether any kind was touched.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}
