//! Moving of labels between memory and the file.
//!
//! Series that are written to have their labels in memory. Of the others, labels beyond a limit are
//! in the file. If the file cannot be written, labels stay in memory. If it cannot be read, all
//! labels are read again from the database.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};

use duckdb::Connection;
use parking_lot::RwLockUpgradableReadGuard;

use super::{
    entries::{Changes, Entries},
    label_file::LabelFile,
    label_set::{LabelSet, LastUse},
    packed_attributes::PackedAttributes,
    series_catalog::SeriesCatalog,
};
use crate::{
    StoreError,
    database::{attributes::parse_attributes, paths::create_folder},
};

/// Bytes of labels that are moved at a time.
pub(super) const LABELS_AT_ONCE: usize = 16 << 20;
/// Bytes of unused labels in the file at which it is written anew.
const MAX_UNUSED: u64 = 64 << 20;
/// The file leaves this much of the disk free.
const MIN_FREE: u64 = 1 << 30;

/// What a tidying found.
#[derive(Debug, Default)]
struct Survey {
    /// Entries that are written to, and whose labels are in the file.
    returned: Owners,
    /// Bytes of labels of past entries in memory, and each with its last use.
    past: usize,
    oldest: Vec<(u32, Owner, usize)>,
}

/// What has labels, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Series(u64),
    Resource(u64),
}

#[derive(Debug, Default)]
struct Owners {
    series: Vec<u64>,
    resources: Vec<u64>,
}

impl Owners {
    fn push(&mut self, owner: Owner) {
        match owner {
            Owner::Series(id) => self.series.push(id),
            Owner::Resource(id) => self.resources.push(id),
        }
    }
}

impl Survey {
    fn of(entries: &Entries, number: u32) -> Self {
        let mut survey = Self::default();
        let mut add =
            |owner, labels: &LabelSet, last_use: &LastUse| match (labels, last_use.is_current(number)) {
                (LabelSet::File(_), true) => survey.returned.push(owner),
                (LabelSet::Memory(set), false) if !set.bytes().is_empty() => {
                    survey.past += labels.memory();
                    survey.oldest.push((last_use.get(), owner, labels.memory()));
                }
                _ => {}
            };
        for (id, series) in &entries.series {
            series.resource.last_use.raise(series.last_use.get());
            add(Owner::Series(*id), &series.attributes, &series.last_use);
        }
        for (id, resource) in &entries.resources {
            add(Owner::Resource(*id), &resource.attributes, &resource.last_use);
        }
        survey
    }
}

impl SeriesCatalog {
    /// Moves labels of past series and resources to the file, those written to longest ago first,
    /// and those of series that are written to again back to memory. To be called once a minute.
    pub(crate) fn tidy(&self, connection: &Connection) -> Result<(), StoreError> {
        let number = self.tidying.fetch_add(1, Ordering::Relaxed);
        if self.folder.is_none() {
            return Ok(());
        }
        if self.file.lock().as_ref().is_some_and(|file| file.has_failed()) {
            tracing::warn!("the file of labels cannot be read, labels of past series stay in memory");
            return self.restore(connection);
        }
        let Survey { returned, past, mut oldest } = Survey::of(&self.entries.read(), number);
        for (series, resources) in in_turn(&returned) {
            self.change(|entries| to_memory(entries, series, resources));
        }
        if past > self.max_past {
            let excess = past - self.max_past / 4 * 3;
            oldest.sort_unstable();
            let (mut moved, mut owners) = (0, Owners::default());
            for (_, owner, memory) in oldest {
                owners.push(owner);
                moved += memory;
                if moved >= excess {
                    break;
                }
            }
            for (series, resources) in in_turn(&owners) {
                if !self.change(|entries| self.to_file(entries, series, resources)) {
                    break;
                }
            }
        }
        self.rewrite_file();
        Ok(())
    }

    /// Changes entries while no other thread adds any. Reads go on until the end of `find`.
    fn change(&self, find: impl FnOnce(&Entries) -> Option<Changes>) -> bool {
        let entries = self.entries.upgradable_read();
        let Some(changes) = find(&entries) else { return false };
        RwLockUpgradableReadGuard::upgrade(entries).apply(changes);
        true
    }

    /// Writes labels of some entries to the file. Returns none if that fails.
    pub(super) fn to_file(&self, entries: &Entries, series: &[u64], resources: &[u64]) -> Option<Changes> {
        if series.is_empty() && resources.is_empty() {
            return None;
        }
        let file = self.open_file()?;
        let in_memory = |id: &u64, labels: &LabelSet| Some((*id, labels.in_memory()?.clone()));
        let series = series.iter().filter_map(|id| in_memory(id, &entries.series.get(id)?.attributes));
        let resources =
            resources.iter().filter_map(|id| in_memory(id, &entries.resources.get(id)?.attributes));
        let (series, resources): (Vec<_>, Vec<_>) = (series.collect(), resources.collect());
        append(&file, &series, &resources)
    }

    fn open_file(&self) -> Option<Arc<LabelFile>> {
        let mut file = self.file.lock();
        if file.is_none() {
            *file = self.create_file();
        }
        file.clone().filter(|file| !file.has_failed())
    }

    fn create_file(&self) -> Option<Arc<LabelFile>> {
        let folder = self.folder.as_ref()?;
        let is_free = fs4::available_space(folder).is_ok_and(|free| free >= MIN_FREE);
        let created = create_folder(folder).map_err(|error| error.to_string()).and_then(|()| {
            if is_free {
                LabelFile::create(folder).map_err(|error| error.to_string())
            } else {
                Err("the disk has too little space".to_owned())
            }
        });
        created.inspect_err(|error| tracing::warn!(error, "labels of past series stay in memory")).ok()
    }

    /// Replaces the file if most of it is not used.
    fn rewrite_file(&self) {
        let Some(old) = self.file.lock().clone() else { return };
        let (unused, used) = old.unused_and_used();
        if unused < used + MAX_UNUSED {
            return;
        }
        let Some(new) = self.create_file() else { return };
        *self.file.lock() = Some(Arc::clone(&new));
        let mut owners = Owners::default();
        let is_old = |labels: &LabelSet| matches!(labels, LabelSet::File(slice) if slice.is_in(&old));
        {
            let entries = self.entries.read();
            let series = entries.series.iter().filter(|(_, series)| is_old(&series.attributes));
            owners.series.extend(series.map(|(id, _)| *id));
            let resources = entries.resources.iter().filter(|(_, resource)| is_old(&resource.attributes));
            owners.resources.extend(resources.map(|(id, _)| *id));
        }
        for (series, resources) in in_turn(&owners) {
            let moved = self.change(|entries| {
                let read = to_memory(entries, series, resources)?;
                let packed = |sets: Vec<(u64, LabelSet)>| -> Vec<_> {
                    sets.into_iter().filter_map(|(id, set)| Some((id, set.in_memory()?.clone()))).collect()
                };
                append(&new, &packed(read.series), &packed(read.resources))
            });
            if !moved {
                break;
            }
        }
    }

    /// Reads labels that are in the file from the database, and keeps all in memory from now on.
    fn restore(&self, connection: &Connection) -> Result<(), StoreError> {
        let in_file = |labels: &LabelSet| matches!(labels, LabelSet::File(_));
        let (series, resources): (HashSet<u64>, HashSet<u64>) = {
            let entries = self.entries.read();
            let series = entries.series.iter().filter(|(_, series)| in_file(&series.attributes));
            let resources = entries.resources.iter().filter(|(_, resource)| in_file(&resource.attributes));
            (series.map(|(id, _)| *id).collect(), resources.map(|(id, _)| *id).collect())
        };
        let read = |table: &str, ids: &HashSet<u64>| -> Result<Vec<(u64, LabelSet)>, StoreError> {
            let mut statement = connection.prepare(&format!("SELECT id, attributes FROM {table}"))?;
            let (mut rows, mut found) = (statement.query([])?, Vec::new());
            while let Some(row) = rows.next()? {
                let id = row.get(0)?;
                if ids.contains(&id) {
                    let attributes = parse_attributes(&row.get::<_, String>(1)?);
                    found.push((id, LabelSet::Memory((&attributes).into())));
                }
            }
            Ok(found)
        };
        let changes = Changes { series: read("series", &series)?, resources: read("resources", &resources)? };
        self.entries.write().apply(changes);
        Ok(())
    }
}

/// Divides owners into groups that are moved at a time.
fn in_turn(owners: &Owners) -> impl Iterator<Item = (&[u64], &[u64])> {
    // Their labels have 8 KiB at most by default.
    const OWNERS_AT_ONCE: usize = 4096;
    let resources = owners.resources.chunks(OWNERS_AT_ONCE).map(|some| (&[] as &[u64], some));
    resources.chain(owners.series.chunks(OWNERS_AT_ONCE).map(|some| (some, &[] as &[u64])))
}

/// Appends labels to a file. Returns none if that fails.
fn append(
    file: &Arc<LabelFile>,
    series: &[(u64, PackedAttributes)],
    resources: &[(u64, PackedAttributes)],
) -> Option<Changes> {
    let sets: Vec<&PackedAttributes> = series.iter().chain(resources).map(|(_, set)| set).collect();
    let slices = file.append(&sets).inspect_err(|error| {
        tracing::warn!(%error, "labels of past series stay in memory");
    });
    let mut slices = slices.ok()?.into_iter().map(LabelSet::File);
    Some(Changes {
        series: series.iter().map(|(id, _)| *id).zip(&mut slices).collect(),
        resources: resources.iter().map(|(id, _)| *id).zip(&mut slices).collect(),
    })
}

/// Reads labels of some entries from the file. Returns none if that fails.
fn to_memory(entries: &Entries, series: &[u64], resources: &[u64]) -> Option<Changes> {
    let read = |id: &u64, labels: Option<&LabelSet>| {
        let labels = labels.map(LabelSet::read)?;
        Some(labels.map(|labels| (*id, LabelSet::Memory(labels.into_owned()))))
    };
    let series = series.iter().filter_map(|id| read(id, entries.series.get(id).map(|one| &one.attributes)));
    let resources =
        resources.iter().filter_map(|id| read(id, entries.resources.get(id).map(|one| &one.attributes)));
    let changes = series
        .collect::<Result<_, _>>()
        .and_then(|series| Ok(Changes { series, resources: resources.collect::<Result<_, _>>()? }));
    changes.inspect_err(|error: &StoreError| tracing::warn!(%error, "labels stay in the file")).ok()
}

#[cfg(test)]
mod tests;
