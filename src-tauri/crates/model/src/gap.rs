//! The observation ledger: when Binnacle could not look.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimeRange;

/// Why there is nothing to know about a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Binnacle was not running.
    NotRunning,
    /// The machine was asleep.
    Asleep,
    /// The machine had no network.
    Offline,
    /// Somebody paused collecting.
    Paused,
}

/// A stretch in which Binnacle could not observe: unknown, never up and never down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Gap {
    /// The stretch.
    pub range: TimeRange,
    /// Why.
    pub reason: GapReason,
}
