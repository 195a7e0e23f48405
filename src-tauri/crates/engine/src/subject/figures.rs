//! The figures of a service as series, with how much of them is chance.

use model::{NANOS_PER_SECOND, ServiceFigure, TimeRange, Timestamp};
use store::ServiceStep;

/// One figure of a service, step by step.
pub(super) struct Figured {
    pub(super) unit: &'static str,
    pub(super) times: Vec<Timestamp>,
    pub(super) values: Vec<f64>,
    pub(super) noise: f64,
}

/// The figure in each step that has at least `least_requests` (the rate: in each step that was observed whole).
pub(super) fn of(
    steps: &[ServiceStep],
    figure: ServiceFigure,
    range: TimeRange,
    step: i64,
    least_requests: u64,
) -> Figured {
    let seconds = step as f64 / NANOS_PER_SECOND as f64;
    let counted = match figure {
        ServiceFigure::Rate => observed_whole(steps, range, step),
        _ => steps,
    };
    let enough = |one: &&ServiceStep| figure == ServiceFigure::Rate || one.requests >= least_requests;
    let (times, values) = counted
        .iter()
        .filter(enough)
        .map(|one| {
            let value = match figure {
                ServiceFigure::Rate => one.requests as f64 / seconds,
                ServiceFigure::ErrorRatio => one.failed as f64 / one.requests.max(1) as f64,
                ServiceFigure::P50 => one.p50,
                ServiceFigure::P95 => one.p95,
            };
            (one.time, value)
        })
        .unzip();
    let usual = middle(steps.iter().map(|one| one.requests as f64));
    let (unit, noise) = match figure {
        // A count of independent requests scatters by its root (Poisson).
        ServiceFigure::Rate => ("/s", usual.sqrt() / seconds),
        ServiceFigure::ErrorRatio => ("1", scatter_of_share(steps, usual)),
        ServiceFigure::P50 | ServiceFigure::P95 => ("ns", 0.0),
    };
    Figured { unit, times, values, noise }
}

/// Without the step in which the service began to send and the one in which it ceased.
fn observed_whole(steps: &[ServiceStep], range: TimeRange, step: i64) -> &[ServiceStep] {
    let began = steps.first().is_some_and(|first| first.time >= range.start.offset(step));
    let steps = &steps[usize::from(began)..];
    let ceased = steps.last().is_some_and(|last| last.time.offset(2 * step) <= range.end);
    &steps[..steps.len() - usize::from(ceased)]
}

/// The standard deviation of a share of `requests` (binomial), where the share is the usual one or one in that many.
fn scatter_of_share(steps: &[ServiceStep], requests: f64) -> f64 {
    let requests = requests.max(1.0);
    let usual = middle(steps.iter().map(|one| one.failed as f64 / one.requests.max(1) as f64));
    let share = usual.max(1.0 / requests).min(0.5);
    (share * (1.0 - share) / requests).sqrt()
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    analysis::quantile(&sorted, 0.5).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: i64 = 10 * NANOS_PER_SECOND;

    fn steps(requests: &[u64]) -> Vec<ServiceStep> {
        let of = |(place, requests): (usize, &u64)| ServiceStep {
            time: Timestamp(place as i64 * STEP),
            requests: *requests,
            failed: requests / 4,
            p50: 1e6,
            p95: 2e6,
        };
        requests.iter().enumerate().map(of).collect()
    }

    #[test]
    fn a_rate_leaves_out_where_the_service_began_and_ceased() {
        let range = TimeRange::new(Timestamp(-5 * STEP), Timestamp(20 * STEP));
        let rate = of(&steps(&[3, 40, 40, 40, 7]), ServiceFigure::Rate, range, STEP, 1);
        assert_eq!(rate.values, [4.0, 4.0, 4.0]);
        assert!((rate.noise - 0.632).abs() < 0.001);
        let whole = TimeRange::new(Timestamp(0), Timestamp(5 * STEP));
        assert_eq!(of(&steps(&[3, 40, 7]), ServiceFigure::Rate, whole, STEP, 1).values.len(), 2);
        assert_eq!(of(&steps(&[3, 40, 40, 40, 7]), ServiceFigure::Rate, whole, STEP, 1).values.len(), 5);
        assert!(of(&steps(&[3]), ServiceFigure::Rate, range, STEP, 1).values.is_empty());
    }

    #[test]
    fn steps_with_too_few_requests_have_no_share_and_no_duration() {
        let range = TimeRange::new(Timestamp(0), Timestamp(4 * STEP));
        let errors = of(&steps(&[40, 4, 40, 40]), ServiceFigure::ErrorRatio, range, STEP, 10);
        assert_eq!(errors.values, [0.25, 0.25, 0.25]);
        assert!((errors.noise - (0.25_f64 * 0.75 / 40.0).sqrt()).abs() < 1e-9);
        assert_eq!(of(&steps(&[40, 4]), ServiceFigure::P95, range, STEP, 10).times, [Timestamp(0)]);
    }
}
