//! The text of a change and its confidence interval.

/// Units and confidence of the changes that one text names.
pub(crate) struct ChangeFormat<'a, N: Fn(f64) -> String> {
    /// Formats a size, which is never negative, without its unit.
    pub number: N,
    /// Text after a number, with its leading space if it has one.
    pub unit: &'a str,
    /// Text after the unit of a rate, such as ` per hour`; empty for a difference.
    pub per: &'a str,
    /// Confidence of the intervals, such as 0.95.
    pub confidence: f64,
}

impl<N: Fn(f64) -> String> ChangeFormat<'_, N> {
    /// Returns a change with its interval, such as `up 324% (95% CI 268 to 1361%)`.
    ///
    /// Bounds are in the direction of the change: `down 20% (95% CI 18 to 23%)`. A change that
    /// rounds to nothing has none: `unchanged (95% CI −5 to 6%)`.
    pub(crate) fn change(&self, change: f64, interval: Option<(f64, f64)>) -> String {
        let size = (self.number)(change.abs());
        if size == "0" {
            return match interval {
                Some((low, high)) => format!("unchanged ({})", self.interval(low, high)),
                None => "unchanged".to_owned(),
            };
        }
        let text = format!("{} {size}{}{}", direction(change), self.unit, self.per);
        match interval {
            Some((low, high)) if change >= 0.0 => format!("{text} ({})", self.interval(low, high)),
            Some((low, high)) => format!("{text} ({})", self.interval(-high, -low)),
            None => text,
        }
    }

    /// Returns an interval, such as `95% CI −2 to 3%`.
    pub(crate) fn interval(&self, low: f64, high: f64) -> String {
        let confidence = (self.confidence * 1000.0).round() / 10.0;
        format!("{confidence}% CI {} to {}{}", self.signed(low), self.signed(high), self.unit)
    }

    fn signed(&self, value: f64) -> String {
        let size = (self.number)(value.abs());
        if value < 0.0 && size != "0" { format!("−{size}") } else { size }
    }
}

/// Returns the word for the direction of a change.
pub(crate) fn direction(change: f64) -> &'static str {
    if change >= 0.0 { "up" } else { "down" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::percent;

    #[test]
    fn a_change_is_followed_by_its_interval() {
        let shares = ChangeFormat {
            number: |size| percent(size).trim_end_matches('%').to_owned(),
            unit: "%",
            per: "",
            confidence: 0.95,
        };
        assert_eq!(shares.change(3.24, Some((2.68, 13.61))), "up 324% (95% CI 268 to 1361%)");
        assert_eq!(shares.change(-0.2, Some((-0.23, -0.18))), "down 20% (95% CI 18 to 23%)");
        assert_eq!(shares.change(0.2, Some((-0.05, 0.4))), "up 20% (95% CI −5 to 40%)");
        assert_eq!(shares.change(0.2, None), "up 20%");
        assert_eq!(shares.change(-0.0002, Some((-0.066, 0.05))), "unchanged (95% CI −6.6 to 5%)");
        assert_eq!(shares.change(0.0, None), "unchanged");
        assert_eq!(shares.interval(-0.0001, 0.031), "95% CI 0 to 3.1%");
    }

    #[test]
    fn a_rate_names_its_period_once() {
        let memory = ChangeFormat {
            number: |size: f64| format!("{size}"),
            unit: " MiB",
            per: " per hour",
            confidence: 0.999,
        };
        assert_eq!(
            memory.change(-12.0, Some((-13.0, -11.5))),
            "down 12 MiB per hour (99.9% CI 11.5 to 13 MiB)"
        );
    }
}
