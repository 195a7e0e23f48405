//! The metric source: one value per group of series, aggregated over a window.

use analysis::figures;
use async_trait::async_trait;
use model::{
    Aggregation, Alert, Comparator, Labels, MatchOperator, NANOS_PER_SECOND, SeriesPoints, SeriesRequest,
    TagMatcher, TimeRange, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    History, MAX_EVIDENCE_POINTS, Observation, Source,
    reader::SourceReader,
    steps::{append_values, ends_within_step},
    validate_window,
};
use crate::{
    AlertError,
    format::{comparison, duration_text},
};

/// Shortest step of the rates in an evidence, in nanoseconds.
const MIN_RATE_STEP: i64 = 15 * NANOS_PER_SECOND;
/// Series in an evidence.
const MAX_EVIDENCE_SERIES: u32 = 10;

/// Settings of a rule on a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MetricSource {
    /// Metric name.
    pub metric: String,
    /// Conditions on the labels of its series.
    pub matchers: Vec<TagMatcher>,
    /// The aggregation of samples to one value.
    pub aggregation: Aggregation,
    /// Labels that separate groups.
    pub group_by: Vec<String>,
    /// Length of the window behind each value, in seconds.
    pub window_seconds: u32,
}

impl MetricSource {
    fn value_text(&self, value: f64, unit: &str) -> String {
        figures::format(value, figures::shown_unit(&self.metric, unit))
    }
}

#[async_trait]
impl Source for MetricSource {
    fn validate(&self, interval_seconds: u32) -> Result<(), AlertError> {
        let reject = |message: String| Err(AlertError::Invalid(message));
        if self.metric.trim().is_empty() {
            return reject("select a metric".into());
        }
        for matcher in &self.matchers {
            if matcher.key.trim().is_empty() {
                return reject("a tag condition has no tag".into());
            }
            if matches!(matcher.operator, MatchOperator::Regex | MatchOperator::NotRegex)
                && let Err(error) = query::check_regex(&matcher.value)
            {
                return reject(format!("condition on {}: {error}", matcher.key));
            }
        }
        validate_window(self.window_seconds, interval_seconds)
    }

    fn window_seconds(&self) -> u32 {
        self.window_seconds
    }

    fn reads_samples(&self) -> bool {
        true
    }

    async fn observe(
        &self,
        reader: &SourceReader,
        _previous: &[Alert],
        now: Timestamp,
    ) -> Result<Observation, AlertError> {
        let Self { metric, matchers, aggregation, group_by, window_seconds } = self;
        let window = TimeRange::last(i64::from(*window_seconds), now);
        let answer =
            query::instant(reader.snapshot(), metric, matchers, *aggregation, group_by, window).await?;
        Ok(Observation { values: answer.values, observed: answer.observed, unit: answer.unit })
    }

    async fn history(
        &self,
        reader: &SourceReader,
        range: TimeRange,
        step: i64,
    ) -> Result<History, AlertError> {
        let request = SeriesRequest {
            metric: self.metric.clone(),
            matchers: self.matchers.clone(),
            aggregation: self.aggregation,
            group_by: self.group_by.clone(),
            range,
            step: Some(step),
            max_points: 1,
            limit: u32::MAX,
        };
        let window = i64::from(self.window_seconds) * NANOS_PER_SECOND;
        let query::MovingAnswer { response, mut observed } =
            query::moving(reader.snapshot(), &request, window).await?;
        let mut series = response.series;
        if ends_within_step(range, response.step) {
            let latest = self.observe(reader, &[], range.end).await?;
            append_values(&mut series, range.end, latest.values, None);
            append_values(&mut observed, range.end, latest.observed, None);
        }
        Ok(History { series, observed, unit: response.unit, step: response.step })
    }

    async fn evidence(
        &self,
        reader: &SourceReader,
        labels: &Labels,
        range: TimeRange,
    ) -> Result<Vec<SeriesPoints>, AlertError> {
        let of_alert = labels.iter().map(|(key, value)| TagMatcher::equal(key, value));
        let per_time = matches!(self.aggregation, Aggregation::Rate | Aggregation::Increase);
        let request = SeriesRequest {
            metric: self.metric.clone(),
            matchers: self.matchers.iter().cloned().chain(of_alert).collect(),
            aggregation: self.aggregation,
            group_by: self.group_by.clone(),
            range,
            step: per_time.then(|| range.step_for(MAX_EVIDENCE_POINTS).max(MIN_RATE_STEP)),
            max_points: MAX_EVIDENCE_POINTS,
            limit: MAX_EVIDENCE_SERIES,
        };
        Ok(query::series(reader.snapshot(), &request).await?.series)
    }

    async fn condition(
        &self,
        _reader: &SourceReader,
        comparator: Comparator,
        threshold: f64,
        unit: &str,
    ) -> Result<String, AlertError> {
        let by = if self.group_by.is_empty() {
            String::new()
        } else {
            format!(" by {}", self.group_by.join(" and "))
        };
        let conditions: Vec<String> = self.matchers.iter().map(matcher_text).collect();
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!(" where {}", conditions.join(" and "))
        };
        Ok(format!(
            "the {} of {}{by}{conditions}, over {}, is {} {}",
            aggregation_text(self.aggregation),
            self.metric,
            duration_text(i64::from(self.window_seconds)),
            comparison(comparator),
            self.value_text(threshold, unit),
        ))
    }

    fn observed_text(&self, value: f64, unit: &str) -> String {
        format!("{} {}", aggregation_text(self.aggregation), self.value_text(value, unit))
    }

    fn threshold_text(&self, threshold: f64, unit: &str) -> Option<String> {
        Some(self.value_text(threshold, unit))
    }
}

fn aggregation_text(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::Average => "average",
        Aggregation::Sum => "sum",
        Aggregation::Minimum => "minimum",
        Aggregation::Maximum => "maximum",
        Aggregation::Last => "last value",
        Aggregation::Count => "sample count",
        Aggregation::Rate => "rate",
        Aggregation::Increase => "increase",
        Aggregation::P50 => "median",
        Aggregation::P90 => "p90",
        Aggregation::P95 => "p95",
        Aggregation::P99 => "p99",
    }
}

fn matcher_text(matcher: &TagMatcher) -> String {
    let relation = match matcher.operator {
        MatchOperator::Equal => "is",
        MatchOperator::NotEqual => "is not",
        MatchOperator::Regex => "matches",
        MatchOperator::NotRegex => "does not match",
    };
    format!("{} {relation} {}", matcher.key, matcher.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_readable_scales() {
        let text = |metric: &str, value, unit| {
            let source = MetricSource {
                metric: metric.to_owned(),
                matchers: Vec::new(),
                aggregation: Aggregation::Average,
                group_by: Vec::new(),
                window_seconds: 60,
            };
            source.value_text(value, unit)
        };
        assert_eq!(text("m", 0.8, "s"), "800 ms");
        assert_eq!(text("m", 536_870_912.0, "By"), "512 MiB");
        assert_eq!(text("m", 2048.0, "By/s"), "2 KiB/s");
        assert_eq!(text("m", 5.25, "/s"), "5.25/s");
        assert_eq!(text("system.cpu.utilization", 0.882, "1"), "88.2%");
        assert_eq!(text("queue.length", 88.0, "1"), "88");
        assert_eq!(text("m", f64::NAN, "s"), "NaN");
        assert_eq!(text("m", f64::INFINITY, "s"), "+Inf");
        assert_eq!(text("m", f64::NEG_INFINITY, "By"), "-Inf");
    }
}
