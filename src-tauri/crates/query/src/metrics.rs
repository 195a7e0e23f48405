//! Metric queries: over a range, at an instant, and over moving windows.
//!
//! All of them build an [`EvalPlan`] and evaluate it, so that charts, alerts and analysis agree.

mod by_time;
mod classic;
mod counters;
mod distribution;
mod extrapolation;
mod groups;
mod histograms;
mod measured;
mod metric_ref;
mod numbers;
mod plan;
mod unit;
mod windowing;

use model::{
    Aggregation, Labels, SeriesPoints, SeriesRequest, SeriesResponse, TagMatcher, TimeRange, Timestamp,
};
use store::Snapshot;

use self::{groups::GroupPoints, plan::EvalPlan};
use crate::QueryError;

/// Returns the values of a metric over time, grouped, the group with the largest mean first.
///
/// The start of the range is aligned down to the step. Where raw points have expired:
///
/// 1. The step is rounded up to a multiple of the resolution that is left, and reported.
/// 2. An end inside a roll-up is moved to the end of the roll-up.
///
/// Rates and increases are those of PromQL over the window of each step, both of its ends included.
/// The window of an incomplete last step ends with the range. A step too short for two samples of a
/// series looks back to the last two.
///
/// Fails if the range is empty, the step is not positive, or there are too many steps.
pub async fn series(snapshot: &Snapshot, request: &SeriesRequest) -> Result<SeriesResponse, QueryError> {
    let plan = EvalPlan::stepped(snapshot, request).await?;
    let mut groups: Vec<_> = plan.evaluate().await?.into_iter().map(|group| group.points).collect();
    groups::sort_largest_first(&mut groups);
    let total_series = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    groups.truncate(request.limit as usize);
    let gaps = snapshot.history().gaps(plan.range()).await?;
    Ok(SeriesResponse { unit: plan.unit(), step: plan.step(), series: groups, total_series, gaps })
}

/// The answer of [`instant`].
#[derive(Debug, Clone, PartialEq)]
pub struct InstantAnswer {
    /// The window of the values. It is the requested one, or is widened to whole minutes or hours
    /// where raw points have expired.
    pub window: TimeRange,
    /// The value of each group.
    pub values: Vec<(Labels, f64)>,
    /// For groups whose samples leave a part of the window unobserved, the value over the observed
    /// part. Only rates and increases have it.
    pub observed: Vec<(Labels, f64)>,
    /// The unit of the values; empty for an unknown metric.
    pub unit: String,
}

/// Returns the value of a metric over one window, per group.
///
/// Groups without data are absent. For the last value, series that ended by the end of the window
/// are absent too. Fails as [`series`] does.
pub async fn instant(
    snapshot: &Snapshot,
    metric: &str,
    matchers: &[TagMatcher],
    aggregation: Aggregation,
    group_by: &[String],
    window: TimeRange,
) -> Result<InstantAnswer, QueryError> {
    let plan = EvalPlan::instant(snapshot, metric, matchers, aggregation, group_by, window).await?;
    let (mut values, mut observed) = (Vec::new(), Vec::new());
    for group in plan.evaluate().await? {
        let Some(value) = group.points.values.first() else { continue };
        let over_observed = group.observed.first().copied().flatten();
        observed.extend(over_observed.map(|value| (group.points.labels.clone(), value)));
        values.push((group.points.labels, *value));
    }
    Ok(InstantAnswer { window: plan.range(), values, observed, unit: plan.unit() })
}

/// The answer of [`moving`].
#[derive(Debug, Clone, PartialEq)]
pub struct MovingAnswer {
    /// The values, at the ends of their windows.
    pub response: SeriesResponse,
    /// Those over the observed parts of windows, see [`InstantAnswer::observed`].
    pub observed: Vec<SeriesPoints>,
}

/// Returns the answers of [`instant`] at every step of the range, as a rule's backtest needs them.
///
/// A window ends at each time, after the start of the range and up to its end. Windows are rounded
/// up to whole steps and aligned to them. The step is rounded up as by [`series`]. All groups are
/// returned, ordered by their labels. Fails as [`series`] does, and if a window has more than 1000
/// steps.
pub async fn moving(
    snapshot: &Snapshot,
    request: &SeriesRequest,
    window: i64,
) -> Result<MovingAnswer, QueryError> {
    let plan = EvalPlan::moving(snapshot, request, window).await?;
    let (mut series, mut observed) = (Vec::new(), Vec::new());
    for GroupPoints { points, observed: over_observed } in plan.evaluate().await? {
        let is_inside = |time: Timestamp| time > request.range.start && time <= request.range.end;
        let select = |values: &mut dyn Iterator<Item = (Timestamp, f64)>| {
            let (times, values) = values.filter(|(time, _)| is_inside(*time)).unzip();
            SeriesPoints { labels: points.labels.clone(), times, values }
        };
        let partial =
            points.times.iter().zip(over_observed).filter_map(|(time, value)| Some((*time, value?)));
        observed.push(select(&mut { partial }));
        series.push(select(&mut points.times.iter().copied().zip(points.values.iter().copied())));
    }
    series.retain(|points| !points.times.is_empty());
    observed.retain(|points| !points.times.is_empty());
    let total_series = u32::try_from(series.len()).unwrap_or(u32::MAX);
    let gaps = snapshot.history().gaps(request.range).await?;
    let response = SeriesResponse { unit: plan.unit(), step: plan.step(), series, total_series, gaps };
    Ok(MovingAnswer { response, observed })
}
