//! Reading in tests what was told.

use std::{collections::BTreeMap, sync::Arc};

use model::{Resource, Timestamp};

use super::telling::Telling;

/// What `tell` tells: the names of the series, and the values by `name{key=value,...}`. Fails if a series is
/// told twice.
pub(crate) fn told(tell: impl FnOnce(&mut Telling)) -> (Vec<String>, BTreeMap<String, f64>) {
    let mut telling = Telling::new(Arc::new(Resource::service_named("host")), Timestamp(1));
    tell(&mut telling);
    let mut values = BTreeMap::new();
    let mut names = Vec::new();
    for ((id, series), sample) in telling.batch.series.iter().zip(&telling.batch.samples) {
        assert_eq!(*id, sample.series);
        let tags: Vec<String> =
            series.attributes.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let key = format!("{}{{{}}}", series.name, tags.join(","));
        assert_eq!(values.insert(key.clone(), sample.value), None, "{key} twice");
        names.push(series.name.clone());
    }
    (names, values)
}
