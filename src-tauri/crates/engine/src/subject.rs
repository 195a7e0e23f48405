//! Analysis of what a person (or a pass) points at: gets the values, hands them to `analysis`.

use model::{
    AnalysisAnswer, AnalysisRequest, CompareAnswer, CompareRequest, SeriesRequest, ServiceFigure,
    ServiceRequest, Subject, TimeRange, Timestamp,
};

use crate::{Engine, EngineError, now};

/// Durations compared at most per side; more are thinned evenly.
const MOST_DURATIONS: u32 = 20_000;
/// Points compared at most per side.
const MOST_POINTS: u32 = 2_000;

/// A subject as a series with the same step throughout.
pub(crate) struct SubjectSeries {
    pub(crate) unit: String,
    pub(crate) step: i64,
    pub(crate) times: Vec<Timestamp>,
    pub(crate) values: Vec<Option<f64>>,
}

impl Engine {
    /// Trend and expected band of a subject.
    pub async fn analyse(&self, request: &AnalysisRequest) -> Result<AnalysisAnswer, EngineError> {
        let series = self.subject_series(&request.subject, request.range, request.max_points).await?;
        let gaps = self.store().gaps(request.range).await?;
        computed(move || {
            let (times, values): (Vec<Timestamp>, Vec<f64>) = series
                .times
                .iter()
                .zip(&series.values)
                .filter_map(|(time, value)| Some((*time, (*value)?)))
                .unzip();
            AnalysisAnswer {
                trend: analysis::trend(&times, &values, 0.95, &series.unit),
                band: analysis::anomaly_band(&series.times, &series.values, series.step),
                unit: series.unit,
                gaps,
            }
        })
        .await
    }

    /// Two stretches of a subject held against each other.
    pub async fn compare(&self, request: &CompareRequest) -> Result<CompareAnswer, EngineError> {
        let (before, unit) = self.subject_values(&request.subject, request.before).await?;
        let (after, _) = self.subject_values(&request.subject, request.after).await?;
        let (before_range, after_range) = (request.before, request.after);
        computed(move || CompareAnswer {
            unit,
            comparison: analysis::compare(&before, &after, before_range, after_range),
        })
        .await
    }

    async fn subject_values(
        &self,
        subject: &Subject,
        range: TimeRange,
    ) -> Result<(Vec<f64>, String), EngineError> {
        if let Subject::Service { service, figure: ServiceFigure::P50 | ServiceFigure::P95 } = subject {
            let durations = self.store().request_durations(service, range, MOST_DURATIONS).await?;
            return Ok((durations, "ns".to_owned()));
        }
        let series = self.subject_series(subject, range, MOST_POINTS).await?;
        Ok((series.values.into_iter().flatten().collect(), series.unit))
    }

    pub(crate) async fn subject_series(
        &self,
        subject: &Subject,
        range: TimeRange,
        max_points: u32,
    ) -> Result<SubjectSeries, EngineError> {
        let (unit, step, times, values) = match subject {
            Subject::Metric { metric, matchers, aggregation } => {
                let request = SeriesRequest {
                    metric: metric.clone(),
                    matchers: matchers.clone(),
                    aggregation: *aggregation,
                    group_by: Vec::new(),
                    range,
                    step: None,
                    max_points,
                    limit: 1,
                };
                let answer = query::series(self.store(), &request).await?;
                let points = answer.series.into_iter().next();
                let (times, values) = points.map(|points| (points.times, points.values)).unwrap_or_default();
                (answer.unit, answer.step, times, values)
            }
            Subject::Service { service, figure } => {
                let request = ServiceRequest { service: service.clone(), operation: None, range, max_points };
                let Some(detail) = self.store().service_detail(&request).await? else {
                    return Err(EngineError::Refused(format!("no requests of {service:?} in this range")));
                };
                let (unit, values) = match figure {
                    ServiceFigure::Rate => ("/s", detail.rate),
                    ServiceFigure::ErrorRatio => {
                        let ratio = |(errors, rate): (&f64, &f64)| errors / rate;
                        ("1", detail.errors.iter().zip(&detail.rate).map(ratio).collect())
                    }
                    ServiceFigure::P50 => ("ns", detail.p50),
                    ServiceFigure::P95 => ("ns", detail.p95),
                };
                (unit.to_owned(), detail.step, detail.times, values)
            }
        };
        let (mut times, mut values) = on_grid(range, step, &times, &values);
        // What is still being counted would look like a fall.
        while times.last().is_some_and(|last| last.offset(step) > now()) {
            times.pop();
            values.pop();
        }
        Ok(SubjectSeries { unit, step, times, values })
    }
}

/// Puts values on every step between the first and the last that has one.
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
        let place = usize::try_from(time.since(*first).div_euclid(step.max(1))).unwrap_or_default();
        if let Some(slot) = grid.get_mut(place)
            && value.is_finite()
        {
            *slot = Some(*value);
        }
    }
    let times = (0..grid.len()).map(|place| first.offset(place as i64 * step)).collect();
    (times, grid)
}

/// Runs number crunching off the async threads.
pub(crate) async fn computed<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(compute)
        .await
        .map_err(|_| EngineError::Refused("the analysis failed with a fault of Binnacle".to_owned()))
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
