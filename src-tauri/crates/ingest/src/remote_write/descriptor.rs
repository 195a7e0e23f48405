//! Series descriptors from labels and metadata.

use std::sync::Arc;

use model::{
    Attributes, MetricKind, PROMETHEUS_SERVICE_LABELS, Resource, Scope, Series, Temporality,
    prometheus::{counts_by_name, ucum_unit, unit_of_name},
};
use prometheus::FamilyKind;

use super::wire_series::Label;
use crate::otlp::attributes::{MAX_ATTRIBUTES, MAX_NAME_BYTES, MAX_VALUE_BYTES};

/// The metadata of a metric family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FamilyMetadata {
    pub(super) kind: FamilyKind,
    pub(super) help: String,
    /// As in OpenMetrics, such as `seconds`.
    pub(super) unit: String,
}

/// The type of a series' points, which distinguishes series with the same labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PointType {
    /// Plain numbers.
    Numbers,
    /// Native histograms.
    Native { custom: bool, gauge: bool },
}

/// Returns the metric name in the labels; empty if it is missing or not UTF-8.
pub(super) fn name_of<'a>(labels: &[Label<'a>]) -> &'a str {
    let found = labels.iter().find(|(name, _)| *name == b"__name__");
    found.and_then(|(_, name)| std::str::from_utf8(name).ok()).unwrap_or_default()
}

/// Returns the series of the labels. Fails with the reason if they are invalid.
pub(super) fn describe(
    labels: &[Label<'_>],
    point_type: PointType,
    metadata: Option<&FamilyMetadata>,
) -> Result<Series, String> {
    if labels.len() > MAX_ATTRIBUTES {
        return Err(format!("has {} labels, more than {MAX_ATTRIBUTES}", labels.len()));
    }
    let mut texts: Vec<(&str, &str)> = Vec::with_capacity(labels.len());
    for (name, value) in labels {
        let name = std::str::from_utf8(name).map_err(|_| "has a label name that is not UTF-8")?;
        let value = std::str::from_utf8(value).map_err(|_| format!("label {name:?} is not UTF-8"))?;
        if name.is_empty() {
            return Err("has a label without a name".to_owned());
        }
        if name.len() > MAX_NAME_BYTES || value.len() > MAX_VALUE_BYTES {
            return Err("has a label that is too long".to_owned());
        }
        texts.push((name, value));
    }
    for pair in texts.windows(2) {
        let [(before, _), (name, _)] = pair else { continue };
        if before == name {
            return Err(format!("label {name:?} occurs twice"));
        }
        if before > name {
            return Err(format!("labels are not in order: {name:?} comes after {before:?}"));
        }
    }
    // An empty label is equivalent to a missing one (prometheus.io, "Data model").
    texts.retain(|(_, value)| !value.is_empty());
    let text = |wanted: &str| texts.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let name = text("__name__").ok_or("has no label \"__name__\"")?;
    if name.len() > MAX_NAME_BYTES {
        return Err(format!("has a name of {} bytes, more than {MAX_NAME_BYTES}", name.len()));
    }
    let (kind, temporality) =
        kind(name, point_type, metadata.map_or(FamilyKind::Unknown, |metadata| metadata.kind));
    let unit = match metadata.map(|metadata| metadata.unit.as_str()).filter(|unit| !unit.is_empty()) {
        Some(word) => ucum_unit(word).unwrap_or(word).to_owned(),
        None => unit_of_name(name).to_owned(),
    };
    Ok(Series {
        name: name.to_owned(),
        kind,
        unit,
        description: metadata.map(|metadata| metadata.help.clone()).unwrap_or_default(),
        temporality,
        monotonic: kind != MetricKind::Gauge && temporality == Temporality::Cumulative,
        resource: resource(text),
        scope: Arc::new(Scope::default()),
        attributes: texts.iter().copied().filter(|(name, _)| *name != "__name__").collect::<Attributes>(),
    })
}

/// Returns the resource. Its service is the job, as for scraped targets, or another label.
fn resource<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Arc<Resource> {
    let mut attributes = Attributes::new();
    if let Some(service) = PROMETHEUS_SERVICE_LABELS.into_iter().find_map(&text) {
        attributes = attributes.with("service.name", service);
    }
    Arc::new(Resource { attributes })
}

/// Returns kind and temporality of a series, from its points, its family and its name.
fn kind(name: &str, point_type: PointType, family: FamilyKind) -> (MetricKind, Temporality) {
    let counter = (MetricKind::Counter, Temporality::Cumulative);
    let gauge = (MetricKind::Gauge, Temporality::Unspecified);
    match point_type {
        PointType::Native { custom, gauge } => (
            if custom { MetricKind::Histogram } else { MetricKind::ExponentialHistogram },
            // Each point of a gauge histogram is independent of the one before, as a delta is.
            if gauge || family == FamilyKind::GaugeHistogram {
                Temporality::Delta
            } else {
                Temporality::Cumulative
            },
        ),
        PointType::Numbers => {
            let counts = counts_by_name(name);
            match family {
                FamilyKind::Counter if !name.ends_with("_created") => counter,
                FamilyKind::Histogram | FamilyKind::Summary if counts && !name.ends_with("_total") => counter,
                FamilyKind::Unknown if counts => counter,
                _ => gauge,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<Label<'a>> {
        pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
    }

    #[test]
    fn the_kind_comes_from_metadata_or_the_name() {
        let kind = |name, family| {
            let metadata = FamilyMetadata { kind: family, ..FamilyMetadata::default() };
            describe(&labels(&[("__name__", name)]), PointType::Numbers, Some(&metadata)).unwrap().kind
        };
        for (name, family, expected) in [
            ("forks", FamilyKind::Counter, MetricKind::Counter),
            ("forks", FamilyKind::Unknown, MetricKind::Gauge),
            ("forks_total", FamilyKind::Unknown, MetricKind::Counter),
            ("forks_total", FamilyKind::Gauge, MetricKind::Gauge),
            ("d_seconds_bucket", FamilyKind::Unknown, MetricKind::Counter),
            ("d_seconds_sum", FamilyKind::Summary, MetricKind::Counter),
            ("d_seconds", FamilyKind::Summary, MetricKind::Gauge),
            ("d_seconds_bucket", FamilyKind::GaugeHistogram, MetricKind::Gauge),
            ("d_seconds_created", FamilyKind::Counter, MetricKind::Gauge),
            ("build_info", FamilyKind::Info, MetricKind::Gauge),
        ] {
            assert_eq!(kind(name, family), expected, "{name} {family:?}");
        }
    }

    #[test]
    fn job_is_the_service_and_units_come_from_names() {
        let read = labels(&[("__name__", "x_seconds_total"), ("instance", "h:1"), ("job", "node")]);
        let series = describe(&read, PointType::Numbers, None).unwrap();
        assert_eq!((series.resource.service(), series.unit.as_str()), ("node", "s"));
        assert_eq!(series.attributes.to_json(), r#"{"instance":"h:1","job":"node"}"#);
        assert!(series.monotonic);
    }

    #[test]
    fn an_empty_label_is_no_label() {
        let with_empty = labels(&[("__name__", "up"), ("a", ""), ("job", ""), ("service", "shop")]);
        let without = labels(&[("__name__", "up"), ("service", "shop")]);
        let series = describe(&with_empty, PointType::Numbers, None).unwrap();
        assert_eq!(series.resource.service(), "shop");
        assert_eq!(series.id(), describe(&without, PointType::Numbers, None).unwrap().id());
    }

    #[test]
    fn invalid_labels_fail_with_a_reason() {
        for (pairs, expected) in [
            (vec![("job", "a")], "no label \"__name__\""),
            (vec![("__name__", "a"), ("", "b")], "without a name"),
            (vec![("__name__", "a"), ("b", "1"), ("b", "2")], "\"b\" occurs twice"),
            (vec![("a", "a"), ("__name__", "b")], "not in order"),
            (vec![("__name__", ""), ("a", "b")], "no label \"__name__\""),
            (vec![("__name__", "a"), ("b", ""), ("b", "2")], "\"b\" occurs twice"),
        ] {
            let error = describe(&labels(&pairs), PointType::Numbers, None).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let bytes: Vec<Label<'_>> = vec![(b"__name__", b"\xff")];
        assert!(describe(&bytes, PointType::Numbers, None).is_err());
    }
}
