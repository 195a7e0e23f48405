//! What a rule watches, as labelled values.

use std::collections::BTreeMap;

use model::{
    Alert, AlertRule, CheckResult, FieldOperator, Filter, HealthCheck, HealthState, Labels, NANOS_PER_SECOND,
    RuleSource, TimeRange, Timestamp,
};
use store::Snapshot;

use crate::AlertError;

/// The values of a rule at one moment.
pub(crate) struct Observation {
    pub(crate) values: Vec<(Labels, f64)>,
    pub(crate) unit: String,
}

/// The values of a rule at `now`. Services that had an alert and have no matching log records count 0.
pub(crate) async fn observe(
    snapshot: &Snapshot,
    rule: &AlertRule,
    previous: &[Alert],
    now: Timestamp,
) -> Result<Observation, AlertError> {
    let back = |seconds: u32| TimeRange::last(i64::from(seconds), now);
    match &rule.source {
        RuleSource::Metric { metric, matchers, aggregation, group_by, window_seconds } => {
            let window = back(*window_seconds);
            let answer = query::instant(snapshot, metric, matchers, *aggregation, group_by, window).await?;
            Ok(Observation { values: answer.values, unit: answer.unit })
        }
        RuleSource::Check { check_id } => {
            let checks: BTreeMap<String, HealthCheck> = snapshot
                .history()
                .checks()
                .await?
                .into_iter()
                .map(|check| (check.id.clone(), check))
                .collect();
            let values = snapshot.history().latest_check_results().await?.into_iter().filter_map(|result| {
                let check = checks.get(&result.check_id)?;
                let wanted = check_id.as_ref().is_none_or(|id| *id == check.id) && check.enabled;
                Some((check_labels(check), check_value(check, &result, now).filter(|_| wanted)?))
            });
            Ok(Observation { values: values.collect(), unit: String::new() })
        }
        RuleSource::Logs { query: search, by_service, window_seconds } => {
            let filter = query::parse_log_search(search)?;
            let counted = snapshot.logs().count_by_service(&filter, back(*window_seconds)).await?;
            let mut values: BTreeMap<Labels, f64> = BTreeMap::new();
            if *by_service {
                values.extend(previous.iter().map(|alert| (alert.labels.clone(), 0.0)));
                values.extend(
                    counted.into_iter().map(|(service, count)| (service_labels(&service), count as f64)),
                );
            } else {
                let total: u64 = counted.iter().map(|service| service.1).sum();
                values.insert(Labels::new(), total as f64);
            }
            Ok(Observation { values: values.into_iter().collect(), unit: String::new() })
        }
    }
}

/// What tells the alert of one check from those of others.
pub(crate) fn check_labels(check: &HealthCheck) -> Labels {
    let mut labels =
        Labels::from([("check".into(), check.name.clone()), ("kind".into(), check.kind.name().to_owned())]);
    if let Some(service) = &check.service {
        labels.insert("service".into(), service.clone());
    }
    labels
}

/// What tells the alert of one service from those of others.
pub(crate) fn service_labels(service: &str) -> Labels {
    Labels::from([("service".into(), service.to_owned())])
}

/// The number of a result: 0 healthy, 1 degraded, 2 unhealthy; none when it is unknown, or so old that
/// three looks should have followed it.
pub(crate) fn check_value(check: &HealthCheck, result: &CheckResult, now: Timestamp) -> Option<f64> {
    let attempts = i64::from(check.retries) + 1;
    let look = (i64::from(check.timeout_seconds) + i64::from(check.retry_interval_seconds)) * attempts;
    let fresh = (3 * i64::from(check.interval_seconds) + look + 60) * NANOS_PER_SECOND;
    if now.since(result.time) > fresh {
        return None;
    }
    match result.state {
        HealthState::Healthy => Some(0.0),
        HealthState::Degraded => Some(1.0),
        HealthState::Unhealthy => Some(2.0),
        HealthState::Unknown => None,
    }
}

/// The records of one service that match a filter.
pub(crate) fn of_service(filter: Filter, service: &str) -> Filter {
    filter.and(Filter::Field {
        key: "service".into(),
        operator: FieldOperator::Equal,
        value: service.to_owned(),
    })
}
