//! The range an expected band is trained on: the requested range and the time before it.

use model::{AnomalyBand, TimeRange, Timestamp};

const DAY: i64 = 86_400 * model::NANOS_PER_SECOND;
/// Maximum number of steps of a training range, unless the requested range alone has more.
const MAX_STEPS: i64 = 3_000;
/// The training part is at least this many times as long as the requested range.
const MIN_TIMES: i64 = 4;

/// Returns the requested range in whole steps, extended into the past.
///
/// The extension is a day, or a week for ranges of a day and more. It is at least four times the
/// range, within the maximum number of steps.
pub(crate) fn around(range: TimeRange, step: i64) -> TimeRange {
    let step = step.max(1);
    let wanted = if range.length() >= DAY { 7 * DAY } else { DAY };
    let max_before = step.saturating_mul(MAX_STEPS).saturating_sub(range.length()).max(0);
    let before = wanted.max(range.length().saturating_mul(MIN_TIMES)).min(max_before);
    let end = range.end.floor(step);
    let end = if end < range.end { end.offset(step) } else { end };
    TimeRange::new(range.start.offset(-before).floor(step), end)
}

/// Returns the time of the first value.
pub(crate) fn first_value(band: &AnomalyBand) -> Option<Timestamp> {
    band.times.iter().zip(&band.values).find(|(_, value)| value.is_some()).map(|(time, _)| *time)
}

/// Cuts a band to a range: the steps that start in it, and the anomalies that overlap it.
pub(crate) fn cut(mut band: AnomalyBand, range: TimeRange, step: i64) -> AnomalyBand {
    let first = band.times.partition_point(|time| *time < range.start);
    let last = band.times.partition_point(|time| *time < range.end).max(first);
    band.times = band.times[first..last].to_vec();
    for values in [&mut band.values, &mut band.expected, &mut band.lower, &mut band.upper] {
        *values = values[first..last].to_vec();
    }
    band.anomalies
        .retain(|anomaly| anomaly.range.end.since(range.start) >= step && anomaly.range.start < range.end);
    band
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AnomalyInterval, NANOS_PER_SECOND};

    const HOUR: i64 = 3600 * NANOS_PER_SECOND;

    #[test]
    fn a_short_range_is_trained_on_a_day_within_the_maximum_number_of_steps() {
        let end = Timestamp(1_000 * HOUR + 7 * NANOS_PER_SECOND);
        let hour = TimeRange::new(end.offset(-HOUR), end);
        let trained = around(hour, 60 * NANOS_PER_SECOND);
        assert_eq!((trained.start.0 / HOUR, trained.end.0), (975, 1_000 * HOUR + 60 * NANOS_PER_SECOND));
        let fine = around(hour, 15 * NANOS_PER_SECOND);
        assert!((2_999..=3_002).contains(&(fine.length() / (15 * NANOS_PER_SECOND))));
        let days = TimeRange::new(end.offset(-2 * DAY), end);
        assert_eq!(around(days, HOUR).length() / DAY, 10, "four times the range is more than a week");
        assert_eq!(around(TimeRange::new(end, end), 0).end, end);
    }

    #[test]
    fn a_band_is_cut_to_the_requested_range() {
        let values: Vec<Option<f64>> = (0..10).map(|value| Some(f64::from(value))).collect();
        let anomaly = |start, end| AnomalyInterval {
            range: TimeRange::new(Timestamp(start), Timestamp(end)),
            extreme: 1.0,
            expected: 0.0,
            score: 9.0,
        };
        let band = AnomalyBand {
            times: (0..10).map(|index| Timestamp(index * 10)).collect(),
            expected: values.clone(),
            lower: values.clone(),
            upper: values.clone(),
            values,
            anomalies: vec![anomaly(10, 20), anomaly(30, 70)],
            season: None,
        };
        assert_eq!(first_value(&band), Some(Timestamp(0)));
        let cut = cut(band, TimeRange::new(Timestamp(55), Timestamp(80)), 10);
        assert_eq!(cut.times, [60, 70].map(Timestamp));
        assert_eq!((cut.values.len(), cut.upper[0]), (2, Some(6.0)));
        assert_eq!(cut.anomalies, [anomaly(30, 70)]);
    }
}
