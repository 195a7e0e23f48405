//! Rule sources: the labelled values that a rule compares with its threshold.
//!
//! A source is one file in `sources/` with its settings and its behaviour, and one line in the list
//! below. Validation, evaluation, backtest, evidence, texts and the TypeScript union follow from
//! the list.

use async_trait::async_trait;
use model::{
    Alert, Comparator, FieldOperator, Filter, Labels, SeriesPoints, Severity, TimeRange, Timestamp,
    attribute_of_label, value_of_label,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AlertError, sources::reader::SourceReader};

pub(crate) mod check;
pub(crate) mod logs;
pub(crate) mod metric;
pub(crate) mod reader;
pub(crate) mod steps;

/// Points of one series in an evidence.
const MAX_EVIDENCE_POINTS: u32 = 240;
/// Longest window of a source and longest "for" of a rule, in seconds.
pub(crate) const MAX_WINDOW_SECONDS: u32 = 31 * 86_400;

macro_rules! rule_sources {
    ($($(#[$doc:meta])* $kind:ident($settings:ty);)*) => {
        /// The source of a rule's values. Each kind yields one value per label set.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
        #[serde(tag = "type", rename_all = "snake_case")]
        pub enum RuleSource {
            $($(#[$doc])* $kind($settings),)*
        }

        impl RuleSource {
            pub(crate) fn as_source(&self) -> &dyn Source {
                match self {
                    $(Self::$kind(settings) => settings,)*
                }
            }
        }

        $(impl From<$settings> for RuleSource {
            fn from(settings: $settings) -> Self {
                Self::$kind(settings)
            }
        })*
    };
}

rule_sources! {
    /// A metric, one value per combination of the `group_by` labels.
    Metric(metric::MetricSource);
    /// The state of health checks, one value per check: 0 healthy, 1 degraded, 2 unhealthy.
    Check(check::CheckSource);
    /// The number of log records that match a search, per service if `by_service`.
    Logs(logs::LogsSource);
}

/// The values of a source at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// The value of each label set.
    pub values: Vec<(Labels, f64)>,
    /// Where a part of the window was not observed: the value over the observed part. A rule whose
    /// condition holds for only one of both values does not change its state.
    pub observed: Vec<(Labels, f64)>,
    /// Unit of the values, may be empty.
    pub unit: String,
}

impl Observation {
    /// Creates an observation of whole windows.
    pub fn complete(values: Vec<(Labels, f64)>, unit: &str) -> Self {
        Self { values, observed: Vec::new(), unit: unit.to_owned() }
    }
}

/// The values of a source over a range: one at the end of each step and one at the range's end.
pub(crate) struct History {
    pub(crate) series: Vec<SeriesPoints>,
    /// Those over the observed parts of windows, see [`Observation::observed`].
    pub(crate) observed: Vec<SeriesPoints>,
    /// Unit of the values, may be empty.
    pub(crate) unit: String,
    /// Nanoseconds between two values; longer than requested where only roll-ups are left.
    pub(crate) step: i64,
}

/// The behaviour of a rule source.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// Rejects settings that cannot be evaluated every `interval_seconds`.
    fn validate(&self, interval_seconds: u32) -> Result<(), AlertError>;

    /// Rejects settings that refer to records that do not exist.
    async fn check_references(&self, _reader: &SourceReader) -> Result<(), AlertError> {
        Ok(())
    }

    /// Returns the length of the window behind each value, in seconds; 0 for a current state.
    fn window_seconds(&self) -> u32 {
        0
    }

    /// Returns whether the values are read from samples, so that rules can share one read of them.
    fn reads_samples(&self) -> bool {
        false
    }

    /// Reads the values at `now`. `previous` holds the rule's alerts of the last evaluation.
    async fn observe(
        &self,
        reader: &SourceReader,
        previous: &[Alert],
        now: Timestamp,
    ) -> Result<Observation, AlertError>;

    /// Reads the values over a range, one every `step` nanoseconds.
    async fn history(
        &self,
        reader: &SourceReader,
        range: TimeRange,
        step: i64,
    ) -> Result<History, AlertError>;

    /// Reads the series behind an alert with these labels, for its evidence.
    async fn evidence(
        &self,
        reader: &SourceReader,
        labels: &Labels,
        range: TimeRange,
    ) -> Result<Vec<SeriesPoints>, AlertError>;

    /// Returns the filter of the log records in the evidence of an alert; errors by default.
    fn evidence_logs(&self) -> Result<Filter, AlertError> {
        Ok(Filter::SeverityAtLeast { severity: Severity::ERROR })
    }

    /// Returns whether a threshold can be suggested from past values.
    fn suggests_threshold(&self) -> bool {
        true
    }

    /// Returns the condition of a rule as a clause, such as "the p95 of latency is above 1 s".
    /// `unit` is that of the values and may be empty.
    async fn condition(
        &self,
        reader: &SourceReader,
        comparator: Comparator,
        threshold: f64,
        unit: &str,
    ) -> Result<String, AlertError>;

    /// Returns the label values that name an alert in the title of its notification.
    fn title_values<'a>(&self, labels: &'a Labels) -> Vec<&'a str> {
        title_values(labels)
    }

    /// Returns an observed value in words, such as "p95 1.24 s".
    fn observed_text(&self, value: f64, unit: &str) -> String;

    /// Returns the threshold in words; none where the observed value says it all.
    fn threshold_text(&self, threshold: f64, unit: &str) -> Option<String>;
}

/// Short labels that lead the title of a notification, in this order.
const TITLE_LABELS: [&str; 2] = ["service", "host"];

/// Returns the label values for the title of a notification: services and hosts before the rest.
fn title_values(labels: &Labels) -> Vec<&str> {
    let leads =
        |key: &str| TITLE_LABELS.iter().any(|label| key == *label || key == attribute_of_label(label));
    let first = TITLE_LABELS.iter().filter_map(|label| value_of_label(labels, label));
    let rest = labels.iter().filter(|(key, _)| !leads(key)).map(|(_, value)| value.as_str());
    let mut values: Vec<&str> = first.chain(rest).collect();
    values.dedup();
    values
}

/// Narrows a filter to the records of one service.
pub(crate) fn of_service(filter: Filter, service: &str) -> Filter {
    filter.and(Filter::Field {
        key: "service".into(),
        operator: FieldOperator::Equal,
        value: service.to_owned(),
    })
}

/// Rejects a window that is shorter than the evaluation interval or too long.
fn validate_window(window: u32, interval: u32) -> Result<(), AlertError> {
    if window < interval {
        return Err(AlertError::Invalid(format!(
            "the window of {window} s is shorter than the interval of {interval} s: values between two \
             evaluations would be skipped"
        )));
    }
    if window > MAX_WINDOW_SECONDS {
        return Err(AlertError::Invalid("the window can be at most 31 days long".into()));
    }
    Ok(())
}
