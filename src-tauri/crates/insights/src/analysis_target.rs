//! Reads an analysis target (a metric or a measure of a service) from the store as one series.

mod measures;

use model::{AnalysisTarget, NANOS_PER_SECOND, SeriesRequest, ServiceMeasure, TimeRange, Timestamp};
use store::Snapshot;

use crate::{InsightError, resolution::Resolution};

/// Maximum number of durations compared per side. More are thinned evenly.
const MAX_DURATIONS: u32 = 20_000;
/// Maximum number of points compared per side.
const MAX_POINTS: u32 = 2_000;
/// Nanoseconds senders may be late. Younger telemetry may be incomplete.
const MAX_LATENESS: i64 = 5 * NANOS_PER_SECOND;

/// The series of an analysis target, with one step throughout.
pub(crate) struct TargetSeries {
    pub(crate) unit: String,
    pub(crate) times: Vec<Timestamp>,
    pub(crate) values: Vec<Option<f64>>,
    /// The standard deviation a value has by chance alone. 0 where it is unknown.
    pub(crate) noise: f64,
    /// The upper bound of the values, where there is one.
    pub(crate) max: Option<f64>,
}

/// Reads the values of a target in a range without their times, with their unit.
pub(crate) async fn target_values(
    snapshot: &Snapshot,
    target: &AnalysisTarget,
    range: TimeRange,
    now: Timestamp,
) -> Result<(Vec<f64>, String), InsightError> {
    if let AnalysisTarget::Service { service, measure: ServiceMeasure::P50 | ServiceMeasure::P95 } = target {
        let durations = snapshot.traces().request_durations(service, range, MAX_DURATIONS).await?;
        return Ok((durations, "ns".to_owned()));
    }
    let resolution = Resolution { step: range.step_for(MAX_POINTS), min_requests: 1 };
    let series = target_series(snapshot, target, range, resolution, now).await?;
    Ok((series.values.into_iter().flatten().collect(), series.unit))
}

/// Reads a target as a series on an even grid. Steps that may be incomplete at `now` are left off.
pub(crate) async fn target_series(
    snapshot: &Snapshot,
    target: &AnalysisTarget,
    range: TimeRange,
    resolution: Resolution,
    now: Timestamp,
) -> Result<TargetSeries, InsightError> {
    let Resolution { step, min_requests } = resolution;
    let (unit, noise, times, values) = match target {
        AnalysisTarget::Metric { metric, matchers, aggregation } => {
            let request = SeriesRequest {
                metric: metric.clone(),
                matchers: matchers.clone(),
                aggregation: *aggregation,
                group_by: Vec::new(),
                range,
                step: Some(step),
                max_points: MAX_POINTS,
                limit: 1,
            };
            let answer = query::series(snapshot, &request).await?;
            let points = answer.series.into_iter().next();
            let (times, values) = points.map(|points| (points.times, points.values)).unwrap_or_default();
            (answer.unit, 0.0, times, values)
        }
        AnalysisTarget::Service { service, measure } => {
            let steps = snapshot.traces().service_steps(service, range, step).await?;
            if steps.is_empty() {
                return Err(InsightError::NoRequests { service: service.clone() });
            }
            let measured = measures::measure(&steps, *measure, range, step, min_requests);
            (measured.unit.to_owned(), measured.noise, measured.times, measured.values)
        }
    };
    let (mut times, mut values) = on_grid(range, step, &times, &values);
    // A step that is still being counted would look like a fall.
    let complete = now.offset(-MAX_LATENESS);
    while times.last().is_some_and(|last| last.offset(step) > complete) {
        times.pop();
        values.pop();
    }
    let is_ratio = matches!(target, AnalysisTarget::Service { measure: ServiceMeasure::ErrorRatio, .. });
    Ok(TargetSeries { unit, times, values, noise, max: is_ratio.then_some(1.0) })
}

/// Fills every step between the first and the last value. Steps without a finite value are `None`.
fn on_grid(
    range: TimeRange,
    step: i64,
    times: &[Timestamp],
    values: &[f64],
) -> (Vec<Timestamp>, Vec<Option<f64>>) {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Default::default() };
    let steps = last.since(*first).div_euclid(step.max(1)).min(range.length().div_euclid(step.max(1)) + 1);
    let mut grid: Vec<Option<f64>> = vec![None; usize::try_from(steps).unwrap_or_default() + 1];
    for (time, value) in times.iter().zip(values) {
        let index = usize::try_from(time.since(*first).div_euclid(step.max(1))).unwrap_or_default();
        if let Some(slot) = grid.get_mut(index)
            && value.is_finite()
        {
            *slot = Some(*value);
        }
    }
    let times = (0..grid.len()).map(|index| first.offset(index as i64 * step)).collect();
    (times, grid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_steps_stay_missing_on_the_grid() {
        let range = TimeRange::new(Timestamp(0), Timestamp(100));
        let (times, values) = on_grid(range, 10, &[Timestamp(20), Timestamp(50)], &[1.0, f64::NAN]);
        assert_eq!(times, [20, 30, 40, 50].map(Timestamp));
        assert_eq!(values, [Some(1.0), None, None, None]);
        assert_eq!(on_grid(range, 10, &[], &[]), (vec![], vec![]));
    }
}
