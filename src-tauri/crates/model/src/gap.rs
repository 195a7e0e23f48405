//! The observation ledger: gaps in which Binnacle could not observe.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimeRange;

/// The reason of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Binnacle was not running.
    NotRunning,
    /// The machine was asleep.
    Asleep,
    /// The machine had no network.
    Offline,
    /// The user paused collecting.
    Paused,
    /// Binnacle was stopped, swapped out or starved.
    Stalled,
    /// The clock of the machine was set.
    ClockChanged,
}

/// A gap: an interval without observations, which is unknown and neither up nor down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Gap {
    /// Interval.
    pub range: TimeRange,
    /// Reason.
    pub reason: GapReason,
}
