//! Series of Binnacle that earlier versions wrote under other names.

use std::sync::Arc;

use model::{AttributeValue, Attributes, Series};

/// A metric with a former name, and its labels with former keys.
struct RenamedMetric {
    former: &'static str,
    name: &'static str,
    /// Former and current keys.
    labels: &'static [(&'static str, &'static str)],
    /// Former and current values of these labels.
    values: &'static [(&'static str, &'static str)],
}

const RENAMED: [RenamedMetric; 2] = [
    RenamedMetric {
        former: "binnacle_points_held_back_total",
        name: "binnacle_points_dropped_total",
        labels: &[("held_back.service", "dropped.service"), ("held_back.label", "dropped.label")],
        values: &[],
    },
    RenamedMetric {
        former: "binnacle_part_up",
        name: "binnacle_component_up",
        labels: &[("part", "component")],
        values: &[("own metrics", "self metrics"), ("analysis", "anomaly detection")],
    },
];

/// Returns the former name of a metric, which segments of earlier versions have.
pub(crate) fn former_name(name: &str) -> Option<&'static str> {
    RENAMED.iter().find(|metric| metric.name == name).map(|metric| metric.former)
}

/// Returns a series as earlier versions identified it, if it was renamed.
pub(crate) fn former_series(series: &Series) -> Option<Series> {
    let metric = RENAMED.iter().find(|metric| metric.name == series.name)?;
    let former = |name: &str, value: &AttributeValue| {
        let Some((key, _)) = metric.labels.iter().find(|(_, current)| *current == name) else {
            return (name.to_owned(), value.clone());
        };
        (
            (*key).to_owned(),
            replaced(value, metric.values.iter().map(|(former, current)| (*current, *former))),
        )
    };
    let attributes = series.attributes.0.iter().map(|(name, value)| former(name, value)).collect();
    Some(Series {
        name: metric.former.to_owned(),
        attributes: Attributes(attributes),
        resource: Arc::clone(&series.resource),
        ..series.clone()
    })
}

/// Gives a series that was read from a segment its current name and labels.
pub(crate) fn rename(series: &mut Series) {
    let Some(metric) = RENAMED.iter().find(|metric| metric.former == series.name) else { return };
    series.name = metric.name.to_owned();
    for (former, current) in metric.labels {
        if let Some(value) = series.attributes.0.remove(*former) {
            let value = replaced(&value, metric.values.iter().copied());
            series.attributes.0.insert((*current).to_owned(), value);
        }
    }
}

/// Replaces a value that is the first of one of some pairs by the second.
fn replaced<'pairs>(
    value: &AttributeValue,
    mut pairs: impl Iterator<Item = (&'pairs str, &'pairs str)>,
) -> AttributeValue {
    match value {
        AttributeValue::String(text) => match pairs.find(|(from, _)| from == text) {
            Some((_, to)) => to.into(),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_series_gets_its_current_name_and_back() {
        let current = Series::counter(
            "binnacle_points_dropped_total",
            "{point}",
            Arc::default(),
            Attributes::new().with("dropped.service", "shop").with("other", 1),
        );
        let mut former = former_series(&current).unwrap();
        assert_eq!(former.name, "binnacle_points_held_back_total");
        assert_ne!(former.id(), current.id());
        rename(&mut former);
        assert_eq!(former, current);
        assert_eq!(former_name("binnacle_component_up"), Some("binnacle_part_up"));
        assert_eq!(former_name("up"), None);
    }
}
