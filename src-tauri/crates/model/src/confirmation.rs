//! Changes that wait for a confirmation on this machine.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Timestamp;

/// A change that a browser requested and that waits for a confirmation on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Confirmation {
    /// Six digits.
    pub id: String,
    /// The effects of the change in plain words. Control characters are visible.
    pub effects: Vec<String>,
    /// The session that requested it.
    pub requested_by: String,
    /// Time at which it is refused without an answer.
    pub expires_at: Timestamp,
}
