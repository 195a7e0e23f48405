//! The two messages of remote write, read in place: `prometheus.WriteRequest` (1.0) and
//! `io.prometheus.write.v2.Request` (2.0). Field numbers are those of Prometheus' `prompb` folder.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::wire::{Broken, Fields, Value};
use crate::refusal::Refusal;

/// How many texts the table of a 2.0 message may have.
const MAX_SYMBOLS: usize = 1 << 20;

/// A name and a value, not yet known to be text.
pub(crate) type Label<'a> = (&'a [u8], &'a [u8]);

/// One number of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WireSample {
    pub(crate) value: f64,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: i64,
    /// Milliseconds since the epoch, 0 if not told.
    pub(crate) start_timestamp: i64,
}

/// One series of a message. The lists are used again for the next.
#[derive(Debug, Default)]
pub(crate) struct WireSeries<'a> {
    labels: Vec<Label<'a>>,
    /// The labels as a 1.0 message has them, one behind the other and not looked into yet; empty where `labels` has
    /// them.
    unread_labels: &'a [u8],
    pub(crate) samples: Vec<WireSample>,
    /// Messages of native histograms.
    pub(crate) histograms: Vec<&'a [u8]>,
    pub(crate) exemplars: Vec<WireExemplar<'a>>,
    /// What 2.0 tells with the series.
    pub(crate) metadata: WireMetadata<'a>,
    /// Milliseconds since the epoch, 0 if not told.
    pub(crate) created_timestamp: i64,
    /// References that point nowhere, if there are any.
    pub(crate) problem: Option<&'static str>,
}

impl<'a> WireSeries<'a> {
    /// A hash of the labels and of what 2.0 tells of the unit. Bytes that stand together are taken as they are: to
    /// read them is more work than to find a series that is known.
    pub(crate) fn hash(&self, scratch: &mut Vec<u8>, seed: u64) -> u128 {
        if !self.unread_labels.is_empty() {
            return xxh3_128_with_seed(self.unread_labels, seed << 1);
        }
        scratch.clear();
        let texts = self.labels.iter().flat_map(|(name, value)| [*name, *value]);
        for text in texts.chain([self.metadata.unit]) {
            scratch.extend_from_slice(&(text.len() as u32).to_le_bytes());
            scratch.extend_from_slice(text);
        }
        xxh3_128_with_seed(scratch, seed << 1 | 1)
    }

    /// The labels in the order they stand.
    pub(crate) fn labels(&self) -> Result<Cow<'_, [Label<'a>]>, Refusal> {
        self.read_labels().map_err(malformed)
    }

    fn read_labels(&self) -> Result<Cow<'_, [Label<'a>]>, Broken> {
        if self.unread_labels.is_empty() {
            return Ok(Cow::Borrowed(&self.labels));
        }
        let mut labels = Vec::new();
        let mut fields = Fields::of(self.unread_labels);
        while let Some((_, value)) = fields.next_field()? {
            labels.push(label(value)?);
        }
        Ok(Cow::Owned(labels))
    }

    fn clear(&mut self) {
        self.labels.clear();
        self.unread_labels = &[];
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
pub(crate) struct WireExemplar<'a> {
    pub(crate) labels: Vec<Label<'a>>,
    pub(crate) value: f64,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: i64,
}

/// What is told of a metric.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct WireMetadata<'a> {
    /// `MetricType`, whose numbers are the same in both messages.
    pub(crate) kind: u64,
    /// The name of the family; only in 1.0.
    pub(crate) family: &'a [u8],
    pub(crate) help: &'a [u8],
    pub(crate) unit: &'a [u8],
}

/// What a message of 1.0 tells of metrics apart from their series, which may stand before or behind it.
pub(crate) fn read_metadata(message: &[u8]) -> Result<Vec<WireMetadata<'_>>, Refusal> {
    let mut metadata = Vec::new();
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        if number == 3 {
            metadata.push(first_metadata(value).map_err(malformed)?);
        }
    }
    Ok(metadata)
}

/// Reads the series of a message of 1.0. The first that is not taken ends the reading.
pub(crate) fn read_first<Stop: From<Refusal>>(
    message: &[u8],
    mut take: impl FnMut(&WireSeries<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut series = WireSeries::default();
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        match number {
            1 => {
                series.clear();
                first_series(value.bytes().map_err(malformed)?, &mut series).map_err(malformed)?;
                take(&series)?;
            }
            // Read on, it would be acknowledged without a single sample.
            4 | 5 => {
                let problem = "the request is told to be prometheus.WriteRequest but holds fields of \
                    io.prometheus.write.v2.Request, is its Content-Type right?";
                return Err(Refusal::Malformed(problem.to_owned()).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the series of a message of 2.0.
pub(crate) fn read_second<Stop: From<Refusal>>(
    message: &[u8],
    mut take: impl FnMut(&WireSeries<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut symbols: Vec<&[u8]> = Vec::new();
    let mut fields = Fields::of(message);
    // The table may stand behind the series: protobuf does not promise an order.
    while let Some((number, value)) = fields.next_field().map_err(malformed)? {
        if number == 1 {
            let problem = "the request is told to be io.prometheus.write.v2.Request but holds fields of \
                prometheus.WriteRequest, is its Content-Type right?";
            return Err(Refusal::Malformed(problem.to_owned()).into());
        }
        if number == 4 {
            if symbols.len() >= MAX_SYMBOLS {
                return Err(
                    Refusal::TooLarge(format!("the request has more than {MAX_SYMBOLS} symbols")).into()
                );
            }
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
            return Err(Refusal::Malformed("the symbols do not begin with an empty text".to_owned()).into());
        }
        series.clear();
        second_series(value.bytes().map_err(malformed)?, &symbols, &mut series).map_err(malformed)?;
        take(&series)?;
    }
    Ok(())
}

fn malformed(broken: Broken) -> Refusal {
    Refusal::Malformed(format!("the request is not valid protobuf: {broken}"))
}

fn first_series<'a>(message: &'a [u8], series: &mut WireSeries<'a>) -> Result<(), Broken> {
    let mut fields = Fields::of(message);
    series.unread_labels = fields.run_of(1)?;
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => {
                // Not all in one place, as no sender writes them.
                series.labels = series.read_labels()?.into_owned();
                series.unread_labels = &[];
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
) -> Result<(), Broken> {
    let mut fields = Fields::of(message);
    let mut astray = false;
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => astray |= referred(value, symbols, &mut series.labels)?,
            2 => series.samples.push(sample(value)?),
            3 => series.histograms.push(value.bytes()?),
            4 => series.exemplars.push(exemplar(value, |labels, value| {
                astray |= referred(value, symbols, labels)?;
                Ok(())
            })?),
            5 => series.metadata = second_metadata(value, symbols, &mut astray)?,
            6 => series.created_timestamp = value.signed()?,
            _ => {}
        }
    }
    if astray {
        series.problem = Some("refers to symbols that are not there");
    }
    Ok(())
}

/// Adds the labels that a list of references names; true if a reference points nowhere or has no partner.
fn referred<'a>(value: Value<'a>, symbols: &[&'a [u8]], labels: &mut Vec<Label<'a>>) -> Result<bool, Broken> {
    let (mut name, mut astray): (Option<&[u8]>, bool) = (None, false);
    value.each_number(|reference| {
        match usize::try_from(reference).ok().and_then(|reference| symbols.get(reference)) {
            None => astray = true,
            Some(symbol) => match name.take() {
                None => name = Some(symbol),
                Some(name) => labels.push((name, symbol)),
            },
        }
    })?;
    Ok(astray || name.is_some())
}

fn label(value: Value<'_>) -> Result<Label<'_>, Broken> {
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

fn sample(value: Value<'_>) -> Result<WireSample, Broken> {
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
    mut add_labels: impl FnMut(&mut Vec<Label<'a>>, Value<'a>) -> Result<(), Broken>,
) -> Result<WireExemplar<'a>, Broken> {
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

fn first_metadata(value: Value<'_>) -> Result<WireMetadata<'_>, Broken> {
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
    astray: &mut bool,
) -> Result<WireMetadata<'a>, Broken> {
    let mut metadata = WireMetadata::default();
    let mut symbol = |value: Value<'_>| {
        let found = usize::try_from(value.number()?).ok().and_then(|reference| symbols.get(reference));
        *astray |= found.is_none();
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
