//! The entries of the catalog, with what finds them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::{IdentityHash, Scope, prometheus::translated_name};

use super::{label_set::LabelSet, resource::ResourceEntry, series::SeriesEntry};

/// Other label sets of series and resources, by their ids.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) series: Vec<(u64, LabelSet)>,
    pub(super) resources: Vec<(u64, LabelSet)>,
}

/// All entries.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) series: HashMap<u64, Arc<SeriesEntry>, IdentityHash>,
    pub(super) by_name: HashMap<Arc<str>, Vec<Arc<SeriesEntry>>>,
    /// Names by those that Prometheus would give them, where they differ.
    translated: HashMap<String, Vec<Arc<str>>>,
    pub(super) resources: HashMap<u64, Arc<ResourceEntry>>,
    /// Ids of series by those of their earlier data.
    pub(super) later: HashMap<u64, u64, IdentityHash>,
    /// Names, units and descriptions, each once.
    texts: HashSet<Arc<str>>,
    scopes: HashSet<Arc<Scope>>,
}

impl Entries {
    /// Adds a series, unless it is known.
    pub(super) fn insert(&mut self, mut series: SeriesEntry) {
        if self.series.contains_key(&series.id) {
            return;
        }
        for text in [&mut series.name, &mut series.unit, &mut series.description] {
            share(&mut self.texts, text);
        }
        share(&mut self.scopes, &mut series.scope);
        self.add(Arc::new(series));
    }

    fn add(&mut self, series: Arc<SeriesEntry>) {
        let before = self.by_name.get(&series.name).and_then(|series| series.last());
        let translates_alike = before.is_some_and(|before| {
            (before.kind, before.monotonic) == (series.kind, series.monotonic) && before.unit == series.unit
        });
        if !translates_alike {
            let translated = translated_name(&series.name, &series.unit, series.kind, series.monotonic);
            if *translated != *series.name {
                let names = self.translated.entry(translated.into_owned()).or_default();
                if !names.contains(&series.name) {
                    names.push(Arc::clone(&series.name));
                }
            }
        }
        if let Some(earlier) = series.earlier {
            self.later.insert(earlier, series.id);
        }
        self.by_name.entry(Arc::clone(&series.name)).or_default().push(Arc::clone(&series));
        self.series.insert(series.id, series);
    }

    /// Removes all other series and resources.
    pub(super) fn retain(
        &mut self,
        is_stored: impl Fn(u64) -> bool,
        is_resource_stored: impl Fn(u64) -> bool,
    ) {
        let before = std::mem::take(self);
        self.resources = before.resources;
        self.resources.retain(|id, _| is_resource_stored(*id));
        self.resources.shrink_to_fit();
        drop(before.series);
        for series in before.by_name.into_values().flatten().filter(|series| is_stored(series.id)) {
            for text in [&series.name, &series.unit, &series.description] {
                self.texts.insert(Arc::clone(text));
            }
            self.scopes.insert(Arc::clone(&series.scope));
            self.add(series);
        }
    }

    /// Gives entries other label sets of the same labels.
    pub(super) fn apply(&mut self, changes: Changes) {
        // The former resources live until no series has them.
        let mut resources: HashMap<*const ResourceEntry, [Arc<ResourceEntry>; 2]> = HashMap::new();
        for (id, attributes) in changes.resources {
            if let Some(resource) = self.resources.get_mut(&id) {
                let after = Arc::new(resource.with_attributes(attributes));
                let before = std::mem::replace(resource, Arc::clone(&after));
                resources.insert(Arc::as_ptr(&before), [before, after]);
            }
        }
        let series: HashMap<u64, LabelSet, IdentityHash> = changes.series.into_iter().collect();
        let replace = |entry: &mut Arc<SeriesEntry>, known: &mut HashMap<_, _, _>| {
            let attributes = series.get(&entry.id);
            let resource = resources.get(&Arc::as_ptr(&entry.resource)).map(|[_, after]| after);
            if attributes.is_some() || resource.is_some() {
                let mut after = SeriesEntry::clone(entry);
                after.attributes = attributes.cloned().unwrap_or(after.attributes);
                after.resource = resource.cloned().unwrap_or(after.resource);
                *entry = Arc::new(after);
                known.insert(entry.id, Arc::clone(entry));
            }
        };
        if resources.is_empty() {
            let name = |id| self.series.get(id).map(|series| Arc::clone(&series.name));
            let names: HashSet<Arc<str>> = series.keys().filter_map(name).collect();
            for name in names {
                let named = self.by_name.get_mut(&name).into_iter().flatten();
                named.for_each(|entry| replace(entry, &mut self.series));
            }
        } else {
            let all = self.by_name.values_mut().flatten();
            all.for_each(|entry| replace(entry, &mut self.series));
        }
    }

    /// Returns the series of a metric, or those that Prometheus would know by its name.
    pub(super) fn named(&self, metric: &str) -> Vec<Arc<SeriesEntry>> {
        if let Some(series) = self.by_name.get(metric) {
            return series.clone();
        }
        let names = self.translated.get(metric).into_iter().flatten();
        names.filter_map(|name| self.by_name.get(name)).flatten().cloned().collect()
    }
}

/// Replaces a value by an equal one that is known.
fn share<T: Eq + std::hash::Hash + ?Sized>(known: &mut HashSet<Arc<T>>, value: &mut Arc<T>) {
    match known.get(value) {
        Some(known) => *value = Arc::clone(known),
        None => {
            known.insert(Arc::clone(value));
        }
    }
}
