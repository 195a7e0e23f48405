//! The rules that health checks notify by, one for each check.

use std::{collections::BTreeSet, ops::RangeInclusive};

use model::{AlertSeverity, Comparator, HealthCheck};

use crate::{AlertError, AlertRule, AlertService, CheckSource, NoDataPolicy, RuleSource};

/// Seconds between two evaluations, from the interval of the check.
const INTERVALS: RangeInclusive<u32> = 1..=15;
/// The state that the rule fires on, as a number.
const UNHEALTHY: f64 = 2.0;

/// Checks with a rule that is evaluated and notifies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifyingChecks {
    /// The name of a rule on every check.
    every: Option<String>,
    ids: BTreeSet<String>,
}

impl NotifyingChecks {
    /// Returns whether a check notifies.
    pub fn contains(&self, check_id: &str) -> bool {
        self.every.is_some() || self.ids.contains(check_id)
    }

    /// Fails with the name of a rule that notifies for every check, if there is one.
    pub fn allow_silent(&self) -> Result<(), AlertError> {
        match &self.every {
            Some(name) => Err(AlertError::Invalid(format!(
                "the rule “{name}” notifies for every check; change that rule to have this check not notify"
            ))),
            None => Ok(()),
        }
    }
}

impl AlertService {
    /// Returns the checks that notify.
    pub async fn notifying_checks(&self) -> Result<NotifyingChecks, AlertError> {
        let mut checks = NotifyingChecks::default();
        for rule in self.stored_rules().await?.into_iter().filter(|rule| rule.enabled && rule.notify) {
            match rule.source {
                RuleSource::Check(CheckSource { check_id: Some(id) }) => drop(checks.ids.insert(id)),
                RuleSource::Check(CheckSource { check_id: None }) => checks.every = Some(rule.name),
                _ => {}
            }
        }
        Ok(checks)
    }

    /// Has a check notify when it becomes unhealthy, or not.
    ///
    /// A check without a rule that notifies gets one of its own, which can be edited as any other.
    /// Switched off, no rule on this check alone notifies. Names follow the name of the check.
    pub async fn set_notification(&self, check: &HealthCheck, notify: bool) -> Result<(), AlertError> {
        let rules = self.stored_rules().await?;
        let own_id = rule_id(&check.id);
        if notify {
            let own = rules.iter().find(|rule| rule.id == own_id);
            let is_notified = self.notifying_checks().await?.contains(&check.id);
            let wanted = match own {
                Some(rule) => AlertRule { enabled: true, notify: true, ..rule.clone() },
                None if is_notified => return Ok(()),
                None => new_rule(check),
            };
            self.save_named(wanted, check, &rules).await
        } else {
            let source: RuleSource = CheckSource { check_id: Some(check.id.clone()) }.into();
            for rule in rules.iter().filter(|rule| rule.notify && rule.source == source) {
                self.save_named(AlertRule { notify: false, ..rule.clone() }, check, &rules).await?;
            }
            Ok(())
        }
    }

    /// Saves a rule of a check. A generated name is renewed and made unique.
    async fn save_named(
        &self,
        mut rule: AlertRule,
        check: &HealthCheck,
        rules: &[AlertRule],
    ) -> Result<(), AlertError> {
        let before = rules.iter().find(|one| one.id == rule.id);
        if rule.id == rule_id(&check.id) && rule.name.ends_with(NAME_END) {
            let is_taken = |name: &str| {
                rules.iter().any(|one| one.id != rule.id && one.name.to_lowercase() == name.to_lowercase())
            };
            let name = format!("{}{NAME_END}", check.name);
            let numbered = (2_u32..).map(|number| format!("{} ({number}){NAME_END}", check.name));
            rule.name =
                std::iter::once(name).chain(numbered).find(|name| !is_taken(name)).unwrap_or(rule.name);
        }
        if before != Some(&rule) {
            self.save_rule(rule).await?;
        }
        Ok(())
    }

    /// Deletes the rule that a deleted check had of its own.
    pub async fn forget_check(&self, check_id: &str) -> Result<(), AlertError> {
        self.delete_rule(&rule_id(check_id)).await.map(drop)
    }
}

/// The end of a generated name.
const NAME_END: &str = " is unhealthy";

fn rule_id(check_id: &str) -> String {
    format!("check-{check_id}")
}

fn new_rule(check: &HealthCheck) -> AlertRule {
    AlertRule {
        id: rule_id(&check.id),
        name: NAME_END.to_owned(),
        enabled: true,
        severity: AlertSeverity::Critical,
        source: CheckSource { check_id: Some(check.id.clone()) }.into(),
        comparator: Comparator::AtLeast,
        threshold: UNHEALTHY,
        resolve_threshold: None,
        for_seconds: 0,
        interval_seconds: check.interval_seconds.clamp(*INTERVALS.start(), *INTERVALS.end()),
        no_data: NoDataPolicy::KeepState,
        notify: true,
    }
}
