//! The increase of a counter over a window, as PromQL's `rate` and `increase` define it.
//!
//! Source: `extrapolatedRate` in promql/functions.go of Prometheus 2.42.

use model::{NANOS_PER_SECOND, SampleSpan, TimeRange};

/// A distance of this many average ones to an end of the window, or less, is bridged.
const THRESHOLD: f64 = 1.1;
/// The extrapolation covers a window if it misses this fraction of it or less.
const TOLERANCE: f64 = 1e-6;

/// Returns the increase over a window, from the increase between the first and the last sample.
///
/// The line through the samples is extended to an end of the window if the next sample would lie
/// beyond it. Otherwise it is extended by half of the mean distance. `zero` is the first value of a
/// counter that cannot be negative. Then the line is not extended below zero. The window must have
/// at least two samples.
pub(super) fn extrapolate(window: TimeRange, span: &SampleSpan, increase: f64, zero: Option<f64>) -> f64 {
    increase * covered(window, span, increase, zero) / sampled(span)
}

/// Returns whether the extrapolation extends from one end of the window to the other.
pub(super) fn is_covered(window: TimeRange, span: &SampleSpan, increase: f64, zero: Option<f64>) -> bool {
    covered(window, span, increase, zero) >= seconds(window.length()) * (1.0 - TOLERANCE)
}

fn sampled(span: &SampleSpan) -> f64 {
    seconds(span.last.since(span.first))
}

/// Converts nanoseconds. Prometheus computes with seconds, and its comparisons of equal lengths
/// depend on how these are rounded.
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / NANOS_PER_SECOND as f64
}

/// Returns the length of the extended line in seconds.
fn covered(window: TimeRange, span: &SampleSpan, increase: f64, zero: Option<f64>) -> f64 {
    let sampled = sampled(span);
    let average = sampled / span.count.saturating_sub(1) as f64;
    let mut to_start = seconds(span.first.since(window.start));
    let to_end = seconds(window.end.since(span.last));
    if let Some(first) = zero.filter(|first| *first >= 0.0 && increase > 0.0) {
        to_start = to_start.min(sampled * (first / increase));
    }
    let bridged = |distance: f64| if distance < average * THRESHOLD { distance } else { average / 2.0 };
    sampled + bridged(to_start) + bridged(to_end)
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp(milliseconds * 1_000_000)
    }

    /// Returns a window from zero.
    fn window(milliseconds: i64) -> TimeRange {
        TimeRange::new(at(0), at(milliseconds))
    }

    /// Returns evenly distributed samples between two times in milliseconds.
    fn span(first: i64, last: i64, count: u64) -> SampleSpan {
        SampleSpan {
            previous: None,
            is_after_gap: true,
            start: None,
            first: at(first),
            last: at(last),
            count,
            steady: at(last).since(at(first)),
            interval: at(last).since(at(first)) / (count as i64 - 1),
            ended: None,
        }
    }

    #[test]
    fn the_line_is_extended_to_near_ends_and_by_half_a_distance_to_far_ones() {
        let window = window(100_000);
        let increase = |span: &SampleSpan| extrapolate(window, span, 80.0, Some(1e9));
        assert_eq!(increase(&span(10_000, 90_000, 9)), 100.0);
        assert_eq!(increase(&span(10_000, 50_000, 5)), 80.0 * 55.0 / 40.0);
        assert!(is_covered(window, &span(10_000, 90_000, 9), 80.0, Some(1e9)));
        assert!(!is_covered(window, &span(10_000, 50_000, 5), 80.0, Some(1e9)));
    }

    #[test]
    fn a_distance_of_exactly_the_threshold_is_bridged_as_in_prometheus() {
        // In doubles, 1.1 times 9.15 s is more than 10.065 s. In nanoseconds they are equal.
        let increase = extrapolate(window(30_000), &span(10_065, 28_365, 3), 153.0, None);
        assert!((increase - 250.819_672_131_147_5).abs() < 1e-9, "{increase}");
    }

    #[test]
    fn the_line_does_not_go_below_zero() {
        let (window, span) = (window(100_000), span(10_000, 90_000, 9));
        assert_eq!(extrapolate(window, &span, 80.0, Some(5.0)), 95.0);
        assert_eq!(extrapolate(window, &span, 80.0, None), 100.0);
        assert_eq!(extrapolate(window, &span, 0.0, Some(0.0)), 0.0);
    }
}
