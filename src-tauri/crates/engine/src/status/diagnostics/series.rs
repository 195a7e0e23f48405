//! The words of diagnostics about series, labels and resources over a limit.

use model::{AlertSeverity, Diagnostic, Timestamp};
use store::{CardinalityLimit, DroppedSeries};

/// Returns the identifier of a problem.
pub(super) fn id(dropped: &DroppedSeries) -> String {
    format!("{} {} {}", setting(dropped.limit), dropped.service, dropped.label)
}

/// Returns the name of the setting of a limit.
fn setting(limit: CardinalityLimit) -> &'static str {
    match limit {
        CardinalityLimit::Total => "series",
        CardinalityLimit::PerService => "series_per_service",
        CardinalityLimit::ValuesPerLabel => "values_per_label",
        CardinalityLimit::LabelBytes | CardinalityLimit::NameBytes => "label_bytes",
        CardinalityLimit::Resources => "resources",
        CardinalityLimit::LabelSetBytes => "label_set_bytes",
    }
}

/// Returns the diagnostic of a limit that was reached.
pub(super) fn too_many_series(dropped: &DroppedSeries, since: Timestamp) -> Diagnostic {
    let DroppedSeries { service, source, label, values, points, allowed, limit } = dropped;
    let received_by = if source.is_empty() { String::new() } else { format!(", received by {source}") };
    if let Some((title, detail)) = reduced(dropped, &received_by) {
        return Diagnostic { id: id(dropped), severity: AlertSeverity::Warning, title, detail, since };
    }
    let (title, cause) = match limit {
        CardinalityLimit::ValuesPerLabel => (
            format!("{service}: label {label} has about {values} values"),
            format!("At most {allowed} values of it are stored"),
        ),
        CardinalityLimit::PerService => (
            format!("{service} has more than {allowed} series"),
            format!("Label {label} of {service} has about {values} values"),
        ),
        CardinalityLimit::Total => (
            format!("More than {allowed} series"),
            format!("Label {label} of {service} has about {values} values"),
        ),
        CardinalityLimit::NameBytes => (
            format!("Names and descriptions of all series take more than {allowed} bytes"),
            format!("The latest are of {service}. They may take a quarter of the limit"),
        ),
        CardinalityLimit::LabelBytes | CardinalityLimit::Resources | CardinalityLimit::LabelSetBytes => (
            format!("The labels of all series have more than {allowed} bytes"),
            format!("Label {label} of {service} has about {values} values"),
        ),
    };
    Diagnostic {
        id: id(dropped),
        severity: AlertSeverity::Warning,
        title,
        detail: format!(
            "{cause}. {points} points of new series were dropped so far{received_by}. Existing series \
             continue. Remove the label at its source, or raise limits.{} in the settings.",
            setting(*limit)
        ),
        since,
    }
}

/// Returns title and detail of a problem in which records are stored with less than was sent.
fn reduced(dropped: &DroppedSeries, received_by: &str) -> Option<(String, String)> {
    let DroppedSeries { service, points, allowed, limit, .. } = dropped;
    match limit {
        CardinalityLimit::LabelSetBytes => Some((
            format!("{service}: labels of a series or a resource have more than {allowed} bytes"),
            format!(
                "{points} values were cut so far{received_by}. Shorten them at their source, or raise \
                 limits.label_set_bytes in the settings."
            ),
        )),
        CardinalityLimit::Resources => Some((
            format!("More than {allowed} resources"),
            format!(
                "The last is of {service}{received_by}. Points of new series were dropped, and log records \
                 and spans have a resource with the service only ({points} so far). Remove attributes that \
                 change, such as an id of each run, at their source, or raise limits.resources in the \
                 settings."
            ),
        )),
        _ => None,
    }
}
