//! What a rule must be like before it is kept. Pure.

use model::{AlertRule, Comparator, MatchOperator, RuleSource};

use crate::AlertError;

const LONGEST_NAME: usize = 200;
const LONGEST_INTERVAL: u32 = 86_400;
const LONGEST_SPAN: u32 = 31 * 86_400;

/// Refuses a rule that could not be evaluated or would never do what it seems to say.
pub fn validate(rule: &AlertRule) -> Result<(), AlertError> {
    let refuse = |message: String| Err(AlertError::Invalid(message));
    if rule.name.trim().is_empty() {
        return refuse("the rule needs a name".into());
    }
    if rule.name.chars().count() > LONGEST_NAME {
        return refuse(format!("the name is longer than {LONGEST_NAME} characters"));
    }
    if !rule.threshold.is_finite() {
        return refuse("the threshold must be a finite number".into());
    }
    if let Some(resolve) = rule.resolve_threshold {
        if !resolve.is_finite() {
            return refuse("the resolve threshold must be a finite number".into());
        }
        let above = matches!(rule.comparator, Comparator::Above | Comparator::AtLeast);
        if above && resolve > rule.threshold {
            return refuse(
                "the resolve threshold must not be above the threshold, or the alert would resolve at once"
                    .into(),
            );
        }
        if !above && resolve < rule.threshold {
            return refuse(
                "the resolve threshold must not be below the threshold, or the alert would resolve at once"
                    .into(),
            );
        }
    }
    if !(1..=LONGEST_INTERVAL).contains(&rule.interval_seconds) {
        return refuse(format!("the interval must be between 1 and {LONGEST_INTERVAL} seconds"));
    }
    if rule.for_seconds > LONGEST_SPAN {
        return refuse("the condition can be held for at most 31 days".into());
    }
    match &rule.source {
        RuleSource::Metric { metric, matchers, window_seconds, .. } => {
            if metric.trim().is_empty() {
                return refuse("choose the metric to watch".into());
            }
            for matcher in matchers {
                if matcher.key.trim().is_empty() {
                    return refuse("a tag condition has no tag".into());
                }
                if matches!(matcher.operator, MatchOperator::Regex | MatchOperator::NotRegex)
                    && let Err(error) = query::check_regex(&matcher.value)
                {
                    return refuse(format!("condition on {}: {error}", matcher.key));
                }
            }
            window(*window_seconds, rule.interval_seconds)
        }
        RuleSource::Logs { query: search, window_seconds, .. } => {
            query::parse_log_search(search)?;
            window(*window_seconds, rule.interval_seconds)
        }
        RuleSource::Check { .. } => Ok(()),
    }
}

fn window(window: u32, interval: u32) -> Result<(), AlertError> {
    if window < interval {
        return Err(AlertError::Invalid(format!(
            "the window of {window} s is shorter than the interval of {interval} s, so that what happens in between \
             would never be looked at"
        )));
    }
    if window > LONGEST_SPAN {
        return Err(AlertError::Invalid("the window can be at most 31 days long".into()));
    }
    Ok(())
}
