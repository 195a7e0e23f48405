//! Readers of the two remote write messages, which borrow from the body.
//!
//! The messages are `prometheus.WriteRequest` (1.0) and `io.prometheus.write.v2.Request` (2.0).
//! Field numbers are those of Prometheus' `prompb` folder.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{
    lists::Lists,
    wire::{Fields, Value, WireError},
};
use crate::rejection::Rejection;

/// Maximum number of symbols of a 2.0 message.
const MAX_SYMBOLS: usize = 1 << 20;

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
    labels: Vec<Label<'a>>,
    /// The adjacent labels of a 1.0 message, not yet decoded. Empty if `labels` has them.
    encoded_labels: &'a [u8],
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

    fn decode_labels(&self) -> Result<Cow<'_, [Label<'a>]>, WireError> {
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

    fn clear(&mut self) {
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

/// Reads the metadata of a 1.0 message, which can precede or follow the series.
pub(super) fn read_metadata<'a>(
    message: &'a [u8],
    lists: &mut Lists,
) -> Result<Vec<WireMetadata<'a>>, Rejection> {
    let mut metadata = Vec::new();
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        if number == 3 {
            lists.charge_metadata()?;
            metadata.push(first_metadata(value).map_err(malformed)?);
        }
    }
    Ok(metadata)
}

/// Reads the series of a 1.0 message. Ends with the first error of `take`.
pub(super) fn read_first<Stop: From<Rejection>>(
    message: &[u8],
    mut lists: Lists,
    mut take: impl FnMut(&WireSeries<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut series = WireSeries::default();
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        match number {
            1 => {
                series.clear();
                let bytes = value.bytes().map_err(malformed)?;
                lists.charge_series(bytes.len())?;
                first_series(bytes, &mut series).map_err(malformed)?;
                take(&series)?;
            }
            // If these were ignored, the request would be acknowledged without a sample.
            4 | 5 => {
                let problem = "the request is announced as prometheus.WriteRequest but holds fields of \
                    io.prometheus.write.v2.Request, is its Content-Type right?";
                return Err(Rejection::Malformed(problem.to_owned()).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the series of a 2.0 message. Ends with the first error of `take`.
pub(super) fn read_second<Stop: From<Rejection>>(
    message: &[u8],
    mut lists: Lists,
    mut take: impl FnMut(&WireSeries<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut symbols: Vec<&[u8]> = Vec::new();
    let mut fields = Fields::of(message);
    // The symbols can follow the series, because protobuf guarantees no order.
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        if number == 1 {
            let problem = "the request is announced as io.prometheus.write.v2.Request but holds fields of \
                prometheus.WriteRequest, is its Content-Type right?";
            return Err(Rejection::Malformed(problem.to_owned()).into());
        }
        if number == 4 {
            if symbols.len() >= MAX_SYMBOLS {
                return Err(
                    Rejection::TooLarge(format!("the request has more than {MAX_SYMBOLS} symbols")).into()
                );
            }
            lists.charge_symbol()?;
            symbols.push(value.bytes().map_err(malformed)?);
        }
    }
    let mut series = WireSeries::default();
    let mut fields = Fields::of(message);
    let mut first = true;
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        if number != 5 {
            continue;
        }
        if std::mem::take(&mut first) && symbols.first().is_none_or(|symbol| !symbol.is_empty()) {
            return Err(Rejection::Malformed("the first symbol is not empty".to_owned()).into());
        }
        series.clear();
        let bytes = value.bytes().map_err(malformed)?;
        lists.charge_series(bytes.len())?;
        second_series(bytes, &symbols, &mut series).map_err(malformed)?;
        take(&series)?;
    }
    Ok(())
}

fn malformed(error: WireError) -> Rejection {
    Rejection::Malformed(format!("the request is not valid protobuf: {error}"))
}

fn first_series<'a>(message: &'a [u8], series: &mut WireSeries<'a>) -> Result<(), WireError> {
    let mut fields = Fields::of(message);
    series.encoded_labels = fields.run_of(1)?;
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => {
                // The labels are not adjacent. No known sender does this.
                series.labels = series.decode_labels()?.into_owned();
                series.encoded_labels = &[];
                series.labels.push(label(value)?);
            }
            2 => series.samples.push(sample(value)?),
            3 => series.exemplars.push(exemplar(value, |labels, value| {
                labels.push(label(value)?);
                Ok(())
            })?),
            4 => series.histograms.push(value.bytes()?),
            _ => {}
        }
    }
    Ok(())
}

fn second_series<'a>(
    message: &'a [u8],
    symbols: &[&'a [u8]],
    series: &mut WireSeries<'a>,
) -> Result<(), WireError> {
    let mut fields = Fields::of(message);
    let mut is_invalid = false;
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => is_invalid |= resolve_labels(value, symbols, &mut series.labels)?,
            2 => series.samples.push(sample(value)?),
            3 => series.histograms.push(value.bytes()?),
            4 => series.exemplars.push(exemplar(value, |labels, value| {
                is_invalid |= resolve_labels(value, symbols, labels)?;
                Ok(())
            })?),
            5 => series.metadata = second_metadata(value, symbols, &mut is_invalid)?,
            6 => series.created_timestamp = value.signed()?,
            _ => {}
        }
    }
    if is_invalid {
        series.problem = Some("refers to missing symbols");
    }
    Ok(())
}

/// Adds the labels of a list of references. Returns whether a reference is invalid or unpaired.
fn resolve_labels<'a>(
    value: Value<'a>,
    symbols: &[&'a [u8]],
    labels: &mut Vec<Label<'a>>,
) -> Result<bool, WireError> {
    let (mut name, mut is_invalid): (Option<&[u8]>, bool) = (None, false);
    value.each_number(|reference| {
        match usize::try_from(reference).ok().and_then(|reference| symbols.get(reference)) {
            None => is_invalid = true,
            Some(symbol) => match name.take() {
                None => name = Some(symbol),
                Some(name) => labels.push((name, symbol)),
            },
        }
    })?;
    Ok(is_invalid || name.is_some())
}

fn label(value: Value<'_>) -> Result<Label<'_>, WireError> {
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

fn sample(value: Value<'_>) -> Result<WireSample, WireError> {
    let mut sample = WireSample { value: 0.0, timestamp: 0, start_timestamp: 0 };
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => sample.value = value.double()?,
            2 => sample.timestamp = value.signed()?,
            3 => sample.start_timestamp = value.signed()?,
            _ => {}
        }
    }
    Ok(sample)
}

fn exemplar<'a>(
    value: Value<'a>,
    mut add_labels: impl FnMut(&mut Vec<Label<'a>>, Value<'a>) -> Result<(), WireError>,
) -> Result<WireExemplar<'a>, WireError> {
    let mut exemplar = WireExemplar::default();
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => add_labels(&mut exemplar.labels, value)?,
            2 => exemplar.value = value.double()?,
            3 => exemplar.timestamp = value.signed()?,
            _ => {}
        }
    }
    Ok(exemplar)
}

fn first_metadata(value: Value<'_>) -> Result<WireMetadata<'_>, WireError> {
    let mut metadata = WireMetadata::default();
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => metadata.kind = value.number()?,
            2 => metadata.family = value.bytes()?,
            4 => metadata.help = value.bytes()?,
            5 => metadata.unit = value.bytes()?,
            _ => {}
        }
    }
    Ok(metadata)
}

fn second_metadata<'a>(
    value: Value<'a>,
    symbols: &[&'a [u8]],
    is_invalid: &mut bool,
) -> Result<WireMetadata<'a>, WireError> {
    let mut metadata = WireMetadata::default();
    let mut symbol = |value: Value<'_>| {
        let found = usize::try_from(value.number()?).ok().and_then(|reference| symbols.get(reference));
        *is_invalid |= found.is_none();
        Ok(found.copied().unwrap_or_default())
    };
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => metadata.kind = value.number()?,
            3 => metadata.help = symbol(value)?,
            4 => metadata.unit = symbol(value)?,
            _ => {}
        }
    }
    Ok(metadata)
}
