//! Trend, expected band and comparison of an analysis target.

use ::analysis::{SeriesFacts, anomaly_band_with};
use model::{
    AnalysisRequest, AnalysisResponse, AnalysisTarget, CompareRequest, CompareResponse, TimeRange, Timestamp,
};
use store::{Snapshot, Store};

use crate::{
    InsightError,
    analysis_target::{target_series, target_values},
    resolution::Resolution,
    training_range,
};

/// The confidence of the interval of a trend's slope.
const CONFIDENCE: f64 = 0.95;

/// The result of an analysis.
#[derive(Debug, Clone)]
pub(crate) struct AnalysisResult {
    /// Trend and expected band in the requested range.
    pub(crate) answer: AnalysisResponse,
    /// Time of the first value used for training. It may lie before the requested range.
    pub(crate) trained_from: Option<Timestamp>,
}

/// Computes trend and expected band of a target.
///
/// The expected band is trained on up to a day before the range, and on up to a week for ranges of
/// a day and more. `now` limits the values to those that are complete.
pub async fn analyze(
    store: &Store,
    request: &AnalysisRequest,
    now: Timestamp,
) -> Result<AnalysisResponse, InsightError> {
    let resolution = Resolution { step: request.range.step_for(request.max_points), min_requests: 1 };
    let snapshot = store.snapshot(training_range::around(request.range, resolution.step)).await?;
    Ok(analyze_target(&snapshot, &request.target, request.range, resolution, now).await?.answer)
}

/// Computes trend and expected band of a target at a given resolution, from one snapshot.
pub(crate) async fn analyze_target(
    snapshot: &Snapshot,
    target: &AnalysisTarget,
    range: TimeRange,
    resolution: Resolution,
    now: Timestamp,
) -> Result<AnalysisResult, InsightError> {
    let step = resolution.step;
    let series =
        target_series(snapshot, target, training_range::around(range, step), resolution, now).await?;
    let gaps = snapshot.history().gaps(range).await?;
    compute(move || {
        let facts = SeriesFacts { noise: series.noise, analysed_length: Some(range.length()) };
        let trained = anomaly_band_with(&series.times, &series.values, step, facts);
        let trained_from = training_range::first_value(&trained);
        let mut band = training_range::cut(trained, range, step);
        if let Some(max) = series.max {
            band.upper.iter_mut().flatten().for_each(|upper| *upper = upper.min(max));
        }
        let (times, values): (Vec<Timestamp>, Vec<f64>) =
            band.times.iter().zip(&band.values).filter_map(|(time, value)| Some((*time, (*value)?))).unzip();
        let trend = ::analysis::trend(&times, &values, CONFIDENCE, &series.unit);
        AnalysisResult { answer: AnalysisResponse { trend, band, unit: series.unit, gaps }, trained_from }
    })
    .await
}

/// Compares two ranges of a target.
pub async fn compare(
    store: &Store,
    request: &CompareRequest,
    now: Timestamp,
) -> Result<CompareResponse, InsightError> {
    let (first, last) = (request.before, request.after);
    let both = TimeRange::new(first.start.min(last.start), first.end.max(last.end));
    let snapshot = store.snapshot(both).await?;
    let (before, unit) = target_values(&snapshot, &request.target, request.before, now).await?;
    let (after, _) = target_values(&snapshot, &request.target, request.after, now).await?;
    let (before_range, after_range) = (request.before, request.after);
    compute(move || CompareResponse {
        unit,
        comparison: ::analysis::compare(&before, &after, before_range, after_range),
    })
    .await
}

/// Runs a computation on a blocking thread.
async fn compute<T: Send + 'static>(
    computation: impl FnOnce() -> T + Send + 'static,
) -> Result<T, InsightError> {
    tokio::task::spawn_blocking(computation).await.map_err(|_| InsightError::Panicked)
}
