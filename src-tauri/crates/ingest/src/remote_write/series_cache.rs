//! Caches that outlive a request: series ids by the hash of their labels, and family metadata.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use model::{IdentityHash, MetricKind, SeriesId};
use parking_lot::{RwLock, RwLockReadGuard};
use prometheus::FamilyKind;
use store::Store;

use super::{descriptor::FamilyMetadata, wire_series::WireMetadata};

/// Maximum number of cached series. Beyond it the cache is cleared.
const MAX_SERIES: usize = 4 << 20;
/// Maximum number of cached families.
const MAX_FAMILIES: usize = 200_000;
/// Maximum size of a cached help text.
const MAX_HELP_BYTES: usize = 4096;

/// The hash of a series' labels and point type.
pub(super) type LabelHash = u128;

/// The series whose descriptors are committed, by the hash of their labels, and family metadata.
#[derive(Debug)]
pub(super) struct SeriesCache {
    store: Store,
    series: RwLock<HashMap<LabelHash, SeriesId, IdentityHash>>,
    families: RwLock<HashMap<String, FamilyMetadata>>,
    /// Number of times the series were cleared.
    generation: AtomicU64,
}

impl SeriesCache {
    /// Creates an empty cache in front of `store`.
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            series: RwLock::default(),
            families: RwLock::default(),
            generation: AtomicU64::default(),
        }
    }

    /// Returns the stored metadata of a metric, if its kind differs from the one of its name.
    pub(super) fn stored_metadata(&self, name: &str) -> Option<FamilyMetadata> {
        let (kind, unit) = self.store.metrics().declared_type(name)?;
        let kind = if kind == MetricKind::Counter { FamilyKind::Counter } else { FamilyKind::Gauge };
        Some(FamilyMetadata { kind, unit, help: String::new() })
    }

    /// Returns the cached ids.
    pub(super) fn series(&self) -> RwLockReadGuard<'_, HashMap<LabelHash, SeriesId, IdentityHash>> {
        self.series.read()
    }

    /// Returns a number that changes whenever the series are cleared.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Caches committed series, unless the cache was cleared since `generation`.
    pub(super) fn extend(&self, fresh: Vec<(LabelHash, SeriesId)>, generation: u64) {
        if fresh.is_empty() {
            return;
        }
        let mut series = self.series.write();
        if generation != self.generation() {
            return;
        }
        if series.len() + fresh.len() > MAX_SERIES {
            series.clear();
        }
        series.extend(fresh);
    }

    /// Clears the series, because the store may have removed some.
    pub(super) fn clear_series(&self) {
        let mut series = self.series.write();
        series.clear();
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns whether the metadata would change nothing.
    pub(super) fn contains_metadata(&self, metadata: &[WireMetadata<'_>]) -> bool {
        let families = self.families();
        metadata.iter().all(|metadata| change(&families, metadata).is_none())
    }

    /// Caches metadata of families. The first type of a family stays.
    ///
    /// A change clears the series, because their kind can depend on it.
    pub(super) fn add_metadata(&self, metadata: &[WireMetadata<'_>]) {
        if self.contains_metadata(metadata) {
            return;
        }
        let mut families = self.families.write();
        for metadata in metadata {
            if let Some((family, changed)) = change(&families, metadata) {
                families.insert(family.to_owned(), changed);
            }
        }
        drop(families);
        self.clear_series();
    }

    fn families(&self) -> RwLockReadGuard<'_, HashMap<String, FamilyMetadata>> {
        self.families.read()
    }

    /// Returns the metadata of the family that a series of this name belongs to.
    pub(super) fn metadata(&self, name: &str) -> Option<FamilyMetadata> {
        let families = self.families();
        let by_suffix = || {
            let suffixes = ["_total", "_bucket", "_count", "_sum", "_created", "_gcount", "_gsum", "_info"];
            suffixes.iter().find_map(|suffix| families.get(name.strip_suffix(suffix)?))
        };
        families.get(name).or_else(by_suffix).cloned()
    }
}

/// Returns the name and the new metadata of a family, none if they would change nothing.
fn change<'a>(
    families: &HashMap<String, FamilyMetadata>,
    metadata: &WireMetadata<'a>,
) -> Option<(&'a str, FamilyMetadata)> {
    let family = std::str::from_utf8(metadata.family).ok()?;
    let kind = FamilyKind::from_number(metadata.kind);
    let cached = families.get(family);
    if cached.is_some_and(|cached| cached.kind == kind || cached.kind != FamilyKind::Unknown)
        || (families.len() >= MAX_FAMILIES && cached.is_none())
    {
        return None;
    }
    let text = |bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(MAX_HELP_BYTES)];
        String::from_utf8_lossy(bytes).into_owned()
    };
    Some((family, FamilyMetadata { kind, help: text(metadata.help), unit: text(metadata.unit) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(kind: u64, family: &'static str) -> WireMetadata<'static> {
        WireMetadata { kind, family: family.as_bytes(), help: b"help", unit: b"" }
    }

    #[test]
    fn the_first_type_stays_and_suffixes_find_their_family() {
        let folder = tempfile::tempdir().unwrap();
        let cache = SeriesCache::new(Store::open(folder.path(), store::StoreOptions::default()).unwrap());
        cache.extend(vec![(1, SeriesId(1))], 0);
        assert!(!cache.contains_metadata(&[metadata(3, "latency_seconds")]));
        cache.add_metadata(&[metadata(3, "latency_seconds")]);
        assert!(cache.series().is_empty());
        cache.extend(vec![(2, SeriesId(2))], 0);
        assert!(cache.series().is_empty());
        cache.extend(vec![(1, SeriesId(1))], 1);
        assert!(cache.contains_metadata(&[metadata(2, "latency_seconds")]));
        cache.add_metadata(&[metadata(2, "latency_seconds")]);
        assert_eq!(cache.series().len(), 1);
        assert_eq!(cache.metadata("latency_seconds_bucket").unwrap().kind, FamilyKind::Histogram);
        assert_eq!(cache.metadata("latency"), None);
        cache.add_metadata(&[metadata(0, "x"), metadata(1, "x"), metadata(2, "x")]);
        assert_eq!(cache.metadata("x_total").unwrap().kind, FamilyKind::Counter);
    }
}
