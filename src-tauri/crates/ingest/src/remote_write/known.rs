//! What is remembered between requests: the numbers of series by the bytes of their labels, and what was told of
//! metric families.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use model::{SeriesId, Unhashed};
use store::Store;

use super::{
    descriptor::{FamilyKind, Told},
    message::WireMetadata,
};

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

    /// The kind under which a metric was stored before, where its name does not tell and that is known for sure: a gauge
    /// may be one only because nothing had been told of it yet.
    pub(crate) fn stored_kind(&self, name: &str) -> FamilyKind {
        if self.store.has_counter(name) { FamilyKind::Counter } else { FamilyKind::Unknown }
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

    /// Takes what was told of a family. The first type told stays; series whose type follows from it are found anew.
    pub(crate) fn tell(&self, metadata: WireMetadata<'_>) {
        let text = |bytes: &[u8]| {
            let bytes = &bytes[..bytes.len().min(MOST_HELP_BYTES)];
            String::from_utf8_lossy(bytes).into_owned()
        };
        let Ok(family) = std::str::from_utf8(metadata.family) else { return };
        let kind = FamilyKind::of(metadata.kind);
        {
            let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
            if families.get(family).is_some_and(|told| told.kind == kind || told.kind != FamilyKind::Unknown)
                || (families.len() >= MOST_FAMILIES && !families.contains_key(family))
            {
                return;
            }
        }
        let told = Told { kind, help: text(metadata.help), unit: text(metadata.unit) };
        self.families.write().unwrap_or_else(PoisonError::into_inner).insert(family.to_owned(), told);
        self.forget_series();
    }

    /// What was told of the family that a series of this name belongs to.
    pub(crate) fn told(&self, name: &str) -> Option<Told> {
        let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
        let of_part = || {
            let suffixes = ["_total", "_bucket", "_count", "_sum", "_created", "_gcount", "_gsum", "_info"];
            suffixes.iter().find_map(|suffix| families.get(name.strip_suffix(suffix)?))
        };
        families.get(name).or_else(of_part).cloned()
    }
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
        known.tell(metadata(3, "latency_seconds"));
        assert!(known.series().is_empty());
        known.extend(vec![(2, SeriesId(2))], 0);
        assert!(known.series().is_empty());
        known.extend(vec![(1, SeriesId(1))], 1);
        known.tell(metadata(2, "latency_seconds"));
        assert_eq!(known.series().len(), 1);
        assert_eq!(known.told("latency_seconds_bucket").unwrap().kind, FamilyKind::Histogram);
        assert_eq!(known.told("latency"), None);
        known.tell(metadata(0, "x"));
        known.tell(metadata(1, "x"));
        assert_eq!(known.told("x_total").unwrap().kind, FamilyKind::Counter);
    }
}
