//! Findings made from the anomalies of services, and merged with the findings already stored.

use analysis::figures::format;
use model::{
    AnomalyInterval, Finding, FindingKind, Labels, NANOS_PER_SECOND, ServiceMeasure, TimeRange, Timestamp,
};

/// Minimum relative change of a duration or rate.
const MIN_CHANGE: f64 = 0.25;
/// Minimum excess of an error ratio over the expected one.
const MIN_EXCESS_ERRORS: f64 = 0.02;
/// Maximum number of steps by which the same anomaly may begin or end differently in a later pass.
const MAX_SHIFT_STEPS: i64 = 2;

/// Makes a finding from an anomaly. None if it is an improvement or the change is small.
pub(crate) fn from_anomaly(
    service: &str,
    measure: ServiceMeasure,
    anomaly: &AnomalyInterval,
    step: i64,
    now: Timestamp,
) -> Option<Finding> {
    let (seen, expected) = (anomaly.extreme, anomaly.expected);
    let change = (seen - expected) / expected.abs().max(f64::MIN_POSITIVE);
    let length = format(anomaly.range.length() as f64, "ns");
    let (metric, title, detail) = match measure {
        ServiceMeasure::P50 | ServiceMeasure::P95 => {
            if change < MIN_CHANGE {
                return None;
            }
            let (metric, name) = match measure {
                ServiceMeasure::P50 => ("p50", "p50"),
                _ => ("duration", "p95"),
            };
            let detail = format!(
                "{name} peaked at {} (expected {}) for {length}",
                format(seen, "ns"),
                format(expected, "ns"),
            );
            (metric, format!("{service} is slower than usual"), detail)
        }
        ServiceMeasure::ErrorRatio => {
            if seen - expected < MIN_EXCESS_ERRORS {
                return None;
            }
            let detail = format!(
                "Error ratio peaked at {} (expected {}) for {length}",
                format(seen, "1"),
                format(expected, "1"),
            );
            ("errors", format!("{service} fails more often than usual"), detail)
        }
        ServiceMeasure::Rate => {
            let is_one_step = anomaly.range.length() <= step;
            if change.abs() < MIN_CHANGE || is_one_step {
                return None;
            }
            let (direction, verb) = if change > 0.0 { ("more", "peaked at") } else { ("fewer", "fell to") };
            let detail = format!(
                "Request rate {verb} {} (expected {}) for {length}",
                format(seen, "/s"),
                format(expected, "/s"),
            );
            ("rate", format!("{service} gets {direction} requests than usual"), detail)
        }
    };
    Some(Finding {
        id: format!("anomaly/{service}/{metric}/{}", anomaly.range.start.0 / NANOS_PER_SECOND),
        kind: FindingKind::Anomaly,
        title,
        detail,
        service: service.to_owned(),
        metric: metric.to_owned(),
        labels: Labels::new(),
        range: anomaly.range,
        detected_at: now,
        score: anomaly.score,
    })
}

/// Merges a finding with the known finding about the same anomaly and returns the result.
///
/// Two findings are about the same anomaly if service and measure are equal and their times
/// overlap. The result has the known finding's id, the earlier detection, the higher score and the
/// union of both ranges. `known` is updated.
pub(crate) fn merge_known(finding: Finding, known: &mut Vec<Finding>, step: i64) -> Finding {
    let shift = MAX_SHIFT_STEPS * step;
    let same = known.iter_mut().find(|other| {
        other.kind == finding.kind
            && other.service == finding.service
            && other.metric == finding.metric
            && other.range.start <= finding.range.end.offset(shift)
            && finding.range.start <= other.range.end.offset(shift)
    });
    let Some(same) = same else {
        known.push(finding.clone());
        return finding;
    };
    *same = Finding {
        id: same.id.clone(),
        detected_at: same.detected_at.min(finding.detected_at),
        range: TimeRange::new(
            same.range.start.min(finding.range.start),
            same.range.end.max(finding.range.end),
        ),
        score: same.score.max(finding.score),
        ..finding
    };
    same.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: i64 = 60 * NANOS_PER_SECOND;

    fn anomaly(start: i64, end: i64, extreme: f64, expected: f64) -> AnomalyInterval {
        let range = TimeRange::new(Timestamp(start * STEP), Timestamp(end * STEP));
        AnomalyInterval { range, extreme, expected, score: 21.0 }
    }

    fn text(measure: ServiceMeasure, anomaly: &AnomalyInterval) -> Option<(String, String)> {
        from_anomaly("checkout", measure, anomaly, STEP, Timestamp(0))
            .map(|finding| (finding.title, finding.detail))
    }

    #[test]
    fn findings_state_the_peak_the_expected_value_and_the_length_with_units() {
        let expected = |title: &str, detail: &str| Some((title.to_owned(), detail.to_owned()));
        assert_eq!(
            text(ServiceMeasure::P95, &anomaly(0, 6, 3.02e9, 160e6)),
            expected("checkout is slower than usual", "p95 peaked at 3.02 s (expected 160 ms) for 6 min")
        );
        assert_eq!(
            text(ServiceMeasure::ErrorRatio, &anomaly(0, 6, 0.41, 0.0)),
            expected(
                "checkout fails more often than usual",
                "Error ratio peaked at 41% (expected 0%) for 6 min"
            )
        );
        assert_eq!(
            text(ServiceMeasure::Rate, &anomaly(0, 6, 12.0, 48.0)),
            expected(
                "checkout gets fewer requests than usual",
                "Request rate fell to 12/s (expected 48/s) for 6 min"
            )
        );
    }

    #[test]
    fn improvements_and_small_changes_make_no_finding() {
        assert_eq!(text(ServiceMeasure::P95, &anomaly(0, 6, 20e6, 160e6)), None);
        assert_eq!(text(ServiceMeasure::P95, &anomaly(0, 6, 180e6, 160e6)), None);
        assert_eq!(text(ServiceMeasure::ErrorRatio, &anomaly(0, 6, 0.01, 0.0)), None);
        assert_eq!(text(ServiceMeasure::Rate, &anomaly(0, 1, 12.0, 48.0)), None);
    }

    #[test]
    fn the_same_anomaly_retains_its_id_and_another_gets_a_new_one() {
        let seen = |start, end, now| {
            let anomaly = anomaly(start, end, 3e9, 160e6);
            from_anomaly("checkout", ServiceMeasure::P95, &anomaly, STEP, Timestamp(now)).unwrap()
        };
        let mut known = Vec::new();
        let first = merge_known(seen(100, 103, 1), &mut known, STEP);
        let again = merge_known(seen(101, 108, 2), &mut known, STEP);
        assert_eq!((&again.id, again.detected_at), (&first.id, Timestamp(1)));
        assert_eq!(again.range, TimeRange::new(Timestamp(100 * STEP), Timestamp(108 * STEP)));
        let later = merge_known(seen(140, 146, 3), &mut known, STEP);
        assert_ne!(later.id, first.id);
        let mut other = seen(141, 146, 4);
        other.service = "payments".to_owned();
        other.id = "anomaly/payments".to_owned();
        assert_eq!(merge_known(other, &mut known, STEP).id, "anomaly/payments");
        assert_eq!(known.len(), 3);
    }
}
