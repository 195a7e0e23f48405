//! The check source: the latest state of health checks as a number.

use std::collections::BTreeMap;

use async_trait::async_trait;
use model::{
    Alert, CheckResult, Comparator, HealthCheck, HealthState, Labels, NANOS_PER_SECOND, SeriesPoints,
    TimeRange, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{History, Observation, Source, reader::SourceReader, steps::evaluation_times};
use crate::AlertError;

/// Results of one check that a backtest reads.
const MAX_HISTORY_RESULTS: u32 = 50_000;
/// Results of one check in an evidence.
const MAX_EVIDENCE_RESULTS: u32 = 500;

/// Settings of a rule on health checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CheckSource {
    /// The check; every check if none.
    pub check_id: Option<String>,
}

impl CheckSource {
    fn selects(&self, check: &HealthCheck) -> bool {
        check.enabled && self.check_id.as_ref().is_none_or(|id| *id == check.id)
    }
}

#[async_trait]
impl Source for CheckSource {
    fn validate(&self, _interval_seconds: u32) -> Result<(), AlertError> {
        Ok(())
    }

    async fn check_references(&self, reader: &SourceReader) -> Result<(), AlertError> {
        match &self.check_id {
            Some(id) if !reader.checks().await?.iter().any(|check| check.id == *id) => {
                Err(AlertError::NotFound { kind: "health check", id: id.clone() })
            }
            _ => Ok(()),
        }
    }

    async fn observe(
        &self,
        reader: &SourceReader,
        _previous: &[Alert],
        now: Timestamp,
    ) -> Result<Observation, AlertError> {
        let checks: BTreeMap<&str, &HealthCheck> = reader
            .checks()
            .await?
            .iter()
            .filter(|check| self.selects(check))
            .map(|check| (check.id.as_str(), check))
            .collect();
        let results = reader.snapshot().history().latest_check_results().await?;
        let values = results.into_iter().filter_map(|result| {
            let check = checks.get(result.check_id.as_str())?;
            Some((alert_labels(check), state_value(check, &result, now)?))
        });
        Ok(Observation::complete(values.collect(), ""))
    }

    async fn history(
        &self,
        reader: &SourceReader,
        range: TimeRange,
        step: i64,
    ) -> Result<History, AlertError> {
        let mut series = Vec::new();
        for check in reader.checks().await?.iter().filter(|check| self.selects(check)) {
            let mut results =
                reader.snapshot().history().check_results(&check.id, range, MAX_HISTORY_RESULTS).await?;
            results.reverse();
            let mut next = results.iter().peekable();
            let mut latest = None;
            let (mut times, mut values) = (Vec::new(), Vec::new());
            for time in evaluation_times(range, step) {
                while let Some(result) = next.next_if(|result| result.time <= time) {
                    latest = Some(result);
                }
                if let Some(value) = latest.and_then(|result| state_value(check, result, time)) {
                    times.push(time);
                    values.push(value);
                }
            }
            series.push(SeriesPoints { labels: alert_labels(check), times, values });
        }
        Ok(History { series, observed: Vec::new(), unit: String::new(), step })
    }

    async fn evidence(
        &self,
        reader: &SourceReader,
        labels: &Labels,
        range: TimeRange,
    ) -> Result<Vec<SeriesPoints>, AlertError> {
        let Some(check) = reader.checks().await?.iter().find(|check| alert_labels(check) == *labels) else {
            return Ok(Vec::new());
        };
        let mut results =
            reader.snapshot().history().check_results(&check.id, range, MAX_EVIDENCE_RESULTS).await?;
        results.reverse();
        let (times, values) = results
            .iter()
            .filter_map(|result| Some((result.time, state_value(check, result, result.time)?)))
            .unzip();
        Ok(vec![SeriesPoints { labels: labels.clone(), times, values }])
    }

    fn suggests_threshold(&self) -> bool {
        false
    }

    async fn condition(
        &self,
        reader: &SourceReader,
        comparator: Comparator,
        threshold: f64,
        _unit: &str,
    ) -> Result<String, AlertError> {
        let subject = match &self.check_id {
            None => "any health check".to_owned(),
            Some(id) => {
                let known = reader.checks().await?.iter().find(|check| check.id == *id);
                format!("the health check {}", known.map_or(id, |check| &check.name))
            }
        };
        let states: Vec<&str> = [0.0, 1.0, 2.0]
            .into_iter()
            .filter(|value| comparator.holds(*value, threshold))
            .map(state_text)
            .collect();
        Ok(if states.is_empty() {
            format!("{subject} is in no state at all (this never happens)")
        } else {
            format!("{subject} is {}", states.join(" or "))
        })
    }

    fn title_values<'a>(&self, labels: &'a Labels) -> Vec<&'a str> {
        let mut values: Vec<&str> =
            ["check", "service"].iter().filter_map(|key| labels.get(*key)).map(String::as_str).collect();
        values.dedup();
        values
    }

    fn observed_text(&self, value: f64, _unit: &str) -> String {
        state_text(value).to_owned()
    }

    fn threshold_text(&self, _threshold: f64, _unit: &str) -> Option<String> {
        None
    }
}

/// Returns the labels of the alert of one check.
fn alert_labels(check: &HealthCheck) -> Labels {
    let mut labels =
        Labels::from([("check".into(), check.name.clone()), ("kind".into(), check.kind.name().to_owned())]);
    if let Some(service) = &check.service {
        labels.insert("service".into(), service.clone());
    }
    labels
}

fn state_text(value: f64) -> &'static str {
    match value {
        2.0 => "unhealthy",
        1.0 => "degraded",
        _ => "healthy",
    }
}

/// Returns the state of a result as a number: 0 healthy, 1 degraded, 2 unhealthy. None for an
/// unknown state and for a result that three runs should have followed.
fn state_value(check: &HealthCheck, result: &CheckResult, now: Timestamp) -> Option<f64> {
    let attempts = i64::from(check.retries) + 1;
    let run = (i64::from(check.timeout_seconds) + i64::from(check.retry_interval_seconds)) * attempts;
    let fresh = (3 * i64::from(check.interval_seconds) + run + 60) * NANOS_PER_SECOND;
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
