//! The columns that identify a series. Every segment file of metrics has them.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, BooleanArray, RecordBatch, StringArray, UInt64Array, cast::AsArray, types::UInt64Type,
};
use arrow_schema::{DataType, Field};
use model::{Attributes, MetricKind, Resource, Scope, Series, Temporality};

use crate::{
    StoreError,
    catalog::{resource::ResourceEntry, series::SeriesEntry},
    database::attributes::parse_attributes,
    segment::file::ColumnEncodings,
};

/// The columns whose distinct values are written once per row group.
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
/// The names of all columns.
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

/// Columns that row groups are pruned by.
const BOUNDED: [&str; 5] = ["metric", "series_id", "first_time", "last_time", "time"];
/// Columns whose bytes are stored separately by position.
const SPLIT: [&str; 10] = [
    "small_steps.list.element",
    "large_steps.list.element",
    "steps.list.element.first",
    "steps.list.element.last",
    "steps.list.element.min",
    "steps.list.element.max",
    "steps.list.element.sum",
    "steps.list.element.increase",
    "steps.list.element.first_number",
    "steps.list.element.last_number",
];

/// Returns the encodings of a file of metrics with these dictionary columns.
pub(crate) fn encodings<'names>(dictionaries: &'names [&'names str]) -> ColumnEncodings<'names> {
    ColumnEncodings { dictionaries, bounded: &BOUNDED, split: &SPLIT }
}

/// Returns the fields: metric, labels, service, kind, what else identifies a series, and its id.
///
/// `labels` are the attributes of resource and points merged; those of the points win. `attributes`
/// are those of the points, written only where the merge hides some that the resource has as well.
pub(crate) fn fields() -> Vec<Field> {
    NAMES
        .map(|name| match name {
            "series_id" => Field::new(name, DataType::UInt64, false),
            "monotonic" => Field::new(name, DataType::Boolean, false),
            _ => Field::new(name, DataType::Utf8, name == "attributes"),
        })
        .into()
}

/// Builds the columns of rows. Rows of one series are adjacent.
pub(crate) fn columns<'rows>(
    rows: impl Iterator<Item = &'rows Arc<SeriesEntry>>,
) -> Result<Vec<ArrayRef>, StoreError> {
    // Formatting attributes costs the most, and several rows may be of one series.
    let mut texts: Vec<[Option<String>; 3]> = Vec::new();
    let mut resources: HashMap<*const ResourceEntry, (Attributes, String)> = HashMap::new();
    let (mut series, mut positions): (Vec<&Arc<SeriesEntry>>, Vec<usize>) = (Vec::new(), Vec::new());
    for one in rows {
        if series.last().is_none_or(|before| before.id != one.id) {
            let (resource, text) = match resources.entry(Arc::as_ptr(&one.resource)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(vacant) => {
                    let resource = one.resource.unpack()?.attributes;
                    let text = resource.to_json();
                    vacant.insert((resource, text))
                }
            };
            let (labels, own_attributes) = merged_attributes(resource, &one.attributes.read()?.unpack());
            texts.push([Some(labels), Some(text.clone()), own_attributes]);
        }
        series.push(one);
        positions.push(texts.len().saturating_sub(1));
    }
    let text = |of: &dyn Fn(&SeriesEntry) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(series.iter().map(|series| of(series))))
    };
    let written = |which: usize| -> ArrayRef {
        let texts = positions.iter().map(|position| texts.get(*position)?.get(which)?.as_deref());
        Arc::new(texts.collect::<StringArray>())
    };
    Ok(vec![
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
    ])
}

/// Merges the attributes of a resource and of points. Returns those of the points too where the
/// merge hides which they are.
fn merged_attributes(resource: &Attributes, own: &Attributes) -> (String, Option<String>) {
    let mut all = resource.clone();
    all.0.extend(own.0.iter().map(|(key, value)| (key.clone(), value.clone())));
    let hidden = own.0.iter().any(|(key, value)| resource.0.get(key) == Some(value));
    (all.to_json(), hidden.then(|| own.to_json()))
}

/// Reads the series of a batch with their ids. Files of earlier formats lack the columns that
/// assign attributes to resource or points; then all but the service belong to the points.
pub(crate) fn read_series(batch: &RecordBatch) -> Vec<(u64, Series)> {
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
        let column_text = |name: &str| text(name, row).unwrap_or_default();
        let kind = kind_named(&column_text("kind"));
        let labels = parse_attributes(&column_text("labels"));
        let resource = match text("resource", row) {
            Some(resource) => parse_attributes(&resource),
            None => Attributes::new().with("service.name", column_text("service")),
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
                name: column_text("metric"),
                kind,
                unit: column_text("unit"),
                description: column_text("description"),
                temporality: match column_text("temporality").as_str() {
                    "delta" => Temporality::Delta,
                    "unspecified" => Temporality::Unspecified,
                    "" if !counts => Temporality::Unspecified,
                    _ => Temporality::Cumulative,
                },
                monotonic: monotonic.map_or(counts, |monotonic| monotonic.value(row)),
                resource: Arc::new(Resource { attributes: resource }),
                scope: Arc::new(Scope {
                    name: column_text("scope_name"),
                    version: column_text("scope_version"),
                }),
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
    fn a_written_series_is_read_back() {
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
        let known = series.each_ref().map(|series| Arc::new(SeriesEntry::of(series)));
        let rows = known.iter().flat_map(|series| [series, series]);
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields())), columns(rows).unwrap()).unwrap();
        let back = read_series(&batch);
        assert_eq!(back, series.map(|series| (series.id().0, series)));
    }
}
