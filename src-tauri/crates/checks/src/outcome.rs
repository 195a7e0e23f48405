//! The outcome of one attempt.

use std::collections::BTreeMap;

use model::HealthState;

/// Numbers measured during an attempt, by name. They are retained when the attempt fails or times
/// out.
pub(crate) type Measurements = BTreeMap<String, f64>;

/// The outcome of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeOutcome {
    /// The verdict on this attempt alone.
    pub state: HealthState,
    /// The answer or the failure, in one line of plain words, without any secret.
    pub message: String,
    /// The duration of the attempt, in nanoseconds.
    pub duration: i64,
    /// Numbers measured on the way, such as `connect_seconds` or `status_code`.
    pub measurements: BTreeMap<String, f64>,
}

impl ProbeOutcome {
    /// Creates an outcome that says nothing about the target.
    pub(crate) fn unknown(message: String) -> Self {
        Self { state: HealthState::Unknown, message, duration: 0, measurements: BTreeMap::default() }
    }
}
