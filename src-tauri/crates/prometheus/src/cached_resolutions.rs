//! Resolutions by the text of a series, bounded in size and in the scrapes that do not use them.

use std::collections::HashMap;

use model::IdentityHash;

use crate::resolution::Resolution;

/// The hash of the text of a series.
pub(crate) type TextHash = u128;

/// Maximum size of a cache. Series beyond it are not cached.
const MAX_BYTES: usize = 64 << 20;
/// Memory of an entry beside the texts of its series.
const BYTES_PER_ENTRY: usize = 256;
/// Scrapes after which an entry that no sample used is removed.
const MAX_UNUSED_SCRAPES: u64 = 2;

/// The resolutions of texts.
#[derive(Debug, Default)]
pub(crate) struct CachedResolutions {
    entries: HashMap<TextHash, Entry, IdentityHash>,
    bytes: usize,
    scrape: u64,
}

#[derive(Debug)]
struct Entry {
    resolution: Resolution,
    last_scrape: u64,
}

impl CachedResolutions {
    /// Returns the number of texts.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Begins the next scrape.
    pub(crate) fn begin_scrape(&mut self) {
        self.scrape += 1;
    }

    /// Returns the resolution of a text.
    pub(crate) fn get(&self, text: TextHash) -> Option<Resolution> {
        self.entries.get(&text).map(|entry| entry.resolution.clone())
    }

    /// Records that the current scrape has a text.
    pub(crate) fn mark_used(&mut self, text: TextHash) {
        if let Some(entry) = self.entries.get_mut(&text) {
            entry.last_scrape = self.scrape;
        }
    }

    /// Caches the resolution of a text, unless the cache is full.
    pub(crate) fn insert(&mut self, text: TextHash, resolution: Resolution) {
        let bytes = bytes_of(&resolution);
        if self.bytes + bytes > MAX_BYTES {
            return;
        }
        let entry = Entry { resolution, last_scrape: self.scrape };
        self.bytes += bytes;
        if let Some(before) = self.entries.insert(text, entry) {
            self.bytes -= bytes_of(&before.resolution);
        }
    }

    /// Removes the entries that no recent scrape used.
    pub(crate) fn remove_unused(&mut self) {
        let scrape = self.scrape;
        let bytes = &mut self.bytes;
        self.entries.retain(|_, entry| {
            let is_used = scrape - entry.last_scrape < MAX_UNUSED_SCRAPES;
            if !is_used {
                *bytes -= bytes_of(&entry.resolution);
            }
            is_used
        });
    }
}

/// Estimates the memory of an entry.
fn bytes_of(resolution: &Resolution) -> usize {
    BYTES_PER_ENTRY + resolution.series().map_or(0, |series| series.text_bytes())
}
