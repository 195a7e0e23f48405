//! Readers of the two remote write messages, which borrow from the body.
//!
//! The messages are `prometheus.WriteRequest` (1.0) and `io.prometheus.write.v2.Request` (2.0).
//! Field numbers are those of Prometheus' `prompb` folder.

use super::{
    lists::Lists,
    wire::{Fields, Value, WireError},
    wire_series::{Label, WireExemplar, WireMetadata, WireSample, WireSeries, label, malformed},
};
use crate::rejection::Rejection;

/// Maximum number of symbols of a 2.0 message.
const MAX_SYMBOLS: usize = 1 << 20;

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
