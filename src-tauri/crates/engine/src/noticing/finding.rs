//! Anomalies of services put into words, and recognised when they are seen again.

use analysis::figures::format;
use model::{
    AnomalyStretch, Finding, FindingKind, Labels, NANOS_PER_SECOND, ServiceFigure, TimeRange, Timestamp,
};

/// Durations and rates must differ from the expected by this share to be worth a word.
const LEAST_CHANGE: f64 = 0.25;
/// The share of failed requests must exceed the expected by this much.
const LEAST_FAILURES: f64 = 0.02;
/// Seen again, an anomaly may begin or end this many steps from where it did.
const SHIFT_STEPS: i64 = 2;

/// A stretch as a finding; none if it is no bad news or too small a change to tell.
pub(super) fn of(
    service: &str,
    figure: ServiceFigure,
    stretch: &AnomalyStretch,
    step: i64,
    now: Timestamp,
) -> Option<Finding> {
    let (seen, expected) = (stretch.extreme, stretch.expected);
    let change = (seen - expected) / expected.abs().max(f64::MIN_POSITIVE);
    let several = stretch.range.length() > step;
    let lasted = format(stretch.range.length() as f64, "ns");
    let (metric, title, detail) = match figure {
        ServiceFigure::P50 | ServiceFigure::P95 => {
            if change < LEAST_CHANGE {
                return None;
            }
            let (name, share) = match figure {
                ServiceFigure::P50 => ("p50", "Half"),
                _ => ("duration", "The slowest 5%"),
            };
            let detail = format!(
                "{share} of the requests took {} or longer at worst, {} was expected; it lasted {lasted}",
                format(seen, "ns"),
                format(expected, "ns"),
            );
            (name, format!("{service} is slower than usual"), detail)
        }
        ServiceFigure::ErrorRatio => {
            if seen - expected < LEAST_FAILURES {
                return None;
            }
            let detail = format!(
                "{} of the requests failed at worst, {} was expected; it lasted {lasted}",
                format(seen, "1"),
                format(expected, "1"),
            );
            ("errors", format!("{service} fails more often than usual"), detail)
        }
        ServiceFigure::Rate => {
            if change.abs() < LEAST_CHANGE || !several {
                return None;
            }
            let (direction, limit) = if change > 0.0 { ("more", "up to") } else { ("fewer", "down to") };
            let detail = format!(
                "{limit} {} requests a second, {} were expected; it lasted {lasted}",
                digits(seen),
                digits(expected),
            );
            ("rate", format!("{service} gets {direction} requests than usual"), capital(&detail))
        }
    };
    Some(Finding {
        id: format!("anomaly/{service}/{metric}/{}", stretch.range.start.0 / NANOS_PER_SECOND),
        kind: FindingKind::Anomaly,
        title,
        detail,
        service: service.to_owned(),
        metric: metric.to_owned(),
        labels: Labels::new(),
        range: stretch.range,
        noticed_at: now,
        score: stretch.score,
    })
}

/// The finding under the name of the known one about the same anomaly, if there is one: the same service and figure at
/// overlapping times. What it is called and what it said at its strongest is kept; the time covers both. The known ones are
/// brought up to date.
pub(super) fn remembered(finding: Finding, known: &mut Vec<Finding>, step: i64) -> Finding {
    let shift = SHIFT_STEPS * step;
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
        noticed_at: same.noticed_at.min(finding.noticed_at),
        range: TimeRange::new(
            same.range.start.min(finding.range.start),
            same.range.end.max(finding.range.end),
        ),
        score: same.score.max(finding.score),
        ..finding
    };
    same.clone()
}

fn digits(value: f64) -> String {
    format(value, "")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: i64 = 60 * NANOS_PER_SECOND;

    fn stretch(start: i64, end: i64, extreme: f64, expected: f64) -> AnomalyStretch {
        let range = TimeRange::new(Timestamp(start * STEP), Timestamp(end * STEP));
        AnomalyStretch { range, extreme, expected, score: 21.0 }
    }

    fn told(figure: ServiceFigure, stretch: &AnomalyStretch) -> Option<(String, String)> {
        of("checkout", figure, stretch, STEP, Timestamp(0)).map(|finding| (finding.title, finding.detail))
    }

    #[test]
    fn findings_read_as_plain_words_with_units() {
        let words = |title: &str, detail: &str| Some((title.to_owned(), detail.to_owned()));
        assert_eq!(
            told(ServiceFigure::P95, &stretch(0, 6, 3.02e9, 160e6)),
            words(
                "checkout is slower than usual",
                "The slowest 5% of the requests took 3.02 s or longer at worst, 160 ms was expected; it lasted 6 min",
            )
        );
        assert_eq!(
            told(ServiceFigure::ErrorRatio, &stretch(0, 6, 0.41, 0.0)),
            words(
                "checkout fails more often than usual",
                "41% of the requests failed at worst, 0% was expected; it lasted 6 min",
            )
        );
        assert_eq!(
            told(ServiceFigure::Rate, &stretch(0, 6, 12.0, 48.0)),
            words(
                "checkout gets fewer requests than usual",
                "Down to 12 requests a second, 48 were expected; it lasted 6 min",
            )
        );
    }

    #[test]
    fn good_news_and_small_changes_are_not_told() {
        assert_eq!(told(ServiceFigure::P95, &stretch(0, 6, 20e6, 160e6)), None);
        assert_eq!(told(ServiceFigure::P95, &stretch(0, 6, 180e6, 160e6)), None);
        assert_eq!(told(ServiceFigure::ErrorRatio, &stretch(0, 6, 0.01, 0.0)), None);
        assert_eq!(told(ServiceFigure::Rate, &stretch(0, 1, 12.0, 48.0)), None);
    }

    #[test]
    fn the_same_anomaly_keeps_its_name_and_another_gets_its_own() {
        let seen = |start, end, now| {
            let stretch = stretch(start, end, 3e9, 160e6);
            of("checkout", ServiceFigure::P95, &stretch, STEP, Timestamp(now)).unwrap()
        };
        let mut known = Vec::new();
        let first = remembered(seen(100, 103, 1), &mut known, STEP);
        let again = remembered(seen(101, 108, 2), &mut known, STEP);
        assert_eq!((&again.id, again.noticed_at), (&first.id, Timestamp(1)));
        assert_eq!(again.range, TimeRange::new(Timestamp(100 * STEP), Timestamp(108 * STEP)));
        let later = remembered(seen(140, 146, 3), &mut known, STEP);
        assert_ne!(later.id, first.id);
        let mut other = seen(141, 146, 4);
        other.service = "payments".to_owned();
        other.id = "anomaly/payments".to_owned();
        assert_eq!(remembered(other, &mut known, STEP).id, "anomaly/payments");
        assert_eq!(known.len(), 3);
    }
}
