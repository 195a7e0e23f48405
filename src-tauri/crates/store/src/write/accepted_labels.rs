//! The bytes that series and resources take, and the number of resources.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

/// Memory of a text beside its bytes: an allocation and entries of sets.
const PER_TEXT: u64 = 64;
/// Memory of the name of a metric beside its bytes, twice: the names of both systems find series.
const PER_NAME: u64 = 200;
/// Memory of a service, and of one of its labels, beside the name.
pub(super) const PER_LABEL: u64 = 150;
/// Memory of a value of a label.
pub(super) const PER_VALUE: u64 = 20;

/// The bytes of a series or resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct KeptBytes {
    /// Labels as the catalog holds them.
    pub(super) labels: u64,
    /// What stays in memory as long as any series has it: names, units, descriptions, services, and
    /// names and values of labels as the limits count them.
    pub(super) names: u64,
}

impl KeptBytes {
    fn plus(self, other: Self) -> Self {
        Self {
            labels: self.labels.saturating_add(other.labels),
            names: self.names.saturating_add(other.names),
        }
    }

    /// Returns the sum.
    pub(super) fn total(self) -> u64 {
        self.labels.saturating_add(self.names)
    }
}

/// What series and resources take, with what a group added that is not committed yet.
#[derive(Debug, Default)]
pub(crate) struct AcceptedLabels {
    resources: u64,
    kept: KeptBytes,
    /// Hashes of names, units and descriptions. Each is counted once.
    texts: HashSet<u64>,
    added_resources: u64,
    added: KeptBytes,
    added_texts: Vec<u64>,
}

impl AcceptedLabels {
    /// Returns the number of resources.
    pub(super) fn resources(&self) -> u64 {
        self.resources.saturating_add(self.added_resources)
    }

    /// Returns the bytes of everything.
    pub(super) fn bytes(&self) -> KeptBytes {
        self.kept.plus(self.added)
    }

    /// Returns the bytes that the name and further texts of a series would add.
    pub(super) fn new_texts(&self, name: &str, texts: &[&str]) -> u64 {
        self.unknown_texts(name, texts).map(|(_, bytes)| bytes).sum()
    }

    fn unknown_texts(&self, name: &str, texts: &[&str]) -> impl Iterator<Item = (u64, u64)> {
        // A name that is a description, too, takes more memory.
        let name = (xxh3_64(name.as_bytes()) ^ 1, 2 * name.len() as u64 + PER_NAME);
        let texts = texts.iter().map(|text| (xxh3_64(text.as_bytes()), text.len() as u64 + PER_TEXT));
        std::iter::once(name).chain(texts).filter(|(hash, _)| !self.texts.contains(hash))
    }

    /// Counts the name and further texts of a series.
    pub(super) fn add_texts(&mut self, name: &str, texts: &[&str]) {
        let unknown: Vec<(u64, u64)> = self.unknown_texts(name, texts).collect();
        for (hash, bytes) in unknown {
            if self.texts.insert(hash) {
                self.added_texts.push(hash);
                self.add(KeptBytes { names: bytes, labels: 0 });
            }
        }
    }

    /// Counts the labels of a series.
    pub(super) fn add(&mut self, bytes: KeptBytes) {
        self.added = self.added.plus(bytes);
    }

    /// Counts the attributes of a resource.
    pub(super) fn add_resource(&mut self, bytes: KeptBytes) {
        self.added_resources += 1;
        self.add(bytes);
    }

    /// Records that the group with what was counted since the last call is committed.
    pub(super) fn settle(&mut self) {
        (self.resources, self.kept) = (self.resources(), self.bytes());
        self.added_texts.clear();
        self.roll_back();
    }

    /// Removes what was counted since [`Self::settle`], whose group failed.
    pub(super) fn roll_back(&mut self) {
        (self.added_resources, self.added) = (0, KeptBytes::default());
        for text in std::mem::take(&mut self.added_texts) {
            self.texts.remove(&text);
        }
    }
}
