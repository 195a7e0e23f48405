//! Findings of the background analysis and results of an analysis.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Labels, TimeRange, Timestamp};

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Values outside the expected band.
    Anomaly,
    /// A lasting rise or fall.
    Trend,
    /// A later range that is worse than the earlier one.
    Regression,
}

/// A finding with the figures that support it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// Identifier. A finding that is detected again keeps it.
    pub id: String,
    /// Kind.
    pub kind: FindingKind,
    /// In a few words.
    pub title: String,
    /// The figures, in one sentence.
    pub detail: String,
    /// The service it is about, may be empty.
    pub service: String,
    /// The metric it is about (or `rate`, `errors`, `duration` of a service).
    pub metric: String,
    /// Labels of the series.
    pub labels: Labels,
    /// Range in which it happened.
    pub range: TimeRange,
    /// Time of the first detection.
    #[serde(alias = "noticed_at")]
    pub detected_at: Timestamp,
    /// Strength in robust standard deviations or as a confidence. Larger is stronger.
    pub score: f64,
}

/// A straight line through a series, made to withstand outliers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Trend {
    /// Change per hour, in the unit of the series (Theil-Sen: median of pairwise slopes).
    pub slope_per_hour: f64,
    /// Lower end of the interval of the slope at `confidence`.
    pub slope_low: f64,
    /// Upper end of the interval of the slope at `confidence`.
    pub slope_high: f64,
    /// Confidence of the interval, such as 0.95.
    pub confidence: f64,
    /// Probability of such an order of values without a trend (Mann-Kendall, corrected for
    /// autocorrelation).
    pub p_value: f64,
    /// Value of the line at the start of the range.
    pub start_value: f64,
    /// Value of the line at the end of the range.
    pub end_value: f64,
    /// Number of points.
    pub points: u32,
    /// True if the sign of the slope is certain at `confidence`.
    pub significant: bool,
    /// The verdict in one sentence.
    #[serde(alias = "sentence")]
    pub summary: String,
}

/// The expected band of a series and the anomalies outside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AnomalyBand {
    /// Times of the points.
    pub times: Vec<Timestamp>,
    /// The values; null where there were none.
    pub values: Vec<Option<f64>>,
    /// The expected values.
    pub expected: Vec<Option<f64>>,
    /// Lower edge of the band.
    pub lower: Vec<Option<f64>>,
    /// Upper edge of the band.
    pub upper: Vec<Option<f64>>,
    /// Anomalies outside the band, strongest first.
    pub anomalies: Vec<AnomalyInterval>,
    /// Length of the season found, in nanoseconds; none if no season is plain.
    pub season: Option<i64>,
}

/// An interval outside the expected band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AnomalyInterval {
    /// Range.
    pub range: TimeRange,
    /// The value farthest out.
    pub extreme: f64,
    /// Expected value there.
    pub expected: f64,
    /// Distance from the expected in robust standard deviations.
    pub score: f64,
}

/// The statistics of one side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ComparisonSide {
    /// Range.
    pub range: TimeRange,
    /// Number of values.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Values at equally spaced quantiles from 0 to 1 (101 of them), to draw both distributions.
    pub quantiles: Vec<f64>,
}

/// The verdict of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonVerdict {
    /// Larger after than before.
    Higher,
    /// Smaller after than before.
    Lower,
    /// No significant difference.
    NoDifference,
    /// Too few values.
    NotEnoughData,
}

/// A comparison of two ranges of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Comparison {
    /// Earlier range.
    pub before: ComparisonSide,
    /// Later range.
    pub after: ComparisonSide,
    /// Relative change of the median, 0.1 for 10% more; none if the median before was zero.
    pub median_change: Option<f64>,
    /// Interval of the relative change of the median at 95%.
    pub median_change_interval: Option<(f64, f64)>,
    /// Relative change of the 95th percentile.
    pub p95_change: Option<f64>,
    /// Interval of the relative change of the 95th percentile at 95%.
    pub p95_change_interval: Option<(f64, f64)>,
    /// Probability of such a difference if both were alike (Mann-Whitney).
    pub p_value: f64,
    /// The verdict.
    pub verdict: ComparisonVerdict,
    /// The verdict in one sentence.
    #[serde(alias = "sentence")]
    pub summary: String,
}
