//! The evaluation plan of a metric query, and its evaluation.

use model::{Aggregation, DataResolution, NANOS_PER_SECOND, SeriesRequest, TagMatcher, TimeRange, Timestamp};
use store::{SelectHints, SeriesSet, Snapshot};

use super::{
    classic::LE,
    counters,
    groups::{GroupPoints, Grouping},
    histograms,
    metric_ref::{MetricRef, Values},
    numbers,
    windowing::{WindowKind, Windowing},
};
use crate::QueryError;

/// Maximum number of steps of one answer.
const MAX_STEPS: i64 = 20_000;
/// Maximum number of steps of one moving window.
const MAX_WINDOW_STEPS: i64 = 1000;

/// The evaluation of one aggregation of a metric.
#[derive(Debug)]
pub(super) struct EvalPlan<'a> {
    metric: MetricRef,
    series: SeriesSet,
    /// The series that the values are divided by.
    divisor: Option<SeriesSet>,
    aggregation: Aggregation,
    group_by: &'a [String],
    windowing: Windowing,
}

impl<'a> EvalPlan<'a> {
    /// Plans one value per step of a range.
    pub(super) async fn stepped(snapshot: &Snapshot, request: &'a SeriesRequest) -> Result<Self, QueryError> {
        if request.range.length() == 0 {
            return Err(QueryError::Invalid("the time range ends before it starts".into()));
        }
        let step = step_of(request);
        if step <= 0 {
            return Err(QueryError::Invalid(format!("the step of {step} ns is not positive")));
        }
        if request.range.length() / step >= MAX_STEPS {
            return Err(QueryError::Invalid(format!(
                "the range has more than {MAX_STEPS} steps; choose a longer step"
            )));
        }
        let metric = MetricRef::resolve(snapshot, &request.metric, request.aggregation).await?;
        let (series, divisor) = select(snapshot, &metric, &request.matchers, &request.group_by).await?;
        let covered = |step| TimeRange::new(request.range.start.floor(step), request.range.end);
        let step = coarsened(&series, step, covered).await?;
        let mut range = covered(step);
        let last = Timestamp(range.end.0 - 1).floor(step).max(range.start);
        let last = TimeRange::new(last, last.offset(step));
        // Steps of whole hours are computed from hours where raw points have expired.
        let unit = match series.within(last).coarsest_resolution().await? {
            DataResolution::Minutes if step % length(DataResolution::Hours) == 0 => {
                length(DataResolution::Hours)
            }
            detail => length(detail),
        };
        range.end = ceiling(range.end, unit);
        let windowing = Windowing { range, step, read_step: step, kind: WindowKind::Steps };
        Ok(Self::of_request(request, metric, series, divisor, windowing))
    }

    /// Plans one value for a window.
    pub(super) async fn instant(
        snapshot: &Snapshot,
        metric: &str,
        matchers: &[TagMatcher],
        aggregation: Aggregation,
        group_by: &'a [String],
        window: TimeRange,
    ) -> Result<Self, QueryError> {
        if window.length() == 0 {
            return Err(QueryError::Invalid("the window ends before it starts".into()));
        }
        let metric = MetricRef::resolve(snapshot, metric, aggregation).await?;
        let (series, divisor) = select(snapshot, &metric, matchers, group_by).await?;
        let (range, detail) = widened(&series, window).await?;
        let hour = length(DataResolution::Hours);
        // Hours would extend beyond the ends of the window, so minutes are read.
        let needs_minutes = detail == DataResolution::Minutes && range.start.floor(hour) != range.start;
        let step = range.length();
        let read_step = if needs_minutes && step % hour == 0 { hour / 2 } else { step };
        let windowing = Windowing { range, step, read_step, kind: WindowKind::Whole };
        Ok(Self { metric, series, divisor, aggregation, group_by, windowing })
    }

    /// Plans one value per step, each over the window of this many nanoseconds before it.
    pub(super) async fn moving(
        snapshot: &Snapshot,
        request: &'a SeriesRequest,
        window: i64,
    ) -> Result<Self, QueryError> {
        let step = step_of(request);
        if request.range.length() == 0 || step <= 0 || window <= 0 {
            return Err(QueryError::Invalid(
                "the time range, the step and the window must be longer than 0".into(),
            ));
        }
        let count = |step: i64| window.saturating_add(step - 1) / step;
        if request.range.length() / step >= MAX_STEPS || count(step) > MAX_WINDOW_STEPS {
            return Err(QueryError::Invalid("the step is too short for the range or the window".into()));
        }
        let covered = |step: i64| {
            let start = request.range.start.floor(step);
            TimeRange::new(start.offset(-step.saturating_mul(count(step) - 1)), request.range.end)
        };
        let metric = MetricRef::resolve(snapshot, &request.metric, request.aggregation).await?;
        let (series, divisor) = select(snapshot, &metric, &request.matchers, &request.group_by).await?;
        let step = coarsened(&series, step, covered).await?;
        let (range, kind) = (covered(step), WindowKind::Moving(count(step)));
        let windowing = Windowing { range, step, read_step: step, kind };
        Ok(Self::of_request(request, metric, series, divisor, windowing))
    }

    fn of_request(
        request: &'a SeriesRequest,
        metric: MetricRef,
        series: SeriesSet,
        divisor: Option<SeriesSet>,
        windowing: Windowing,
    ) -> Self {
        let SeriesRequest { aggregation, group_by, .. } = request;
        Self { metric, series, divisor, aggregation: *aggregation, group_by, windowing }
    }

    /// Returns the range that is read from the store.
    pub(super) fn range(&self) -> TimeRange {
        self.windowing.range
    }

    /// Returns the distance of two values, in nanoseconds.
    pub(super) fn step(&self) -> i64 {
        self.windowing.step
    }

    /// Returns the unit of the values; empty for an unknown metric.
    pub(super) fn unit(&self) -> String {
        self.metric.unit(self.aggregation)
    }

    /// Reads the series and returns the values of each group, ordered by labels.
    pub(super) async fn evaluate(&self) -> Result<Vec<GroupPoints>, QueryError> {
        if self.metric.kind_and_unit.is_none() {
            return Ok(Vec::new());
        }
        let series = self.series.within(self.range());
        let step = self.windowing.read_step;
        match &self.metric.values {
            Values::Samples => {
                let read = series.buckets(self.windowing.read_step_for(self.aggregation)).await?;
                self.compute(move |grouping| numbers::aggregate(&read, grouping)).await
            }
            Values::Increases => {
                let read = series.counters(step).await?;
                let per_second = self.aggregation == Aggregation::Rate;
                self.compute(move |grouping| counters::aggregate(&read, grouping, per_second)).await
            }
            Values::Histograms => {
                let read = series.histograms(step).await?;
                let of_sum = self.metric.is_sum();
                self.compute(move |grouping| histograms::aggregate(&read, grouping, of_sum)).await
            }
            Values::ClassicBuckets => {
                let read = series.counters(step).await?;
                let quantile = match self.aggregation {
                    Aggregation::Minimum => 0.0,
                    Aggregation::Maximum => 1.0,
                    aggregation => aggregation.quantile().unwrap_or_default(),
                };
                self.compute(move |grouping| counters::classic_quantile(&read, grouping, quantile)).await
            }
            Values::ClassicAverage(_) => {
                let Some(divisor) = &self.divisor else { return Ok(Vec::new()) };
                let sums = series.counters(step).await?;
                let counts = divisor.within(self.range()).counters(step).await?;
                self.compute(move |grouping| counters::ratio(&sums, &counts, grouping)).await
            }
        }
    }

    /// Aggregates on a thread of its own.
    async fn compute(
        &self,
        aggregate: impl FnOnce(&Grouping) -> Vec<GroupPoints> + Send + 'static,
    ) -> Result<Vec<GroupPoints>, QueryError> {
        let grouping = Grouping {
            aggregation: self.aggregation,
            group_by: self.group_by.to_vec(),
            windowing: self.windowing,
        };
        Ok(tokio::task::spawn_blocking(move || aggregate(&grouping)).await?)
    }
}

/// Selects the series of a metric, and those that their values are divided by. They come with the
/// labels that the evaluation needs.
async fn select(
    snapshot: &Snapshot,
    metric: &MetricRef,
    matchers: &[TagMatcher],
    group_by: &[String],
) -> Result<(SeriesSet, Option<SeriesSet>), QueryError> {
    let labels: Vec<String> = group_by.iter().cloned().chain([LE.to_owned()]).collect();
    let series = snapshot.select(matchers, SelectHints::metric(&metric.name)).await?.labelled_by(&labels);
    let divisor = match &metric.values {
        Values::ClassicAverage(name) => {
            Some(snapshot.select(matchers, SelectHints::metric(name)).await?.labelled_by(&labels))
        }
        _ => None,
    };
    Ok((series, divisor))
}

/// Returns the requested step, or one that divides the range into at most `max_points` steps.
fn step_of(request: &SeriesRequest) -> i64 {
    request.step.unwrap_or_else(|| request.range.step_for(request.max_points.max(1)))
}

/// Returns the length of one record of a resolution, in nanoseconds.
fn length(detail: DataResolution) -> i64 {
    match detail {
        DataResolution::Points => 1,
        DataResolution::Minutes => 60 * NANOS_PER_SECOND,
        DataResolution::Hours => 3600 * NANOS_PER_SECOND,
    }
}

/// Returns the smallest multiple of `unit` that is at least `step`.
fn rounded_up(step: i64, unit: i64) -> i64 {
    step.saturating_add(unit - 1) / unit * unit
}

/// Returns the first multiple of `unit` that is not before `time`.
fn ceiling(time: Timestamp, unit: i64) -> Timestamp {
    let floor = time.floor(unit);
    if floor == time { time } else { floor.offset(unit) }
}

/// Rounds a step up until every record of the range that it covers is inside one step.
async fn coarsened(
    series: &SeriesSet,
    step: i64,
    covered: impl Fn(i64) -> TimeRange,
) -> Result<i64, QueryError> {
    let mut coarsened = step;
    loop {
        let detail = series.within(covered(coarsened)).coarsest_resolution().await?;
        let rounded = rounded_up(step, length(detail));
        if rounded <= coarsened {
            return Ok(coarsened);
        }
        coarsened = rounded;
    }
}

/// Widens a window to whole records of the resolution that is left in it, and returns both.
async fn widened(series: &SeriesSet, window: TimeRange) -> Result<(TimeRange, DataResolution), QueryError> {
    let widened = |detail| {
        let unit = length(detail);
        TimeRange::new(window.start.floor(unit), ceiling(window.end, unit))
    };
    let mut detail = DataResolution::Points;
    loop {
        let found = series.within(widened(detail)).coarsest_resolution().await?;
        if found <= detail {
            return Ok((widened(detail), detail));
        }
        detail = found;
    }
}
