//! The wire form of native histograms in remote write; `prometheus` decodes their buckets.

use model::{HistogramPoint, SeriesId, Timestamp};
use prometheus::{NativeHistogram, NativeHistogramError};

use super::wire::{Fields, Value, WireError, zigzag};

/// The reset hint of a histogram that goes up and down.
const HINT_GAUGE: u64 = 3;

/// Maximum size of a histogram message. The counts of one that is accepted take less.
const MAX_MESSAGE_BYTES: usize = 512 << 10;

/// A histogram message.
#[derive(Debug, Default)]
pub(crate) struct NativeMessage {
    pub(crate) histogram: NativeHistogram,
    reset_hint: u64,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: i64,
    /// Milliseconds since the epoch, 0 if not given.
    pub(crate) start_timestamp: i64,
}

impl NativeMessage {
    /// Reads the message, whose fields have the same numbers in remote write 1.0 and 2.0.
    pub(crate) fn read(message: &[u8]) -> Result<Self, WireError> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(WireError::TooLarge);
        }
        let mut read = Self::default();
        let histogram = &mut read.histogram;
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next_field()? {
            match number {
                1 => histogram.count = value.number()? as f64,
                2 => histogram.count = value.double()?,
                3 => histogram.sum = value.double()?,
                4 => histogram.schema = zigzag(value.number()?) as i32,
                5 => histogram.zero_threshold = value.double()?,
                6 => histogram.zero_count = value.number()? as f64,
                7 => histogram.zero_count = value.double()?,
                8 => histogram.negative.spans.push(span(value)?),
                9 => value.each_number(|delta| histogram.negative.deltas.push(zigzag(delta)))?,
                10 => value.each_double(|count| histogram.negative.counts.push(count))?,
                11 => histogram.positive.spans.push(span(value)?),
                12 => value.each_number(|delta| histogram.positive.deltas.push(zigzag(delta)))?,
                13 => value.each_double(|count| histogram.positive.counts.push(count))?,
                14 => read.reset_hint = value.number()?,
                15 => read.timestamp = value.signed()?,
                16 => value.each_double(|bound| histogram.custom_bounds.push(bound))?,
                17 => read.start_timestamp = value.signed()?,
                _ => {}
            }
        }
        Ok(read)
    }

    /// Returns true if each point stands for itself instead of adding to the one before.
    pub(crate) fn is_gauge(&self) -> bool {
        self.reset_hint == HINT_GAUGE
    }

    /// Returns the point; the caller sets its series and times.
    pub(crate) fn point(&self) -> Result<HistogramPoint, NativeHistogramError> {
        let decoded = self.histogram.decode()?;
        Ok(HistogramPoint {
            series: SeriesId(0),
            time: Timestamp(0),
            start_time: None,
            count: decoded.count,
            sum: Some(self.histogram.sum),
            min: None,
            max: None,
            buckets: decoded.buckets,
        })
    }
}

fn span(value: Value<'_>) -> Result<(i32, u32), WireError> {
    let (mut offset, mut length) = (0, 0);
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => offset = zigzag(value.number()?) as i32,
            // A longer span has no counts and is refused for that.
            2 => length = u32::try_from(value.number()?).unwrap_or(u32::MAX),
            _ => {}
        }
    }
    Ok((offset, length))
}

#[cfg(test)]
mod tests {
    use model::Buckets;

    use super::*;

    #[test]
    fn every_field_of_the_message_is_read() {
        let mut message = vec![0x19];
        message.extend(9.0_f64.to_le_bytes());
        // Schema -53, one span of two buckets from index 1, deltas 1 and 2, a gauge, at 5 ms
        // since 3 ms.
        message
            .extend([0x20, 105, 0x5a, 4, 0x08, 2, 0x10, 2, 0x62, 2, 2, 4, 0x70, 3, 0x78, 5, 0x82, 0x01, 16]);
        message.extend(0.5_f64.to_le_bytes());
        message.extend(1.0_f64.to_le_bytes());
        message.extend([0x88, 0x01, 3]);
        let read = NativeMessage::read(&message).unwrap();
        assert!(read.is_gauge() && read.histogram.has_custom_bounds());
        assert_eq!((read.timestamp, read.start_timestamp), (5, 3));
        let point = read.point().unwrap();
        assert_eq!((point.count, point.sum), (4, Some(9.0)));
        assert_eq!(point.buckets, Buckets::Explicit { bounds: vec![0.5, 1.0], counts: vec![0, 1, 3] });
    }
}
