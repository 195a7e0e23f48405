//! The validation of rules before they are saved. Pure.

use model::Comparator;

use crate::{AlertError, AlertRule, sources::MAX_WINDOW_SECONDS};

const MAX_NAME_LENGTH: usize = 200;
const MAX_INTERVAL_SECONDS: u32 = 86_400;

/// Rejects a rule that cannot be evaluated or contradicts itself.
pub fn validate(rule: &AlertRule) -> Result<(), AlertError> {
    let reject = |message: String| Err(AlertError::Invalid(message));
    if rule.name.trim().is_empty() {
        return reject("the rule needs a name".into());
    }
    if rule.name.chars().count() > MAX_NAME_LENGTH {
        return reject(format!("the name is longer than {MAX_NAME_LENGTH} characters"));
    }
    if !rule.threshold.is_finite() {
        return reject("the threshold must be a finite number".into());
    }
    if let Some(resolve) = rule.resolve_threshold {
        if !resolve.is_finite() {
            return reject("the resolve threshold must be a finite number".into());
        }
        let above = matches!(rule.comparator, Comparator::Above | Comparator::AtLeast);
        if above && resolve > rule.threshold {
            return reject(
                "the resolve threshold is above the threshold: the alert would resolve at once".into(),
            );
        }
        if !above && resolve < rule.threshold {
            return reject(
                "the resolve threshold is below the threshold: the alert would resolve at once".into(),
            );
        }
    }
    if !(1..=MAX_INTERVAL_SECONDS).contains(&rule.interval_seconds) {
        return reject(format!("the interval must be between 1 and {MAX_INTERVAL_SECONDS} seconds"));
    }
    if rule.for_seconds > MAX_WINDOW_SECONDS {
        return reject("“for” can be at most 31 days".into());
    }
    rule.source.as_source().validate(rule.interval_seconds)
}
