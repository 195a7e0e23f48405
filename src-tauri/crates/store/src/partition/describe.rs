//! The columns that say who speaks; every file has them.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray, UInt64Array};
use arrow_schema::{DataType, Field};

use crate::dictionary::KnownSeries;

/// Those of which each distinct value is written once per row group.
pub(crate) const DICTIONARIES: [&str; 4] = ["metric", "service", "kind", "unit"];

/// Metric, labels, service, kind, unit and the number of the series.
pub(crate) fn fields() -> Vec<Field> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let mut fields: Vec<Field> = ["metric", "labels", "service", "kind", "unit"].map(text).into();
    fields.push(Field::new("series_id", DataType::UInt64, false));
    fields
}

/// The columns of rows, each of a series.
pub(crate) fn columns<'rows>(series: impl Iterator<Item = &'rows Arc<KnownSeries>> + Clone) -> Vec<ArrayRef> {
    let text = |of: &dyn Fn(&KnownSeries) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(series.clone().map(|series| of(series))))
    };
    // Labels cost the most to write down, and several rows may be of one series.
    let mut labels: Vec<(u64, String)> = Vec::new();
    for one in series.clone() {
        if labels.last().is_none_or(|(id, _)| *id != one.id) {
            labels.push((one.id, serde_json::to_string(&one.labels()).unwrap_or_default()));
        }
    }
    let mut labels = labels.iter().peekable();
    let of_rows = series.clone().map(|one| {
        while labels.next_if(|(id, _)| *id != one.id).is_some() {}
        labels.peek().map_or("", |(_, labels)| labels.as_str())
    });
    let labels: ArrayRef = Arc::new(of_rows.map(Some).collect::<StringArray>());
    vec![
        text(&|series| series.name.to_string()),
        labels,
        text(&|series| series.service().to_owned()),
        text(&|series| kind(series)),
        text(&|series| series.unit.to_string()),
        Arc::new(UInt64Array::from_iter_values(series.clone().map(|series| series.id))),
    ]
}

/// The kind in words.
fn kind(series: &KnownSeries) -> String {
    serde_json::to_value(series.kind)
        .ok()
        .and_then(|kind| kind.as_str().map(str::to_owned))
        .unwrap_or_default()
}
