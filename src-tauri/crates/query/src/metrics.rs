//! Questions about metrics.

use model::{
    Aggregation, DataDetail, Gap, Labels, NANOS_PER_SECOND, SeriesAnswer, SeriesPoints, SeriesRequest,
    TagMatcher, TimeRange, Timestamp,
};
use store::Store;

use crate::{
    QueryError,
    aggregate::{self, Layout, Slots},
    asked::{Asked, is_histogram},
};

/// The most steps one answer may have.
const MOST_STEPS: i64 = 20_000;
/// The most steps one moving window may have.
const MOST_WINDOW_STEPS: i64 = 1000;
/// How many steps per series are read at most to find percentiles of gauges.
const MOST_FINE_STEPS: i64 = 6_000;

/// Values of a metric over time, grouped, the largest group (by its mean) first.
///
/// The range is aligned down to the step at its start. Where only minutes or hours are left of the points, the step is
/// rounded up to a multiple of them, and an end that lies within one of these is the end of it; the answer says which
/// step it is. Rates in a last step that has only begun are divided by what has passed of it, but by no less than half a
/// step. Errors when the range is empty, the step is not positive or there are too many steps.
pub async fn series(store: &Store, request: &SeriesRequest) -> Result<SeriesAnswer, QueryError> {
    if request.range.length() == 0 {
        return Err(QueryError::Invalid("the time range ends before it starts".into()));
    }
    let step = request.step.unwrap_or_else(|| request.range.step_for(request.max_points.max(1)));
    if step <= 0 {
        return Err(QueryError::Invalid(format!("the step of {step} ns is not positive")));
    }
    if request.range.length() / step >= MOST_STEPS {
        return Err(QueryError::Invalid(format!(
            "the range has more than {MOST_STEPS} steps; choose a longer step"
        )));
    }
    let asked = Asked::find(store, &request.metric, request.aggregation).await?;
    let (metric, matchers) = (asked.metric, &*request.matchers);
    let covered = |step| TimeRange::new(request.range.start.floor(step), request.range.end);
    let step = fitting(store, metric, matchers, step, covered).await?;
    let mut range = covered(step);
    let last = TimeRange::new(Timestamp(range.end.0 - 1).floor(step).max(range.start), range.end);
    // Steps of whole hours are made of hours where the points are gone, even if there are minutes.
    let unit = match store.detail(metric, matchers, last).await? {
        DataDetail::Minutes if step % length(DataDetail::Hours) == 0 => length(DataDetail::Hours),
        detail => length(detail),
    };
    range.end = ceiling(range.end, unit);
    let shape = Shape { range, step, stored: step, cut: Cut::Steps };
    let mut groups = evaluate(store, &asked, matchers, request.aggregation, &request.group_by, shape).await?;
    let unit = asked.unit(request.aggregation);
    aggregate::largest_first(&mut groups);
    let total_series = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    groups.truncate(request.limit as usize);
    let gaps: Vec<Gap> = store.gaps(range).await?;
    Ok(SeriesAnswer { unit, step, series: groups, total_series, gaps })
}

/// What a step must be a multiple of where no more is left than this, in nanoseconds.
fn length(detail: DataDetail) -> i64 {
    match detail {
        DataDetail::Points => 1,
        DataDetail::Minutes => 60 * NANOS_PER_SECOND,
        DataDetail::Hours => 3600 * NANOS_PER_SECOND,
    }
}

/// The least multiple of a unit that is no less than a step.
fn rounded_up(step: i64, unit: i64) -> i64 {
    step.saturating_add(unit - 1) / unit * unit
}

/// The first multiple of a unit that is not before a time.
fn ceiling(time: Timestamp, unit: i64) -> Timestamp {
    let floor = time.floor(unit);
    if floor == time { time } else { floor.offset(unit) }
}

/// The step, rounded up so far that everything left in the range that it `covered`s lies within single steps.
async fn fitting(
    store: &Store,
    metric: &str,
    matchers: &[TagMatcher],
    step: i64,
    covered: impl Fn(i64) -> TimeRange,
) -> Result<i64, QueryError> {
    let mut fitting = step;
    loop {
        let detail = store.detail(metric, matchers, covered(fitting)).await?;
        let rounded = rounded_up(step, length(detail));
        if rounded <= fitting {
            return Ok(fitting);
        }
        fitting = rounded;
    }
}

/// What [`instant`] answers.
#[derive(Debug, Clone, PartialEq)]
pub struct InstantAnswer {
    /// The window that the values are of: the one asked for, or the whole minutes or hours around it where no more is
    /// left of the points.
    pub window: TimeRange,
    /// The value of each group.
    pub values: Vec<(Labels, f64)>,
}

/// The value of a metric over one window, per group; groups without data are absent, and so are series that have
/// ended by the end of the window when their last value is asked for. Errors as [`series`].
pub async fn instant(
    store: &Store,
    metric: &str,
    matchers: &[TagMatcher],
    aggregation: Aggregation,
    group_by: &[String],
    window: TimeRange,
) -> Result<InstantAnswer, QueryError> {
    if window.length() == 0 {
        return Err(QueryError::Invalid("the window ends before it starts".into()));
    }
    let asked = Asked::find(store, metric, aggregation).await?;
    let (window, detail) = whole(store, asked.metric, matchers, window).await?;
    let hour = length(DataDetail::Hours);
    // Minutes must be read as such where hours would reach over the ends of the window.
    let minutes = detail == DataDetail::Minutes && window.start.floor(hour) != window.start;
    let step = window.length();
    let stored = if minutes && step % hour == 0 { hour / 2 } else { step };
    let shape = Shape { range: window, step, stored, cut: Cut::Whole };
    let groups = evaluate(store, &asked, matchers, aggregation, group_by, shape).await?;
    let values = groups
        .into_iter()
        .filter_map(|points| Some((points.labels, points.values.first().copied()?)))
        .collect();
    Ok(InstantAnswer { window, values })
}

/// A window, widened to whole ones of what is left in it, and what that is.
async fn whole(
    store: &Store,
    metric: &str,
    matchers: &[TagMatcher],
    window: TimeRange,
) -> Result<(TimeRange, DataDetail), QueryError> {
    let widened = |detail| {
        let unit = length(detail);
        TimeRange::new(window.start.floor(unit), ceiling(window.end, unit))
    };
    let mut detail = DataDetail::Points;
    loop {
        let found = store.detail(metric, matchers, widened(detail)).await?;
        if found <= detail {
            return Ok((widened(detail), detail));
        }
        detail = found;
    }
}

/// What [`instant`] would have answered at every step of the range, one window ending at each: times are
/// the ends of the windows, after the start of the range and up to its end. Windows are rounded up to
/// whole steps and begin at steps; the step is rounded up as by [`series`] where only minutes or hours are left in any
/// window. The groups are in order of their labels, all of them whatever the limit. Errors as [`series`], also when a
/// window has more than 1000 steps.
pub async fn moving(store: &Store, request: &SeriesRequest, window: i64) -> Result<SeriesAnswer, QueryError> {
    let step = request.step.unwrap_or_else(|| request.range.step_for(request.max_points.max(1)));
    if request.range.length() == 0 || step <= 0 || window <= 0 {
        return Err(QueryError::Invalid("the time range, the step and the window must not be empty".into()));
    }
    let count = |step: i64| window.saturating_add(step - 1) / step;
    if request.range.length() / step >= MOST_STEPS || count(step) > MOST_WINDOW_STEPS {
        return Err(QueryError::Invalid("the step is too short for the range or the window".into()));
    }
    let covered = |step: i64| {
        let start = request.range.start.floor(step);
        TimeRange::new(start.offset(-step.saturating_mul(count(step) - 1)), request.range.end)
    };
    let asked = Asked::find(store, &request.metric, request.aggregation).await?;
    let (metric, matchers) = (asked.metric, &*request.matchers);
    let step = fitting(store, metric, matchers, step, covered).await?;
    let (range, count) = (covered(step), count(step));
    let shape = Shape { range, step, stored: step, cut: Cut::Windows(count) };
    let groups = evaluate(store, &asked, matchers, request.aggregation, &request.group_by, shape).await?;
    let unit = asked.unit(request.aggregation);
    let inside = |time: Timestamp| time > request.range.start && time <= request.range.end;
    let series: Vec<SeriesPoints> = groups
        .into_iter()
        .map(|points| {
            let kept = points.times.into_iter().zip(points.values).filter(|point| inside(point.0));
            let (times, values) = kept.unzip();
            SeriesPoints { labels: points.labels, times, values }
        })
        .filter(|points| !points.times.is_empty())
        .collect();
    let total_series = u32::try_from(series.len()).unwrap_or(u32::MAX);
    Ok(SeriesAnswer { unit, step, series, total_series, gaps: store.gaps(request.range).await? })
}

/// The unit that [`instant`] answers in; empty for a metric nobody has heard of.
pub async fn instant_unit(
    store: &Store,
    metric: &str,
    aggregation: Aggregation,
) -> Result<String, QueryError> {
    Ok(Asked::find(store, metric, aggregation).await?.unit(aggregation))
}

/// How an evaluation is cut in time.
#[derive(Clone, Copy)]
struct Shape {
    range: TimeRange,
    step: i64,
    /// Length of the steps that the values are made of.
    stored: i64,
    cut: Cut,
}

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// Into steps, each put at its start.
    Steps,
    /// Not at all: one value for the range, put at its start.
    Whole,
    /// Into windows of so many steps, one ending at each step, put at its end.
    Windows(i64),
}

impl Shape {
    fn slots(self, time: Timestamp) -> Slots {
        match self.cut {
            Cut::Steps => Slots::one(time.floor(self.step)),
            Cut::Whole => Slots::one(self.range.start),
            Cut::Windows(count) => {
                Slots { first: time.floor(self.step).offset(self.step), step: self.step, count }
            }
        }
    }

    fn seconds(self, slot: Timestamp) -> f64 {
        let covered = match self.cut {
            Cut::Windows(count) => self.step.saturating_mul(count),
            Cut::Steps | Cut::Whole => self.range.end.since(slot).clamp(self.step / 2, self.step),
        };
        covered as f64 / NANOS_PER_SECOND as f64
    }

    /// The step the store is asked for: percentiles of gauges need their samples one by one.
    fn stored_step(self, aggregation: Aggregation) -> i64 {
        if aggregation.quantile().is_none() {
            return self.stored;
        }
        let steps = (self.range.length() / self.step).max(1);
        let parts = (MOST_FINE_STEPS / steps).clamp(1, 60).min((self.step / NANOS_PER_SECOND).max(1));
        // Only a whole divisor keeps the fine steps inside the coarse ones.
        let fits = |parts: &i64| self.cut == Cut::Whole || self.step % *parts == 0;
        self.step / (1..=parts).rev().find(fits).unwrap_or(1)
    }
}

async fn evaluate(
    store: &Store,
    asked: &Asked<'_>,
    matchers: &[TagMatcher],
    aggregation: Aggregation,
    group_by: &[String],
    shape: Shape,
) -> Result<Vec<SeriesPoints>, QueryError> {
    let Some((kind, _)) = asked.known else { return Ok(Vec::new()) };
    let (metric, group_by) = (asked.metric, group_by.to_vec());
    if is_histogram(kind) {
        let mut read = store.read_histograms(metric, matchers, shape.range, shape.stored).await?;
        asked.count(&mut read);
        compute(shape, aggregation, group_by, move |layout| aggregate::histograms(&read, layout)).await
    } else {
        let step = shape.stored_step(aggregation);
        let read = match aggregation {
            Aggregation::Rate | Aggregation::Increase => {
                store.read_changes(metric, matchers, shape.range, step).await?
            }
            _ => store.read_buckets(metric, matchers, shape.range, step).await?,
        };
        compute(shape, aggregation, group_by, move |layout| aggregate::numbers(&read, layout)).await
    }
}

async fn compute(
    shape: Shape,
    aggregation: Aggregation,
    group_by: Vec<String>,
    reduce: impl FnOnce(&Layout<'_>) -> Vec<SeriesPoints> + Send + 'static,
) -> Result<Vec<SeriesPoints>, QueryError> {
    let work = move || {
        reduce(&Layout {
            aggregation,
            group_by: &group_by,
            slots: &|time| shape.slots(time),
            stands: shape.cut != Cut::Steps,
            seconds: &|slot| shape.seconds(slot),
        })
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}
