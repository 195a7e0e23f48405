//! Durations on the command line: `90s`, `15m`, `6h`, `7d`.

use std::str::FromStr;

use model::{NANOS_PER_SECOND, TimeRange, Timestamp, parse_duration};

/// Maximum length, in seconds.
const MAX_SECONDS: i64 = 3650 * 86_400;

/// A duration of at least one second and at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DurationArgument {
    seconds: i64,
}

impl DurationArgument {
    /// Returns the length in seconds.
    pub(crate) fn seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the range of this length that ends after the current second.
    pub(crate) fn until(self, now: Timestamp) -> TimeRange {
        TimeRange::last(self.seconds, now.offset(NANOS_PER_SECOND))
    }
}

impl FromStr for DurationArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let duration = parse_duration(text)
            .ok_or_else(|| format!("{text:?} is not a duration such as 90s, 15m, 6h or 7d"))?;
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        if !(1..=MAX_SECONDS).contains(&seconds) {
            return Err(format!("{text:?} is not between one second and ten years"));
        }
        Ok(Self { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_and_others_rejected() {
        assert_eq!("15m".parse(), Ok(DurationArgument { seconds: 900 }));
        assert_eq!("1h30m".parse(), Ok(DurationArgument { seconds: 5400 }));
        for wrong in ["", "15", "m", "-1h", "0s", "11y", "99999999999999999999d", "9999999d", "30m1h"] {
            assert!(wrong.parse::<DurationArgument>().is_err(), "{wrong}");
        }
    }
}
