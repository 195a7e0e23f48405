//! Facts from outside a record.

use chrono::FixedOffset;
use model::Timestamp;

/// Facts from outside the record.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The current time, which completes times without a year.
    pub now: Timestamp,
    /// The zone of times without one.
    pub zone: FixedOffset,
}
