//! The series of a target's scrapes by their text, so that a known line costs a lookup.

use model::Timestamp;

use crate::{
    assembly::{Assembled, AssemblyError, AssemblyOptions, assemble_reading},
    cached_resolutions::CachedResolutions,
    exposition::ExpositionError,
    openmetrics::read_openmetrics,
    protobuf::read_protobuf,
    reading::{Declarations, Reading},
    text::read_text,
};

/// The series of one target by their text. It belongs to one set of [`AssemblyOptions`]: a target
/// whose rules, labels or limits change needs a new one. A change of a family's declaration empties
/// it.
#[derive(Debug, Default)]
pub struct SeriesCache {
    resolutions: CachedResolutions,
    declarations: Declarations,
}

impl SeriesCache {
    /// Reads a body like [`crate::parse_text`].
    pub fn read_text(&mut self, body: &[u8], max_samples: usize) -> Result<Reading, ExpositionError> {
        self.read(|cache| read_text(body, max_samples, cache))
    }

    /// Reads a body like [`crate::parse_openmetrics`].
    pub fn read_openmetrics(&mut self, body: &[u8], max_samples: usize) -> Result<Reading, ExpositionError> {
        self.read(|cache| read_openmetrics(body, max_samples, cache))
    }

    /// Reads a body like [`crate::parse_protobuf`].
    pub fn read_protobuf(
        &mut self,
        body: &[u8],
        max_samples: usize,
        include_classic: bool,
    ) -> Result<Reading, ExpositionError> {
        self.read(|cache| read_protobuf(body, max_samples, include_classic, cache))
    }

    fn read(
        &mut self,
        read: impl Fn(&CachedResolutions) -> Result<Reading, ExpositionError>,
    ) -> Result<Reading, ExpositionError> {
        let reading = read(&self.resolutions)?;
        if reading.declarations == self.declarations {
            return Ok(reading);
        }
        self.resolutions = CachedResolutions::default();
        self.declarations = reading.declarations;
        if reading.uses_cache() { read(&self.resolutions) } else { Ok(reading) }
    }

    /// Assembles a body that was read last, like [`crate::assemble`]. Series that the target had
    /// before are not described in the batch.
    pub fn assemble(
        &mut self,
        reading: &Reading,
        options: &AssemblyOptions,
        now: Timestamp,
    ) -> Result<Assembled, AssemblyError> {
        self.resolutions.begin_scrape();
        let assembled = assemble_reading(reading, options, &mut self.resolutions, now);
        self.resolutions.remove_unused();
        assembled
    }

    /// Returns the number of cached texts.
    pub fn len(&self) -> usize {
        self.resolutions.len()
    }

    /// Returns whether nothing is cached.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
