//! What a file says of itself, so that it can be taken in without the table that names it.

use model::{DataResolution, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use super::plan::Plan;

/// The name of the note among a Parquet file's own key and value pairs.
pub(crate) const KEY: &str = "binnacle";

/// What the partition table says of a file beside what can be read in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    level: u8,
    /// Start and end of the window.
    window: (i64, i64),
    pub(crate) head: u64,
    pub(crate) bundle: u64,
    lasts: DataResolution,
}

impl Note {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            level: plan.level,
            window: (plan.window.start.0, plan.window.end.0),
            head: plan.head,
            bundle: plan.bundle,
            lasts: plan.lasts,
        }
    }

    /// The text that is written.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The plan of a file that says this.
    pub(crate) fn plan(&self, id: u64, form: DataResolution) -> Plan {
        Plan {
            id,
            level: self.level,
            window: TimeRange::new(Timestamp(self.window.0), Timestamp(self.window.1)),
            head: self.head,
            form,
            bundle: self.bundle,
            lasts: self.lasts,
            // What is pinned is known from the evidence that is kept.
            pinned: false,
        }
    }
}
