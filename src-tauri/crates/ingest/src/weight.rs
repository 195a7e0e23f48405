//! What a body will take in memory once it is decoded, found before decoding: an empty message takes two bytes
//! on the wire and hundreds in memory, so the size of the body alone does not protect.

use std::mem::size_of;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue},
    logs::v1 as logs,
    metrics::v1 as metrics,
    trace::v1 as trace,
};

/// Bytes that the decoded messages of one request may take.
pub(crate) const MAX_DECODED_BYTES: usize = 256 << 20;
/// Bytes that the document of one JSON request may take.
const MAX_JSON_BYTES: usize = 512 << 20;
/// As deep as the decoder goes.
const MAX_DEPTH: u8 = 100;

/// How one kind of message lies in memory.
pub(crate) struct Shape {
    bytes: usize,
    /// Fields that hold messages, by number.
    nested: &'static [(u64, &'static Shape)],
}

static ANY_VALUE: Shape = Shape { bytes: size_of::<AnyValue>(), nested: &[(5, &ARRAY), (6, &PAIRS)] };
static ARRAY: Shape = Shape { bytes: 0, nested: &[(1, &ANY_VALUE)] };
static PAIRS: Shape = Shape { bytes: 0, nested: &[(1, &PAIR)] };
static PAIR: Shape = Shape { bytes: size_of::<KeyValue>(), nested: &[(2, &ANY_VALUE)] };
static RESOURCE: Shape = Shape { bytes: 0, nested: &[(1, &PAIR)] };
static SCOPE: Shape = Shape { bytes: 0, nested: &[(3, &PAIR)] };

/// A request with spans.
pub(crate) static TRACES: Shape = Shape { bytes: 0, nested: &[(1, &RESOURCE_SPANS)] };
static RESOURCE_SPANS: Shape =
    Shape { bytes: size_of::<trace::ResourceSpans>(), nested: &[(1, &RESOURCE), (2, &SCOPE_SPANS)] };
static SCOPE_SPANS: Shape =
    Shape { bytes: size_of::<trace::ScopeSpans>(), nested: &[(1, &SCOPE), (2, &SPAN)] };
static SPAN: Shape =
    Shape { bytes: size_of::<trace::Span>(), nested: &[(9, &PAIR), (11, &EVENT), (13, &LINK)] };
static EVENT: Shape = Shape { bytes: size_of::<trace::span::Event>(), nested: &[(3, &PAIR)] };
static LINK: Shape = Shape { bytes: size_of::<trace::span::Link>(), nested: &[(4, &PAIR)] };

/// A request with log records.
pub(crate) static LOGS: Shape = Shape { bytes: 0, nested: &[(1, &RESOURCE_LOGS)] };
static RESOURCE_LOGS: Shape =
    Shape { bytes: size_of::<logs::ResourceLogs>(), nested: &[(1, &RESOURCE), (2, &SCOPE_LOGS)] };
static SCOPE_LOGS: Shape =
    Shape { bytes: size_of::<logs::ScopeLogs>(), nested: &[(1, &SCOPE), (2, &LOG_RECORD)] };
static LOG_RECORD: Shape =
    Shape { bytes: size_of::<logs::LogRecord>(), nested: &[(5, &ANY_VALUE), (6, &PAIR)] };

/// A request with metrics.
pub(crate) static METRICS: Shape = Shape { bytes: 0, nested: &[(1, &RESOURCE_METRICS)] };
static RESOURCE_METRICS: Shape =
    Shape { bytes: size_of::<metrics::ResourceMetrics>(), nested: &[(1, &RESOURCE), (2, &SCOPE_METRICS)] };
static SCOPE_METRICS: Shape =
    Shape { bytes: size_of::<metrics::ScopeMetrics>(), nested: &[(1, &SCOPE), (2, &METRIC)] };
static METRIC: Shape = Shape {
    bytes: size_of::<metrics::Metric>(),
    nested: &[(5, &NUMBERS), (7, &NUMBERS), (9, &HISTOGRAM), (10, &EXPONENTIAL), (11, &SUMMARY), (12, &PAIR)],
};
static NUMBERS: Shape = Shape { bytes: 0, nested: &[(1, &NUMBER)] };
static NUMBER: Shape =
    Shape { bytes: size_of::<metrics::NumberDataPoint>(), nested: &[(5, &EXEMPLAR), (7, &PAIR)] };
static HISTOGRAM: Shape = Shape { bytes: 0, nested: &[(1, &HISTOGRAM_POINT)] };
static HISTOGRAM_POINT: Shape =
    Shape { bytes: size_of::<metrics::HistogramDataPoint>(), nested: &[(8, &EXEMPLAR), (9, &PAIR)] };
static EXPONENTIAL: Shape = Shape { bytes: 0, nested: &[(1, &EXPONENTIAL_POINT)] };
static EXPONENTIAL_POINT: Shape = Shape {
    bytes: size_of::<metrics::ExponentialHistogramDataPoint>(),
    nested: &[(1, &PAIR), (8, &EXPONENTIAL_BUCKETS), (9, &EXPONENTIAL_BUCKETS), (11, &EXEMPLAR)],
};
/// Counts are variable in length here: one byte on the wire becomes eight, wherever they stand.
static EXPONENTIAL_BUCKETS: Shape = Shape { bytes: 0, nested: &[(2, &PACKED_COUNTS)] };
static PACKED_COUNTS: Shape = Shape { bytes: 0, nested: &[] };
static SUMMARY: Shape = Shape { bytes: 0, nested: &[(1, &SUMMARY_POINT)] };
static SUMMARY_POINT: Shape =
    Shape { bytes: size_of::<metrics::SummaryDataPoint>(), nested: &[(6, &QUANTILE), (7, &PAIR)] };
static QUANTILE: Shape =
    Shape { bytes: size_of::<metrics::summary_data_point::ValueAtQuantile>(), nested: &[] };
static EXEMPLAR: Shape = Shape { bytes: size_of::<metrics::Exemplar>(), nested: &[(7, &PAIR)] };

/// Whether the decoded form of a protobuf body stays within [`MAX_DECODED_BYTES`]. A body that is not protobuf
/// passes: the decoder will say what is wrong with it.
pub(crate) fn is_bearable(body: &[u8], shape: &'static Shape) -> bool {
    let mut room = MAX_DECODED_BYTES;
    weigh(body, shape, 0, &mut room);
    room > 0
}

fn weigh(mut body: &[u8], shape: &'static Shape, depth: u8, room: &mut usize) {
    *room = room.saturating_sub(shape.bytes);
    if std::ptr::eq(shape, &PACKED_COUNTS) {
        *room = room.saturating_sub(body.len().saturating_mul(8));
    }
    if depth > MAX_DEPTH {
        return;
    }
    while *room > 0 && !body.is_empty() {
        let Some(tag) = variable_number(&mut body) else { return };
        let length = match tag & 7 {
            0 => {
                if variable_number(&mut body).is_none() {
                    return;
                }
                continue;
            }
            1 => 8,
            5 => 4,
            2 => match variable_number(&mut body).and_then(|length| usize::try_from(length).ok()) {
                Some(length) => length,
                None => return,
            },
            // Groups were given up before OTLP began.
            _ => return,
        };
        let Some((content, rest)) = body.split_at_checked(length) else { return };
        body = rest;
        if tag & 7 == 2
            && let Some((_, nested)) = shape.nested.iter().find(|(number, _)| *number == tag >> 3)
        {
            weigh(content, nested, depth + 1, room);
        }
    }
}

/// A variable-length number (protobuf encoding, "Base 128 Varints"), taken off the front of `body`.
fn variable_number(body: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for (index, byte) in body.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            *body = &body[index + 1..];
            return Some(number);
        }
    }
    None
}

/// Whether the document of a JSON body stays bearable, from the brackets and commas outside of its texts.
pub(crate) fn is_bearable_json(body: &[u8]) -> bool {
    // An object with one name is a tree node with room for eleven; an item of a list is one value.
    const OBJECT_BYTES: usize = 640;
    const ITEM_BYTES: usize = 32;
    let (mut bytes, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => bytes = bytes.saturating_add(OBJECT_BYTES),
            b'[' | b',' if !in_text => bytes = bytes.saturating_add(ITEM_BYTES),
            _ => {}
        }
    }
    bytes <= MAX_JSON_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One field that holds bytes.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(content);
        bytes
    }

    #[test]
    fn many_empty_messages_are_too_heavy() {
        let spans: Vec<u8> = std::iter::repeat_n(field(2, &[]), 8 << 20).flatten().collect();
        assert!(!is_bearable(&field(1, &field(2, &spans)), &TRACES));
        assert!(is_bearable(&field(1, &field(2, &spans[..20_000])), &TRACES));
    }

    #[test]
    fn many_empty_objects_are_too_heavy() {
        assert!(!is_bearable_json("{},".repeat(2_000_000).as_bytes()));
        assert!(is_bearable_json(format!("\"{}\\\"\"", "{".repeat(2_000_000)).as_bytes()));
    }

    #[test]
    fn nonsense_passes_on_to_the_decoder() {
        for body in [&[0xff; 30][..], &[0x0a, 0xff, 0xff], &[0x0b], &[]] {
            assert!(is_bearable(body, &METRICS));
        }
    }
}
