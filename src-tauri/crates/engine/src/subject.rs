//! Analysis of what a person (or a pass) points at: gets the values, hands them to `analysis`.

mod context;
mod figures;

use analysis::Knowledge;
use model::{
    AnalysisAnswer, AnalysisRequest, CompareAnswer, CompareRequest, NANOS_PER_SECOND, SeriesRequest,
    ServiceFigure, Subject, TimeRange, Timestamp,
};

use crate::{Engine, EngineError, now};

/// Durations compared at most per side; more are thinned evenly.
const MOST_DURATIONS: u32 = 20_000;
/// Points compared at most per side.
const MOST_POINTS: u32 = 2_000;

/// Telemetry that is younger may be incomplete: senders are a little late.
const LATENESS: i64 = 5 * NANOS_PER_SECOND;

/// A subject as a series with the same step throughout.
pub(crate) struct SubjectSeries {
    pub(crate) unit: String,
    pub(crate) times: Vec<Timestamp>,
    pub(crate) values: Vec<Option<f64>>,
    /// The standard deviation that chance alone gives a value; 0 where it is not known.
    pub(crate) noise: f64,
    /// No value can be larger.
    pub(crate) most: Option<f64>,
}

/// How finely a subject is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Fineness {
    /// Length of a step in nanoseconds.
    pub(crate) step: i64,
    /// Steps of a service with fewer requests count as having no value.
    pub(crate) least_requests: u64,
}

/// What was found about a subject.
pub(crate) struct Study {
    pub(crate) answer: AnalysisAnswer,
    /// The first value that was learnt from, before the range asked for where there is one.
    pub(crate) learnt_from: Option<Timestamp>,
}

impl Engine {
    /// Trend and expected band of a subject. What is expected is learnt from up to a day before the range, or a week for
    /// ranges of a day and more.
    pub async fn analyse(&self, request: &AnalysisRequest) -> Result<AnalysisAnswer, EngineError> {
        let step = request.range.step_for(request.max_points);
        let fineness = Fineness { step, least_requests: 1 };
        Ok(self.study(&request.subject, request.range, fineness).await?.answer)
    }

    pub(crate) async fn study(
        &self,
        subject: &Subject,
        range: TimeRange,
        fineness: Fineness,
    ) -> Result<Study, EngineError> {
        let series = self.subject_series(subject, context::around(range, fineness.step), fineness).await?;
        let gaps = self.store().gaps(range).await?;
        computed(move || {
            let known = Knowledge { noise: series.noise, looked_at: Some(range.length()) };
            let whole = analysis::anomaly_band_knowing(&series.times, &series.values, fineness.step, known);
            let learnt_from = context::first_value(&whole);
            let mut band = context::cut(whole, range, fineness.step);
            if let Some(most) = series.most {
                band.upper.iter_mut().flatten().for_each(|upper| *upper = upper.min(most));
            }
            let (times, values): (Vec<Timestamp>, Vec<f64>) = band
                .times
                .iter()
                .zip(&band.values)
                .filter_map(|(time, value)| Some((*time, (*value)?)))
                .unzip();
            let trend = analysis::trend(&times, &values, 0.95, &series.unit);
            Study { answer: AnalysisAnswer { trend, band, unit: series.unit, gaps }, learnt_from }
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
        let fineness = Fineness { step: range.step_for(MOST_POINTS), least_requests: 1 };
        let series = self.subject_series(subject, range, fineness).await?;
        Ok((series.values.into_iter().flatten().collect(), series.unit))
    }

    async fn subject_series(
        &self,
        subject: &Subject,
        range: TimeRange,
        fineness: Fineness,
    ) -> Result<SubjectSeries, EngineError> {
        let Fineness { step, least_requests } = fineness;
        let (unit, noise, times, values) = match subject {
            Subject::Metric { metric, matchers, aggregation } => {
                let request = SeriesRequest {
                    metric: metric.clone(),
                    matchers: matchers.clone(),
                    aggregation: *aggregation,
                    group_by: Vec::new(),
                    range,
                    step: Some(step),
                    max_points: MOST_POINTS,
                    limit: 1,
                };
                let answer = query::series(self.store(), &request).await?;
                let points = answer.series.into_iter().next();
                let (times, values) = points.map(|points| (points.times, points.values)).unwrap_or_default();
                (answer.unit, 0.0, times, values)
            }
            Subject::Service { service, figure } => {
                let steps = self.store().service_steps(service, range, step).await?;
                if steps.is_empty() {
                    return Err(EngineError::Refused(format!("no requests of {service:?} in this range")));
                }
                let figured = figures::of(&steps, *figure, range, step, least_requests);
                (figured.unit.to_owned(), figured.noise, figured.times, figured.values)
            }
        };
        let (mut times, mut values) = on_grid(range, step, &times, &values);
        // What is still being counted would look like a fall.
        let complete = now().offset(-LATENESS);
        while times.last().is_some_and(|last| last.offset(step) > complete) {
            times.pop();
            values.pop();
        }
        let share = matches!(subject, Subject::Service { figure: ServiceFigure::ErrorRatio, .. });
        Ok(SubjectSeries { unit, times, values, noise, most: share.then_some(1.0) })
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
