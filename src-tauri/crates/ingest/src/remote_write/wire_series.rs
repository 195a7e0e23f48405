//! The series of a message, which borrow from its body.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::wire::{Fields, Value, WireError};
use crate::rejection::Rejection;

/// A name and a value, not yet validated as UTF-8.
pub(super) type Label<'a> = (&'a [u8], &'a [u8]);

/// One sample of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WireSample {
    pub(super) value: f64,
    /// Milliseconds since the epoch.
    pub(super) timestamp: i64,
    /// Milliseconds since the epoch, 0 if absent.
    pub(super) start_timestamp: i64,
}

/// One series of a message. Its lists are reused for the next series.
#[derive(Debug, Default)]
pub(super) struct WireSeries<'a> {
    pub(super) labels: Vec<Label<'a>>,
    /// The adjacent labels of a 1.0 message, not yet decoded. Empty if `labels` has them.
    pub(super) encoded_labels: &'a [u8],
    pub(super) samples: Vec<WireSample>,
    /// Messages of native histograms.
    pub(super) histograms: Vec<&'a [u8]>,
    pub(super) exemplars: Vec<WireExemplar<'a>>,
    /// The metadata of the series; only in 2.0.
    pub(super) metadata: WireMetadata<'a>,
    /// Milliseconds since the epoch, 0 if absent.
    pub(super) created_timestamp: i64,
    /// A description of invalid references, if there are any.
    pub(super) problem: Option<&'static str>,
}

impl<'a> WireSeries<'a> {
    /// Returns a hash of the labels and of the unit in 2.0's metadata.
    ///
    /// Adjacent labels are hashed undecoded, because decoding costs more than a cache lookup.
    pub(super) fn hash(&self, scratch: &mut Vec<u8>, seed: u64) -> u128 {
        if !self.encoded_labels.is_empty() {
            return xxh3_128_with_seed(self.encoded_labels, seed << 1);
        }
        scratch.clear();
        let texts = self.labels.iter().flat_map(|(name, value)| [*name, *value]);
        for text in texts.chain([self.metadata.unit]) {
            scratch.extend_from_slice(&(text.len() as u32).to_le_bytes());
            scratch.extend_from_slice(text);
        }
        xxh3_128_with_seed(scratch, seed << 1 | 1)
    }

    /// Returns the labels in their order.
    pub(super) fn labels(&self) -> Result<Cow<'_, [Label<'a>]>, Rejection> {
        self.decode_labels().map_err(malformed)
    }

    pub(super) fn decode_labels(&self) -> Result<Cow<'_, [Label<'a>]>, WireError> {
        if self.encoded_labels.is_empty() {
            return Ok(Cow::Borrowed(&self.labels));
        }
        let mut labels = Vec::new();
        let mut fields = Fields::of(self.encoded_labels);
        while let Some((_, value)) = fields.next_field()? {
            labels.push(label(value)?);
        }
        Ok(Cow::Owned(labels))
    }

    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.encoded_labels = &[];
        self.samples.clear();
        self.histograms.clear();
        self.exemplars.clear();
        self.metadata = WireMetadata::default();
        self.created_timestamp = 0;
        self.problem = None;
    }
}

/// An exemplar of a series.
#[derive(Debug, Default)]
pub(super) struct WireExemplar<'a> {
    pub(super) labels: Vec<Label<'a>>,
    pub(super) value: f64,
    /// Milliseconds since the epoch.
    pub(super) timestamp: i64,
}

/// The metadata of a metric.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct WireMetadata<'a> {
    /// `MetricType`, whose numbers are the same in both messages.
    pub(super) kind: u64,
    /// The name of the family; only in 1.0.
    pub(super) family: &'a [u8],
    pub(super) help: &'a [u8],
    pub(super) unit: &'a [u8],
}

/// Reads a label.
pub(super) fn label(value: Value<'_>) -> Result<Label<'_>, WireError> {
    let (mut name, mut text): Label<'_> = (&[], &[]);
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => name = value.bytes()?,
            2 => text = value.bytes()?,
            _ => {}
        }
    }
    Ok((name, text))
}

/// Returns the rejection of a request that is not valid protobuf.
pub(super) fn malformed(error: WireError) -> Rejection {
    Rejection::Malformed(format!("the request is not valid protobuf: {error}"))
}
