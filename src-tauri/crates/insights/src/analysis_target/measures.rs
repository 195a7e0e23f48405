//! The measures of a service as series, with the noise of each.

use model::{NANOS_PER_SECOND, ServiceMeasure, TimeRange, Timestamp};
use store::ServiceStep;

/// One measure of a service, step by step.
pub(super) struct Measured {
    pub(super) unit: &'static str,
    pub(super) times: Vec<Timestamp>,
    pub(super) values: Vec<f64>,
    /// The standard deviation a value has by chance alone.
    pub(super) noise: f64,
}

/// Returns the measure in each step that has at least `min_requests`. The rate is measured in each
/// step that was observed in full.
pub(super) fn measure(
    steps: &[ServiceStep],
    measure: ServiceMeasure,
    range: TimeRange,
    step: i64,
    min_requests: u64,
) -> Measured {
    let seconds = step as f64 / NANOS_PER_SECOND as f64;
    let counted = match measure {
        ServiceMeasure::Rate => observed_in_full(steps, range, step),
        _ => steps,
    };
    let enough = |one: &&ServiceStep| measure == ServiceMeasure::Rate || one.requests >= min_requests;
    let (times, values) = counted
        .iter()
        .filter(enough)
        .map(|one| {
            let value = match measure {
                ServiceMeasure::Rate => one.requests as f64 / seconds,
                ServiceMeasure::ErrorRatio => one.failed as f64 / one.requests.max(1) as f64,
                ServiceMeasure::P50 => one.p50,
                ServiceMeasure::P95 => one.p95,
            };
            (one.time, value)
        })
        .unzip();
    let typical = median(steps.iter().map(|one| one.requests as f64));
    let (unit, noise) = match measure {
        // The standard deviation of a count of independent requests is its root (Poisson).
        ServiceMeasure::Rate => ("/s", typical.sqrt() / seconds),
        ServiceMeasure::ErrorRatio => ("1", noise_of_ratio(steps, typical)),
        ServiceMeasure::P50 | ServiceMeasure::P95 => ("ns", 0.0),
    };
    Measured { unit, times, values, noise }
}

/// Cuts off the step in which the service began to send and the step in which it stopped.
fn observed_in_full(steps: &[ServiceStep], range: TimeRange, step: i64) -> &[ServiceStep] {
    let began = steps.first().is_some_and(|first| first.time >= range.start.offset(step));
    let steps = &steps[usize::from(began)..];
    let stopped = steps.last().is_some_and(|last| last.time.offset(2 * step) <= range.end);
    &steps[..steps.len() - usize::from(stopped)]
}

/// Returns the standard deviation of an error ratio over `requests` requests (binomial). The ratio
/// is the median one, at least one failure in that many requests.
fn noise_of_ratio(steps: &[ServiceStep], requests: f64) -> f64 {
    let requests = requests.max(1.0);
    let typical = median(steps.iter().map(|one| one.failed as f64 / one.requests.max(1) as f64));
    let ratio = typical.max(1.0 / requests).min(0.5);
    (ratio * (1.0 - ratio) / requests).sqrt()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    analysis::quantile(&sorted, 0.5).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: i64 = 10 * NANOS_PER_SECOND;

    fn steps(requests: &[u64]) -> Vec<ServiceStep> {
        let step = |(index, requests): (usize, &u64)| ServiceStep {
            time: Timestamp(index as i64 * STEP),
            requests: *requests,
            failed: requests / 4,
            p50: 1e6,
            p95: 2e6,
        };
        requests.iter().enumerate().map(step).collect()
    }

    #[test]
    fn a_rate_excludes_the_steps_where_the_service_began_and_stopped() {
        let range = TimeRange::new(Timestamp(-5 * STEP), Timestamp(20 * STEP));
        let rate = measure(&steps(&[3, 40, 40, 40, 7]), ServiceMeasure::Rate, range, STEP, 1);
        assert_eq!(rate.values, [4.0, 4.0, 4.0]);
        assert!((rate.noise - 0.632).abs() < 0.001);
        let whole = TimeRange::new(Timestamp(0), Timestamp(5 * STEP));
        assert_eq!(measure(&steps(&[3, 40, 7]), ServiceMeasure::Rate, whole, STEP, 1).values.len(), 2);
        assert_eq!(
            measure(&steps(&[3, 40, 40, 40, 7]), ServiceMeasure::Rate, whole, STEP, 1).values.len(),
            5
        );
        assert!(measure(&steps(&[3]), ServiceMeasure::Rate, range, STEP, 1).values.is_empty());
    }

    #[test]
    fn steps_with_too_few_requests_have_no_ratio_and_no_duration() {
        let range = TimeRange::new(Timestamp(0), Timestamp(4 * STEP));
        let errors = measure(&steps(&[40, 4, 40, 40]), ServiceMeasure::ErrorRatio, range, STEP, 10);
        assert_eq!(errors.values, [0.25, 0.25, 0.25]);
        assert!((errors.noise - (0.25_f64 * 0.75 / 40.0).sqrt()).abs() < 1e-9);
        assert_eq!(measure(&steps(&[40, 4]), ServiceMeasure::P95, range, STEP, 10).times, [Timestamp(0)]);
    }
}
