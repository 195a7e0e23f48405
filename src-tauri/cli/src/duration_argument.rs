//! Durations on the command line: `90s`, `15m`, `6h`, `7d`.

use std::str::FromStr;

use model::{NANOS_PER_SECOND, TimeRange, Timestamp};

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
        const MAX_SECONDS: i64 = 3650 * 86_400;
        let expected = || format!("{text:?} is not a duration such as 90s, 15m, 6h or 7d");
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(expected)?;
        let (number, unit) = text.split_at(unit_at);
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(expected()),
        };
        let number: i64 = number.parse().map_err(|_| expected())?;
        match number.checked_mul(factor) {
            Some(seconds @ 1..=MAX_SECONDS) => Ok(Self { seconds }),
            _ => Err(format!("{text:?} is not between one second and ten years")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_and_others_rejected() {
        assert_eq!("15m".parse(), Ok(DurationArgument { seconds: 900 }));
        for wrong in ["", "15", "m", "-1h", "0s", "1y", "99999999999999999999d", "9999999d", "1h30m"] {
            assert!(wrong.parse::<DurationArgument>().is_err(), "{wrong}");
        }
    }
}
