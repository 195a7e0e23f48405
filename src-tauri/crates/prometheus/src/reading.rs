//! A scraped body of which the cached series are not read again.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::{
    cached_resolutions::{CachedResolutions, TextHash},
    cursor::Cursor,
    exposition::{ExposedLabels, ExposedSample, Exposition, ExpositionError},
    resolution::Resolution,
    series::Dialect,
};

/// A body that was read with the series cache of its target.
#[derive(Debug, Default)]
pub struct Reading {
    /// The families, without samples.
    pub(crate) families: Exposition,
    /// The samples, in the order written.
    pub(crate) samples: Vec<ReadSample>,
    /// Fingerprint of the declarations of families.
    pub(crate) declarations: Declarations,
}

/// One sample of a body. Name and labels are empty if its series is cached.
#[derive(Debug)]
pub(crate) struct ReadSample {
    pub(crate) sample: ExposedSample,
    /// Hash of the text of its series; none if the series cannot be cached by it.
    pub(crate) text: Option<TextHash>,
    pub(crate) cached: Option<Resolution>,
}

impl Reading {
    /// Returns the whole content. No series may be cached.
    pub(crate) fn into_exposition(self) -> Exposition {
        let samples = self.samples.into_iter().map(|read| read.sample).collect();
        Exposition { samples, ..self.families }
    }

    /// Returns whether the series of any sample was cached.
    pub(crate) fn uses_cache(&self) -> bool {
        self.samples.iter().any(|read| read.cached.is_some())
    }
}

/// A fingerprint of the types, texts and units of families in the order declared. Resolutions
/// depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Declarations(u64);

impl Declarations {
    /// Adds one declaration.
    pub(crate) fn add(&mut self, parts: &[&[u8]]) {
        let mut hash = Xxh3::with_seed(self.0);
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        self.0 = hash.digest();
    }
}

/// The series of a line: its resolution if it is cached, else its name and labels.
pub(crate) struct LineSeries {
    pub(crate) name: String,
    pub(crate) labels: ExposedLabels,
    text: Option<TextHash>,
    cached: Option<Resolution>,
}

impl LineSeries {
    /// Reads the series at the position of `cursor`.
    pub(crate) fn read(
        dialect: Dialect,
        cursor: &mut Cursor<'_>,
        cache: &CachedResolutions,
    ) -> Result<Self, ExpositionError> {
        let start = *cursor;
        let mut end = start;
        let has_end = dialect.skip_series(&mut end);
        let text = xxh3_128(end.since(&start));
        if let Some(cached) = cache.get(text).filter(|_| has_end) {
            *cursor = end;
            return Ok(Self {
                name: String::new(),
                labels: Vec::new(),
                text: Some(text),
                cached: Some(cached),
            });
        }
        let (name, labels) = dialect.read_series(cursor)?;
        // A text that ends elsewhere may be followed by what changes its meaning.
        let text = (cursor.since(&start).len() == end.since(&start).len()).then_some(text);
        Ok(Self { name, labels, text, cached: None })
    }

    /// Reads name and labels of a cached series from `start`, its position.
    pub(crate) fn spell_out(
        &mut self,
        dialect: Dialect,
        mut start: Cursor<'_>,
    ) -> Result<(), ExpositionError> {
        if self.cached.take().is_some() {
            (self.name, self.labels) = dialect.read_series(&mut start)?;
        }
        Ok(())
    }

    /// Like [`Self::spell_out`], unless the series can be stored with `value` as it is cached.
    pub(crate) fn spell_out_for(
        &mut self,
        value: f64,
        dialect: Dialect,
        start: Cursor<'_>,
    ) -> Result<(), ExpositionError> {
        match &self.cached {
            Some(cached) if !cached.accepts(value) => self.spell_out(dialect, start),
            _ => Ok(()),
        }
    }

    /// Returns a sample of the series, given all of it but name and labels.
    pub(crate) fn sample(self, rest: ExposedSample) -> ReadSample {
        let sample = ExposedSample { name: self.name, labels: self.labels, ..rest };
        ReadSample { sample, text: self.text, cached: self.cached }
    }
}

/// Returns the hash of a series that has no text.
pub(crate) fn hash_of(sample: &ExposedSample) -> TextHash {
    let mut hash = Xxh3::new();
    let labels = sample.labels.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    let is_native = [u8::from(sample.native.is_some())];
    for part in [&is_native[..], sample.name.as_bytes()].into_iter().chain(labels) {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.digest128()
}
