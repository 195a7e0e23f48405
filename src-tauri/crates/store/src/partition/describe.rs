//! The columns that say who speaks; every file has them.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, RecordBatch, StringArray, UInt64Array, cast::AsArray, types::UInt64Type,
};
use arrow_schema::{DataType, Field};
use model::{Attributes, MetricKind, Resource, Scope, Series, Temporality};

use crate::dictionary::{KnownSeries, parse_attributes};

/// Those of which each distinct value is written once per row group.
pub(crate) const DICTIONARIES: [&str; 10] = [
    "metric",
    "service",
    "kind",
    "unit",
    "description",
    "temporality",
    "scope_name",
    "scope_version",
    "resource",
    "attributes",
];
/// The names of all of them.
pub(crate) const NAMES: [&str; 13] = [
    "metric",
    "labels",
    "service",
    "kind",
    "unit",
    "description",
    "temporality",
    "monotonic",
    "scope_name",
    "scope_version",
    "resource",
    "attributes",
    "series_id",
];

/// Metric, labels, service, kind and what else tells a series from others, and its number. `labels` are the attributes
/// of the resource and of the points together, the points' own first. `attributes` are the points' own where that does
/// not tell which they are: where a resource says the same.
pub(crate) fn fields() -> Vec<Field> {
    NAMES
        .map(|name| match name {
            "series_id" => Field::new(name, DataType::UInt64, false),
            "monotonic" => Field::new(name, DataType::Boolean, false),
            _ => Field::new(name, DataType::Utf8, name == "attributes"),
        })
        .into()
}

/// The columns of rows, each of a series. Rows of one series follow each other.
pub(crate) fn columns<'rows>(rows: impl Iterator<Item = &'rows Arc<KnownSeries>>) -> Vec<ArrayRef> {
    // Attributes cost the most to write down, and several rows may be of one series.
    let mut texts: Vec<[Option<String>; 3]> = Vec::new();
    let mut resources: HashMap<*const Resource, String> = HashMap::new();
    let (mut series, mut places): (Vec<&Arc<KnownSeries>>, Vec<usize>) = (Vec::new(), Vec::new());
    for one in rows {
        if series.last().is_none_or(|before| before.id != one.id) {
            let resource = resources
                .entry(Arc::as_ptr(&one.resource))
                .or_insert_with(|| one.resource.attributes.to_json())
                .clone();
            let (labels, own) = told(&one.resource.attributes, &one.attributes);
            texts.push([Some(labels), Some(resource), own]);
        }
        series.push(one);
        places.push(texts.len().saturating_sub(1));
    }
    let text = |of: &dyn Fn(&KnownSeries) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(series.iter().map(|series| of(series))))
    };
    let written = |which: usize| -> ArrayRef {
        let texts = places.iter().map(|place| texts.get(*place)?.get(which)?.as_deref());
        Arc::new(texts.collect::<StringArray>())
    };
    vec![
        text(&|series| series.name.to_string()),
        written(0),
        text(&|series| series.service().to_owned()),
        text(&|series| name_of_kind(series.kind).to_owned()),
        text(&|series| series.unit.to_string()),
        text(&|series| series.description.to_string()),
        text(&|series| name_of_temporality(series.temporality).to_owned()),
        Arc::new(series.iter().map(|series| Some(series.monotonic)).collect::<BooleanArray>()),
        text(&|series| series.scope.name.clone()),
        text(&|series| series.scope.version.clone()),
        written(1),
        written(2),
        Arc::new(UInt64Array::from_iter_values(series.iter().map(|series| series.id))),
    ]
}

/// Attributes of a resource and of points together, and the points' own if they cannot be told from that.
fn told(resource: &Attributes, own: &Attributes) -> (String, Option<String>) {
    let mut all = resource.clone();
    all.0.extend(own.0.iter().map(|(key, value)| (key.clone(), value.clone())));
    let hidden = own.0.iter().any(|(key, value)| resource.0.get(key) == Some(value));
    (all.to_json(), hidden.then(|| own.to_json()))
}

/// The series that the rows of a batch describe, with their numbers. Files from before there were all columns tell
/// neither the types of attributes nor whose they are: then all but the service are the points' own.
pub(crate) fn described(batch: &RecordBatch) -> Vec<(u64, Series)> {
    let column = |name: &str| batch.column_by_name(name);
    let text = |name: &str, row: usize| {
        let strings = column(name)?.as_string_opt::<i32>()?;
        strings.is_valid(row).then(|| strings.value(row).to_owned())
    };
    let Some(ids) = column("series_id").and_then(|ids| ids.as_primitive_opt::<UInt64Type>()) else {
        return Vec::new();
    };
    let monotonic = column("monotonic").and_then(|monotonic| monotonic.as_boolean_opt());
    let mut series: Vec<(u64, Series)> = Vec::new();
    for row in 0..batch.num_rows() {
        let id = ids.value(row);
        if series.last().is_some_and(|(before, _)| *before == id) {
            continue;
        }
        let told = |name: &str| text(name, row).unwrap_or_default();
        let kind = kind_named(&told("kind"));
        let labels = parse_attributes(&told("labels"));
        let resource = match text("resource", row) {
            Some(resource) => parse_attributes(&resource),
            None => Attributes::new().with("service.name", told("service")),
        };
        let attributes = match text("attributes", row) {
            Some(own) => parse_attributes(&own),
            None => Attributes(
                labels.0.into_iter().filter(|(key, value)| resource.0.get(key) != Some(value)).collect(),
            ),
        };
        let counts = !matches!(kind, MetricKind::Gauge | MetricKind::Summary);
        series.push((
            id,
            Series {
                name: told("metric"),
                kind,
                unit: told("unit"),
                description: told("description"),
                temporality: match told("temporality").as_str() {
                    "delta" => Temporality::Delta,
                    "unspecified" => Temporality::Unspecified,
                    "" if !counts => Temporality::Unspecified,
                    _ => Temporality::Cumulative,
                },
                monotonic: monotonic.map_or(counts, |monotonic| monotonic.value(row)),
                resource: Arc::new(Resource { attributes: resource }),
                scope: Arc::new(Scope { name: told("scope_name"), version: told("scope_version") }),
                attributes,
            },
        ));
    }
    series
}

fn name_of_kind(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Gauge => "gauge",
        MetricKind::Counter => "counter",
        MetricKind::Histogram => "histogram",
        MetricKind::ExponentialHistogram => "exponential_histogram",
        MetricKind::Summary => "summary",
    }
}

fn kind_named(name: &str) -> MetricKind {
    match name {
        "counter" => MetricKind::Counter,
        "histogram" => MetricKind::Histogram,
        "exponential_histogram" => MetricKind::ExponentialHistogram,
        "summary" => MetricKind::Summary,
        _ => MetricKind::Gauge,
    }
}

fn name_of_temporality(temporality: Temporality) -> &'static str {
    match temporality {
        Temporality::Unspecified => "unspecified",
        Temporality::Delta => "delta",
        Temporality::Cumulative => "cumulative",
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::Schema;

    use super::*;

    #[test]
    fn what_is_written_of_a_series_gives_it_back() {
        let resource = Attributes::new().with("service.name", "shop").with("cores", 4).with("shared", "same");
        let plain = Series {
            scope: Arc::new(Scope { name: "library".into(), version: "2".into() }),
            description: "Says \"how much\".".into(),
            temporality: Temporality::Delta,
            ..Series::counter(
                "work",
                "By",
                Arc::new(Resource { attributes: resource }),
                Attributes::new().with("code", 200).with("cores", 8),
            )
        };
        let series = [
            plain.clone(),
            Series { attributes: Attributes::new().with("shared", "same"), ..plain.clone() },
            Series { kind: MetricKind::Summary, monotonic: false, resource: Arc::default(), ..plain },
        ];
        let known: Vec<_> =
            series.iter().map(|series| Arc::new(KnownSeries::new(series.id().0, series))).collect();
        let rows = known.iter().flat_map(|series| [series, series]);
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields())), columns(rows)).unwrap();
        let back = described(&batch);
        assert_eq!(back, series.map(|series| (series.id().0, series)));
    }
}
