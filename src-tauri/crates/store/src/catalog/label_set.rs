//! The labels of a series or resource, in memory or in a file.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU32, Ordering},
};

use super::{label_file::LabelSlice, packed_attributes::PackedAttributes};
use crate::StoreError;

/// The memory that an allocation takes beside its content.
const ALLOCATION: usize = 16;

/// Attributes that are in memory or in a [`LabelFile`](super::label_file::LabelFile).
#[derive(Debug, Clone)]
pub(crate) enum LabelSet {
    Memory(PackedAttributes),
    File(LabelSlice),
}

impl LabelSet {
    /// Returns the attributes. Fails if they are in a file that cannot be read.
    pub(crate) fn read(&self) -> Result<Cow<'_, PackedAttributes>, StoreError> {
        match self {
            Self::Memory(attributes) => Ok(Cow::Borrowed(attributes)),
            Self::File(slice) => slice.read().map(Cow::Owned),
        }
    }

    /// Returns the attributes that are in memory.
    pub(super) fn in_memory(&self) -> Option<&PackedAttributes> {
        match self {
            Self::Memory(attributes) => Some(attributes),
            Self::File(_) => None,
        }
    }

    /// Returns the bytes that they take in memory beside the entry itself.
    pub(super) fn memory(&self) -> usize {
        match self.in_memory().map_or(0, |attributes| attributes.bytes().len()) {
            0 => 0,
            length => length + ALLOCATION,
        }
    }
}

/// A series is current for this number of tidyings after the last write to it.
pub(super) const CURRENT_TIDYINGS: u32 = 10;

/// The number of the tidying before which an entry was written to last.
#[derive(Debug, Default)]
pub(crate) struct LastUse(AtomicU32);

impl Clone for LastUse {
    fn clone(&self) -> Self {
        Self(AtomicU32::new(self.get()))
    }
}

impl LastUse {
    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns whether the last write was shortly before the tidying with a number.
    pub(super) fn is_current(&self, number: u32) -> bool {
        number.saturating_sub(self.get()) <= CURRENT_TIDYINGS
    }

    /// Sets the number if it is larger.
    pub(super) fn raise(&self, number: u32) {
        if self.get() < number {
            self.0.fetch_max(number, Ordering::Relaxed);
        }
    }

    /// Sets the number. Most calls find it set and leave the cache line shared.
    pub(super) fn set(&self, number: u32) {
        if self.get() != number {
            self.0.store(number, Ordering::Relaxed);
        }
    }
}
