//! What lies before a range, to learn from it what is usual.

use model::{AnomalyBand, TimeRange, Timestamp};

const DAY: i64 = 86_400 * model::NANOS_PER_SECOND;
/// A range and what lies before it have at most this many steps, unless the range alone has more.
const MOST_STEPS: i64 = 3_000;
/// At least this many times the range is learnt from.
const LEAST_TIMES: i64 = 4;

/// The range in whole steps with what lies before it: a day, a week for ranges of a day and more, at least four times
/// the range, as far as the steps suffice.
pub(super) fn around(range: TimeRange, step: i64) -> TimeRange {
    let step = step.max(1);
    let wanted = if range.length() >= DAY { 7 * DAY } else { DAY };
    let suffices = step.saturating_mul(MOST_STEPS).saturating_sub(range.length()).max(0);
    let before = wanted.max(range.length().saturating_mul(LEAST_TIMES)).min(suffices);
    let end = range.end.floor(step);
    let end = if end < range.end { end.offset(step) } else { end };
    TimeRange::new(range.start.offset(-before).floor(step), end)
}

/// When the first value was.
pub(super) fn first_value(band: &AnomalyBand) -> Option<Timestamp> {
    band.times.iter().zip(&band.values).find(|(_, value)| value.is_some()).map(|(time, _)| *time)
}

/// What of a band belongs to a range: the steps that start in it, and the anomalies that touch it.
pub(super) fn cut(mut band: AnomalyBand, range: TimeRange, step: i64) -> AnomalyBand {
    let first = band.times.partition_point(|time| *time < range.start);
    let last = band.times.partition_point(|time| *time < range.end).max(first);
    band.times = band.times[first..last].to_vec();
    for values in [&mut band.values, &mut band.expected, &mut band.lower, &mut band.upper] {
        *values = values[first..last].to_vec();
    }
    band.anomalies
        .retain(|stretch| stretch.range.end.since(range.start) >= step && stretch.range.start < range.end);
    band
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AnomalyStretch, NANOS_PER_SECOND};

    const HOUR: i64 = 3600 * NANOS_PER_SECOND;

    #[test]
    fn a_short_range_is_learnt_from_a_day_as_far_as_the_steps_suffice() {
        let end = Timestamp(1_000 * HOUR + 7 * NANOS_PER_SECOND);
        let hour = TimeRange::new(end.offset(-HOUR), end);
        let learnt = around(hour, 60 * NANOS_PER_SECOND);
        assert_eq!((learnt.start.0 / HOUR, learnt.end.0), (975, 1_000 * HOUR + 60 * NANOS_PER_SECOND));
        let fine = around(hour, 15 * NANOS_PER_SECOND);
        assert!((2_999..=3_002).contains(&(fine.length() / (15 * NANOS_PER_SECOND))));
        let days = TimeRange::new(end.offset(-2 * DAY), end);
        assert_eq!(around(days, HOUR).length() / DAY, 10, "four times the range is more than a week");
        assert_eq!(around(TimeRange::new(end, end), 0).end, end);
    }

    #[test]
    fn only_what_was_asked_for_is_answered() {
        let values: Vec<Option<f64>> = (0..10).map(|value| Some(f64::from(value))).collect();
        let stretch = |start, end| AnomalyStretch {
            range: TimeRange::new(Timestamp(start), Timestamp(end)),
            extreme: 1.0,
            expected: 0.0,
            score: 9.0,
        };
        let band = AnomalyBand {
            times: (0..10).map(|place| Timestamp(place * 10)).collect(),
            expected: values.clone(),
            lower: values.clone(),
            upper: values.clone(),
            values,
            anomalies: vec![stretch(10, 20), stretch(30, 70)],
            season: None,
        };
        assert_eq!(first_value(&band), Some(Timestamp(0)));
        let cut = cut(band, TimeRange::new(Timestamp(55), Timestamp(80)), 10);
        assert_eq!(cut.times, [60, 70].map(Timestamp));
        assert_eq!((cut.values.len(), cut.upper[0]), (2, Some(6.0)));
        assert_eq!(cut.anomalies, [stretch(30, 70)]);
    }
}
