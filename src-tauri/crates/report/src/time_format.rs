//! Formatting of times, ranges and durations in the time zone of the report.

use chrono::{DateTime, FixedOffset, Utc};
use model::{NANOS_PER_SECOND, TimeRange, Timestamp};

/// A time zone of a fixed offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(FixedOffset);

impl Zone {
    /// Returns the zone this many minutes east of UTC. An offset over 18 hours is UTC.
    pub(crate) fn minutes_east(minutes: i32) -> Self {
        let is_valid = (-1080..=1080).contains(&minutes);
        let offset = FixedOffset::east_opt(if is_valid { minutes * 60 } else { 0 });
        Self(offset.unwrap_or_else(|| chrono::Offset::fix(&Utc)))
    }

    /// Returns the nanoseconds east of UTC.
    pub(crate) fn offset(self) -> i64 {
        i64::from(self.0.local_minus_utc()) * NANOS_PER_SECOND
    }

    /// Returns the name, such as `UTC` or `UTC+02:00`.
    pub(crate) fn name(self) -> String {
        match self.0.local_minus_utc() {
            0 => "UTC".to_owned(),
            _ => format!("UTC{}", self.0),
        }
    }

    /// Formats a time with a pattern of chrono.
    pub(crate) fn format(self, time: Timestamp, pattern: &str) -> String {
        DateTime::from_timestamp_nanos(time.0).with_timezone(&self.0).format(pattern).to_string()
    }

    /// Formats a time as `22 Nov 2026 14:05`.
    pub(crate) fn minute(self, time: Timestamp) -> String {
        self.format(time, "%-d %b %Y %H:%M")
    }

    /// Formats a range. If it is within one day, the end has no date.
    pub(crate) fn range(self, range: TimeRange) -> String {
        let day = |time| self.format(time, "%-d %b %Y");
        match day(range.start) == day(range.end) {
            true => format!("{} to {}", self.minute(range.start), self.format(range.end, "%H:%M")),
            false => format!("{} to {}", self.minute(range.start), self.minute(range.end)),
        }
    }
}

/// Formats a duration in its two largest units, such as `3 h 20 min`.
pub(crate) fn duration(nanos: i64) -> String {
    let seconds = nanos.max(0) / NANOS_PER_SECOND;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut remaining = seconds;
    let mut terms = Vec::new();
    for (size, name) in units {
        if remaining >= size && terms.len() < 2 {
            terms.push(format!("{} {name}", remaining / size));
            remaining %= size;
        } else if !terms.is_empty() {
            break;
        }
    }
    if terms.is_empty() { "0 s".to_owned() } else { terms.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_requested_zone() {
        let zone = Zone::minutes_east(330);
        assert_eq!(zone.minute(Timestamp(0)), "1 Jan 1970 05:30");
        assert_eq!(zone.name(), "UTC+05:30");
        assert_eq!(Zone::minutes_east(i32::MAX).name(), "UTC");
        let day = TimeRange::last(3600, Timestamp::from_seconds(7200.0));
        assert_eq!(Zone::minutes_east(0).range(day), "1 Jan 1970 01:00 to 02:00");
        assert!(!zone.minute(Timestamp(i64::MIN)).is_empty());
    }

    #[test]
    fn durations_have_two_units() {
        assert_eq!(duration(12_000 * NANOS_PER_SECOND), "3 h 20 min");
        assert_eq!(duration(86_400 * NANOS_PER_SECOND), "1 d");
        assert_eq!(duration(86_460 * NANOS_PER_SECOND), "1 d");
        assert_eq!((duration(0), duration(59 * NANOS_PER_SECOND)), ("0 s".into(), "59 s".into()));
    }
}
