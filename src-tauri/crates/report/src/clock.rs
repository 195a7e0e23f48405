//! Times and lengths of time for people, in the zone the report was asked for.

use chrono::{DateTime, FixedOffset, Utc};
use model::{NANOS_PER_SECOND, TimeRange, Timestamp};

/// A zone of fixed offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(FixedOffset);

impl Zone {
    /// The zone so many minutes east of UTC; UTC if that is out of the ordinary.
    pub(crate) fn minutes_east(minutes: i32) -> Self {
        let ordinary = (-1080..=1080).contains(&minutes);
        let offset = FixedOffset::east_opt(if ordinary { minutes * 60 } else { 0 });
        Self(offset.unwrap_or_else(|| chrono::Offset::fix(&Utc)))
    }

    /// Nanoseconds east of UTC.
    pub(crate) fn offset(self) -> i64 {
        i64::from(self.0.local_minus_utc()) * NANOS_PER_SECOND
    }

    /// `UTC` or `UTC+02:00`.
    pub(crate) fn name(self) -> String {
        match self.0.local_minus_utc() {
            0 => "UTC".to_owned(),
            _ => format!("UTC{}", self.0),
        }
    }

    /// `time` in a pattern of chrono.
    pub(crate) fn show(self, time: Timestamp, pattern: &str) -> String {
        DateTime::from_timestamp_nanos(time.0).with_timezone(&self.0).format(pattern).to_string()
    }

    /// `22 Nov 2026 14:05`.
    pub(crate) fn minute(self, time: Timestamp) -> String {
        self.show(time, "%-d %b %Y %H:%M")
    }

    /// A range with its day told once if it is one day.
    pub(crate) fn range(self, range: TimeRange) -> String {
        let day = |time| self.show(time, "%-d %b %Y");
        match day(range.start) == day(range.end) {
            true => format!("{} to {}", self.minute(range.start), self.show(range.end, "%H:%M")),
            false => format!("{} to {}", self.minute(range.start), self.minute(range.end)),
        }
    }
}

/// A length of time in its two largest units: `3 h 20 min`.
pub(crate) fn length(nanos: i64) -> String {
    let seconds = nanos.max(0) / NANOS_PER_SECOND;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, name) in units {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{} {name}", left / size));
            left %= size;
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_zone_asked_for() {
        let zone = Zone::minutes_east(330);
        assert_eq!(zone.minute(Timestamp(0)), "1 Jan 1970 05:30");
        assert_eq!(zone.name(), "UTC+05:30");
        assert_eq!(Zone::minutes_east(i32::MAX).name(), "UTC");
        let day = TimeRange::last(3600, Timestamp::from_seconds(7200.0));
        assert_eq!(Zone::minutes_east(0).range(day), "1 Jan 1970 01:00 to 02:00");
        assert!(!zone.minute(Timestamp(i64::MIN)).is_empty());
    }

    #[test]
    fn lengths_have_two_units() {
        assert_eq!(length(12_000 * NANOS_PER_SECOND), "3 h 20 min");
        assert_eq!(length(86_400 * NANOS_PER_SECOND), "1 d");
        assert_eq!(length(86_460 * NANOS_PER_SECOND), "1 d");
        assert_eq!((length(0), length(59 * NANOS_PER_SECOND)), ("0 s".into(), "59 s".into()));
    }
}
