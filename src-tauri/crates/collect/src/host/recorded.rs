//! Recorded metrics as test data.

use std::{collections::BTreeMap, sync::Arc};

use model::{Resource, Timestamp};

use super::metrics_builder::MetricsBuilder;

/// Returns the names and the values (by `name{key=value,...}`) that `record` adds. Panics on a
/// duplicate series.
pub(crate) fn recorded(record: impl FnOnce(&mut MetricsBuilder)) -> (Vec<String>, BTreeMap<String, f64>) {
    let mut builder = MetricsBuilder::new(Arc::new(Resource::service_named("host")), Timestamp(1));
    record(&mut builder);
    let mut values = BTreeMap::new();
    let mut names = Vec::new();
    for ((id, series), sample) in builder.batch.series.iter().zip(&builder.batch.samples) {
        assert_eq!(*id, sample.series);
        let tags: Vec<String> =
            series.attributes.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let key = format!("{}{{{}}}", series.name, tags.join(","));
        assert_eq!(values.insert(key.clone(), sample.value), None, "{key} twice");
        names.push(series.name.clone());
    }
    (names, values)
}
