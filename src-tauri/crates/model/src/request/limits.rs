//! The limits of what a request may ask for. A request beyond them is refused when it is read,
//! before any work.

use serde::{Deserialize, Deserializer, de::Error};

use crate::{NANOS_PER_SECOND, TimeRange, Timestamp};

/// The first time that a request may name: 1900-01-01.
const MIN_TIME: Timestamp = Timestamp(-2_208_988_800 * NANOS_PER_SECOND);
/// The last time that a request may name: 2150-01-01. The length of a range then fits into 64 bits.
const MAX_TIME: Timestamp = Timestamp(5_680_281_600 * NANOS_PER_SECOND);
/// Maximum number of steps that a request may ask for.
const MAX_POINTS: u32 = 100_000;
/// Maximum number of buckets for each item of a list.
const MAX_BUCKETS: u32 = 2_000;
/// Maximum length of a step in nanoseconds: 10,000 days.
const MAX_STEP: i64 = 10_000 * 86_400 * NANOS_PER_SECOND;
/// Maximum length of a mute in minutes: ten years.
const MAX_MINUTES: u32 = 10 * 366 * 1_440;
/// Maximum offset of a time zone in minutes. The largest one in use is 14 hours.
const MAX_UTC_OFFSET_MINUTES: i32 = 1_440;

impl TimeRange {
    /// Returns the range if its times are ones that a request may name. The error is for people.
    pub fn validate(self) -> Result<Self, String> {
        if self.start < MIN_TIME || self.end < MIN_TIME || self.start > MAX_TIME || self.end > MAX_TIME {
            return Err(format!(
                "the time range from {} to {} ns since 1970 is not between the years 1900 and 2150",
                self.start.0, self.end.0
            ));
        }
        Ok(self)
    }
}

/// Reads a range, and refuses one that [`TimeRange::validate`] refuses.
pub fn requested_range<'de, D: Deserializer<'de>>(input: D) -> Result<TimeRange, D::Error> {
    TimeRange::deserialize(input)?.validate().map_err(D::Error::custom)
}

/// Reads a number of steps, 1 to 100,000.
pub fn requested_points<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    points_up_to(MAX_POINTS, input)
}

/// Reads a number of buckets for each item of a list, 1 to 2,000.
pub fn requested_buckets<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    points_up_to(MAX_BUCKETS, input)
}

fn points_up_to<'de, D: Deserializer<'de>>(max: u32, input: D) -> Result<u32, D::Error> {
    let points = u32::deserialize(input)?;
    refuse(points == 0 || points > max, || {
        format!("{points} steps are requested; permitted are 1 to {max}")
    })?;
    Ok(points)
}

/// Reads a step in nanoseconds, above 0 and at most 10,000 days.
pub fn requested_step<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    let step = Option::<i64>::deserialize(input)?;
    refuse(step.is_some_and(|step| !(1..=MAX_STEP).contains(&step)), || {
        format!("a step of {} ns is not between 1 ns and 10,000 days", step.unwrap_or_default())
    })?;
    Ok(step)
}

/// Reads a length in minutes, at most ten years.
pub fn requested_minutes<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u32>, D::Error> {
    let minutes = Option::<u32>::deserialize(input)?;
    refuse(minutes.is_some_and(|minutes| minutes > MAX_MINUTES), || {
        format!("{} minutes are longer than ten years", minutes.unwrap_or_default())
    })?;
    Ok(minutes)
}

/// Reads the offset of a time zone in minutes, at most a day.
pub fn requested_utc_offset<'de, D: Deserializer<'de>>(input: D) -> Result<i32, D::Error> {
    let minutes = i32::deserialize(input)?;
    refuse(!(-MAX_UTC_OFFSET_MINUTES..=MAX_UTC_OFFSET_MINUTES).contains(&minutes), || {
        format!("a time zone {minutes} minutes from UTC does not exist")
    })?;
    Ok(minutes)
}

fn refuse<E: Error>(refused: bool, reason: impl FnOnce() -> String) -> Result<(), E> {
    if refused { Err(E::custom(reason())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{LogCountRequest, ReportRequest, SeriesRequest, ServicesRequest};

    fn refusal<T: serde::de::DeserializeOwned>(request: Value) -> Option<String> {
        serde_json::from_value::<T>(request).err().map(|error| error.to_string())
    }

    #[test]
    fn absurd_requests_are_refused_when_they_are_read() {
        let counts = |start: i64, end: i64, points: u32| {
            refusal::<LogCountRequest>(
                json!({"query": "", "matchers": [], "range": {"start": start, "end": end},
                "max_points": points}),
            )
        };
        assert_eq!(counts(0, 1, 100), None);
        assert_eq!(counts(5, 1, 100), None, "an empty range is not absurd");
        for (start, end) in [(i64::MIN, 0), (0, i64::MAX), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN)] {
            assert!(counts(start, end, 100).unwrap().contains("between the years"));
        }
        for points in [0, 100_001, u32::MAX] {
            assert!(counts(0, 1, points).unwrap().contains("1 to 100000"));
        }
        let series = |step: Option<i64>| {
            refusal::<SeriesRequest>(json!({"metric": "m", "matchers": [], "aggregation": "average",
                "group_by": [], "range": {"start": 0, "end": 1}, "step": step, "max_points": 1, "limit": 1}))
        };
        assert_eq!((series(None), series(Some(1))), (None, None));
        for step in [i64::MIN, -1, 0, i64::MAX] {
            assert!(series(Some(step)).unwrap().contains("a step of"));
        }
        let services = |points: u32| {
            refusal::<ServicesRequest>(json!({"range": {"start": 0, "end": 1}, "matchers": [],
                "spark_points": points}))
        };
        assert_eq!(services(2_000), None);
        assert!(services(2_001).unwrap().contains("1 to 2000"));
        let report = |minutes: i32| {
            refusal::<ReportRequest>(json!({"title": "", "range": {"start": 0, "end": 1}, "services": [],
                "utc_offset_minutes": minutes}))
        };
        assert_eq!(report(-720), None);
        assert!(report(i32::MIN).unwrap().contains("time zone"));
    }
}
