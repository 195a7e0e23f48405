//! Which alerts are not to be told. Pure.

use model::{Alert, Silence, Timestamp};

/// The silence that holds back everything, kept apart from those people write.
pub(crate) const MUTE: &str = "mute";

/// Whether a silence covers an alert at a time.
pub fn silences(silence: &Silence, alert: &Alert, now: Timestamp) -> bool {
    silence.range.contains(now)
        && silence.rule_id.as_ref().is_none_or(|rule| *rule == alert.rule_id)
        && silence.labels.iter().all(|(key, value)| alert.labels.get(key).is_some_and(|held| held == value))
}
