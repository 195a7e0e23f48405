//! The logs source: the number of log records that match a search in a window.

use std::collections::BTreeMap;

use analysis::figures;
use async_trait::async_trait;
use model::{
    Alert, Comparator, Filter, Labels, LogCounts, NANOS_PER_SECOND, SeriesPoints, TimeRange, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    History, MAX_EVIDENCE_POINTS, Observation, Source, of_service,
    reader::SourceReader,
    steps::{append_values, ends_within_step, step_ends},
    validate_window,
};
use crate::{
    AlertError,
    format::{comparison, duration_text},
};

/// Services in the backtest of a rule by service.
const MAX_SERVICES: usize = 20;

/// Settings of a rule on log records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LogsSource {
    /// The search, in the language of the Logs view.
    pub query: String,
    /// True if each service has a separate value.
    pub by_service: bool,
    /// Length of the window that is counted, in seconds.
    pub window_seconds: u32,
}

#[async_trait]
impl Source for LogsSource {
    fn validate(&self, interval_seconds: u32) -> Result<(), AlertError> {
        query::parse_log_search(&self.query)?;
        validate_window(self.window_seconds, interval_seconds)
    }

    fn window_seconds(&self) -> u32 {
        self.window_seconds
    }

    /// Counts the matching records. Services that had an alert and have no such records count 0.
    async fn observe(
        &self,
        reader: &SourceReader,
        previous: &[Alert],
        now: Timestamp,
    ) -> Result<Observation, AlertError> {
        let filter = query::parse_log_search(&self.query)?;
        let window = TimeRange::last(i64::from(self.window_seconds), now);
        let counted = reader.snapshot().logs().count_by_service(&filter, window).await?;
        let mut values: BTreeMap<Labels, f64> = BTreeMap::new();
        if self.by_service {
            values.extend(previous.iter().map(|alert| (alert.labels.clone(), 0.0)));
            values
                .extend(counted.into_iter().map(|(service, count)| (service_labels(&service), count as f64)));
        } else {
            let total: u64 = counted.iter().map(|service| service.1).sum();
            values.insert(Labels::new(), total as f64);
        }
        Ok(Observation::complete(values.into_iter().collect(), ""))
    }

    async fn history(
        &self,
        reader: &SourceReader,
        range: TimeRange,
        step: i64,
    ) -> Result<History, AlertError> {
        let logs = reader.snapshot().logs();
        let filter = query::parse_log_search(&self.query)?;
        let window_steps = (i64::from(self.window_seconds) * NANOS_PER_SECOND + step - 1) / step;
        let read = TimeRange::new(range.start.floor(step).offset(-step * (window_steps - 1)), range.end);
        let mut groups: Vec<(Labels, Filter)> = vec![(Labels::new(), filter.clone())];
        if self.by_service {
            let mut services = logs.count_by_service(&filter, read).await?;
            services.sort_by_key(|service| std::cmp::Reverse(service.1));
            services.truncate(MAX_SERVICES);
            groups = services
                .into_iter()
                .map(|(service, _)| (service_labels(&service), of_service(filter.clone(), &service)))
                .collect();
        }
        let mut series = Vec::new();
        for (labels, filter) in groups {
            let counted = counts_as_series(&logs.count(&filter, read, step).await?, labels);
            series.push(moving_sum(&counted, range, step, window_steps));
        }
        if ends_within_step(range, step) {
            let latest = self.observe(reader, &[], range.end).await?;
            append_values(&mut series, range.end, latest.values, Some(0.0));
        }
        Ok(History { series, observed: Vec::new(), unit: String::new(), step })
    }

    async fn evidence(
        &self,
        reader: &SourceReader,
        labels: &Labels,
        range: TimeRange,
    ) -> Result<Vec<SeriesPoints>, AlertError> {
        let filter = query::parse_log_search(&self.query)?;
        let filter = match labels.get("service") {
            Some(service) => of_service(filter, service),
            None => filter,
        };
        let counts =
            reader.snapshot().logs().count(&filter, range, range.step_for(MAX_EVIDENCE_POINTS)).await?;
        Ok(vec![counts_as_series(&counts, labels.clone())])
    }

    fn evidence_logs(&self) -> Result<Filter, AlertError> {
        Ok(query::parse_log_search(&self.query)?)
    }

    async fn condition(
        &self,
        _reader: &SourceReader,
        comparator: Comparator,
        threshold: f64,
        unit: &str,
    ) -> Result<String, AlertError> {
        let search = match self.query.trim() {
            "" => "all".to_owned(),
            query => format!("“{query}”"),
        };
        Ok(format!(
            "the number of log records{} that match {search} in {} is {} {}",
            if self.by_service { " by service" } else { "" },
            duration_text(i64::from(self.window_seconds)),
            comparison(comparator),
            figures::format(threshold, unit),
        ))
    }

    fn observed_text(&self, value: f64, _unit: &str) -> String {
        if value == 1.0 {
            "1 log record matches".to_owned()
        } else {
            format!("{} log records match", figures::digits(value))
        }
    }

    fn threshold_text(&self, threshold: f64, unit: &str) -> Option<String> {
        Some(figures::format(threshold, unit))
    }
}

/// Returns the labels of the alert of one service.
fn service_labels(service: &str) -> Labels {
    Labels::from([("service".into(), service.to_owned())])
}

/// Returns the counts of all severities together, as a series.
fn counts_as_series(counts: &LogCounts, labels: Labels) -> SeriesPoints {
    let total = |index: usize| {
        counts.counts.iter().filter_map(|severity| severity.counts.get(index)).sum::<u64>() as f64
    };
    SeriesPoints { labels, times: counts.times.clone(), values: (0..counts.times.len()).map(total).collect() }
}

/// Returns, at the end of each step, the sum of the last `count` steps. Steps without counts are 0.
fn moving_sum(counts: &SeriesPoints, range: TimeRange, step: i64, count: i64) -> SeriesPoints {
    let known: BTreeMap<Timestamp, f64> =
        counts.times.iter().copied().zip(counts.values.iter().copied()).collect();
    let times: Vec<Timestamp> = step_ends(range, step).collect();
    let sum = |end: &Timestamp| known.range(end.offset(-step * count)..*end).map(|held| held.1).sum();
    let values = times.iter().map(sum).collect();
    SeriesPoints { labels: counts.labels.clone(), times, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_sums_cover_the_window_before_each_time() {
        let counts = SeriesPoints {
            labels: Labels::new(),
            times: [0, 10, 20].map(Timestamp).to_vec(),
            values: vec![1.0, 2.0, 4.0],
        };
        let sums = moving_sum(&counts, TimeRange::new(Timestamp(0), Timestamp(40)), 10, 2);
        assert_eq!(sums.times, [10, 20, 30, 40].map(Timestamp));
        assert_eq!(sums.values, [1.0, 3.0, 6.0, 4.0]);
    }
}
