//! What is remembered between requests: the numbers of series by the bytes of their labels, and what was told of
//! metric families.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use model::{MetricKind, SeriesId, Unhashed, prometheus::FamilyKind};
use store::Store;

use super::{descriptor::Told, message::WireMetadata};

/// How many series are remembered; then all are forgotten, and found anew as they come.
const MOST_SERIES: usize = 4 << 20;
/// How many families are remembered.
const MOST_FAMILIES: usize = 200_000;
/// How much of a help text is kept.
const MOST_HELP_BYTES: usize = 4096;

/// The hash of a series' labels and content.
pub(crate) type LabelHash = u128;

/// Series whose descriptors the store has, by the hash of their labels. A number stands for a series only after its
/// descriptor was committed.
#[derive(Debug)]
pub(crate) struct Known {
    store: Store,
    series: RwLock<HashMap<LabelHash, SeriesId, Unhashed>>,
    families: RwLock<HashMap<String, Told>>,
    /// How often all series were forgotten.
    generation: AtomicU64,
}

impl Known {
    /// Nothing but what `store` has.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            series: RwLock::default(),
            families: RwLock::default(),
            generation: AtomicU64::default(),
        }
    }

    /// What is stored of a metric against what its name says: only metadata can have told it.
    pub(crate) fn stored(&self, name: &str) -> Option<Told> {
        let (kind, unit) = self.store.told_of(name)?;
        let kind = if kind == MetricKind::Counter { FamilyKind::Counter } else { FamilyKind::Gauge };
        Some(Told { kind, unit, help: String::new() })
    }

    pub(crate) fn series(&self) -> RwLockReadGuard<'_, HashMap<LabelHash, SeriesId, Unhashed>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever all series are forgotten.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Remembers series that were committed, unless all were forgotten since they were found.
    pub(crate) fn extend(&self, fresh: Vec<(LabelHash, SeriesId)>, generation: u64) {
        if fresh.is_empty() {
            return;
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if generation != self.generation() {
            return;
        }
        if series.len() + fresh.len() > MOST_SERIES {
            series.clear();
        }
        series.extend(fresh);
    }

    /// Forgets every series, for when the store did.
    pub(crate) fn forget_series(&self) {
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        series.clear();
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether nothing of this would change what is known.
    pub(crate) fn is_told(&self, metadata: &[WireMetadata<'_>]) -> bool {
        let families = self.families();
        metadata.iter().all(|metadata| change(&families, metadata).is_none())
    }

    /// Takes what was told of families. The first type told stays; series whose type follows from it are found anew.
    pub(crate) fn tell(&self, metadata: &[WireMetadata<'_>]) {
        if self.is_told(metadata) {
            return;
        }
        let mut families = self.families.write().unwrap_or_else(PoisonError::into_inner);
        for metadata in metadata {
            if let Some((family, told)) = change(&families, metadata) {
                families.insert(family.to_owned(), told);
            }
        }
        drop(families);
        self.forget_series();
    }

    fn families(&self) -> RwLockReadGuard<'_, HashMap<String, Told>> {
        self.families.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was told of the family that a series of this name belongs to.
    pub(crate) fn told(&self, name: &str) -> Option<Told> {
        let families = self.families();
        let of_part = || {
            let suffixes = ["_total", "_bucket", "_count", "_sum", "_created", "_gcount", "_gsum", "_info"];
            suffixes.iter().find_map(|suffix| families.get(name.strip_suffix(suffix)?))
        };
        families.get(name).or_else(of_part).cloned()
    }
}

/// What metadata add to what is known of their family; none if nothing.
fn change<'a>(families: &HashMap<String, Told>, metadata: &WireMetadata<'a>) -> Option<(&'a str, Told)> {
    let family = std::str::from_utf8(metadata.family).ok()?;
    let kind = FamilyKind::of_number(metadata.kind);
    let known = families.get(family);
    if known.is_some_and(|told| told.kind == kind || told.kind != FamilyKind::Unknown)
        || (families.len() >= MOST_FAMILIES && known.is_none())
    {
        return None;
    }
    let text = |bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(MOST_HELP_BYTES)];
        String::from_utf8_lossy(bytes).into_owned()
    };
    Some((family, Told { kind, help: text(metadata.help), unit: text(metadata.unit) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(kind: u64, family: &'static str) -> WireMetadata<'static> {
        WireMetadata { kind, family: family.as_bytes(), help: b"told", unit: b"" }
    }

    #[test]
    fn the_first_type_told_stays_and_parts_find_their_family() {
        let folder = tempfile::tempdir().unwrap();
        let known = Known::new(Store::open(folder.path(), store::StoreOptions::default()).unwrap());
        known.extend(vec![(1, SeriesId(1))], 0);
        assert!(!known.is_told(&[metadata(3, "latency_seconds")]));
        known.tell(&[metadata(3, "latency_seconds")]);
        assert!(known.series().is_empty());
        known.extend(vec![(2, SeriesId(2))], 0);
        assert!(known.series().is_empty());
        known.extend(vec![(1, SeriesId(1))], 1);
        assert!(known.is_told(&[metadata(2, "latency_seconds")]));
        known.tell(&[metadata(2, "latency_seconds")]);
        assert_eq!(known.series().len(), 1);
        assert_eq!(known.told("latency_seconds_bucket").unwrap().kind, FamilyKind::Histogram);
        assert_eq!(known.told("latency"), None);
        known.tell(&[metadata(0, "x"), metadata(1, "x"), metadata(2, "x")]);
        assert_eq!(known.told("x_total").unwrap().kind, FamilyKind::Counter);
    }
}
