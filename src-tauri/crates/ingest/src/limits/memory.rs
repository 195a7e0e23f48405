//! Estimates of the memory size of a decoded body, made before decoding.
//!
//! An empty message takes two bytes on the wire and hundreds in memory, so a limit on the size of
//! the body alone does not protect.

use std::mem::size_of;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue},
    logs::v1 as logs,
    metrics::v1 as metrics,
    trace::v1 as trace,
};

/// Maximum memory size of the decoded messages of one request, in bytes.
const MAX_DECODED_BYTES: usize = 256 << 20;
/// Maximum memory size of the document of one JSON request, in bytes.
const MAX_JSON_BYTES: usize = 512 << 20;
/// Nesting depth at which the decoder stops.
const MAX_DEPTH: u8 = 100;

/// The memory layout of one message type.
pub(crate) struct MessageLayout {
    bytes: usize,
    /// Fields that hold messages, by field number.
    nested: &'static [(u64, &'static MessageLayout)],
}

static ANY_VALUE: MessageLayout =
    MessageLayout { bytes: size_of::<AnyValue>(), nested: &[(5, &ARRAY), (6, &PAIRS)] };
static ARRAY: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &ANY_VALUE)] };
static PAIRS: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &PAIR)] };
static PAIR: MessageLayout = MessageLayout { bytes: size_of::<KeyValue>(), nested: &[(2, &ANY_VALUE)] };
static RESOURCE: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &PAIR)] };
static SCOPE: MessageLayout = MessageLayout { bytes: 0, nested: &[(3, &PAIR)] };

/// The layout of a request with spans.
pub(crate) static TRACES: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &RESOURCE_SPANS)] };
static RESOURCE_SPANS: MessageLayout =
    MessageLayout { bytes: size_of::<trace::ResourceSpans>(), nested: &[(1, &RESOURCE), (2, &SCOPE_SPANS)] };
static SCOPE_SPANS: MessageLayout =
    MessageLayout { bytes: size_of::<trace::ScopeSpans>(), nested: &[(1, &SCOPE), (2, &SPAN)] };
static SPAN: MessageLayout =
    MessageLayout { bytes: size_of::<trace::Span>(), nested: &[(9, &PAIR), (11, &EVENT), (13, &LINK)] };
static EVENT: MessageLayout = MessageLayout { bytes: size_of::<trace::span::Event>(), nested: &[(3, &PAIR)] };
static LINK: MessageLayout = MessageLayout { bytes: size_of::<trace::span::Link>(), nested: &[(4, &PAIR)] };

/// The layout of a request with log records.
pub(crate) static LOGS: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &RESOURCE_LOGS)] };
static RESOURCE_LOGS: MessageLayout =
    MessageLayout { bytes: size_of::<logs::ResourceLogs>(), nested: &[(1, &RESOURCE), (2, &SCOPE_LOGS)] };
static SCOPE_LOGS: MessageLayout =
    MessageLayout { bytes: size_of::<logs::ScopeLogs>(), nested: &[(1, &SCOPE), (2, &LOG_RECORD)] };
static LOG_RECORD: MessageLayout =
    MessageLayout { bytes: size_of::<logs::LogRecord>(), nested: &[(5, &ANY_VALUE), (6, &PAIR)] };

/// The layout of a request with metrics.
pub(crate) static METRICS: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &RESOURCE_METRICS)] };
static RESOURCE_METRICS: MessageLayout = MessageLayout {
    bytes: size_of::<metrics::ResourceMetrics>(),
    nested: &[(1, &RESOURCE), (2, &SCOPE_METRICS)],
};
static SCOPE_METRICS: MessageLayout =
    MessageLayout { bytes: size_of::<metrics::ScopeMetrics>(), nested: &[(1, &SCOPE), (2, &METRIC)] };
static METRIC: MessageLayout = MessageLayout {
    bytes: size_of::<metrics::Metric>(),
    nested: &[(5, &NUMBERS), (7, &NUMBERS), (9, &HISTOGRAM), (10, &EXPONENTIAL), (11, &SUMMARY), (12, &PAIR)],
};
static NUMBERS: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &NUMBER)] };
static NUMBER: MessageLayout =
    MessageLayout { bytes: size_of::<metrics::NumberDataPoint>(), nested: &[(5, &EXEMPLAR), (7, &PAIR)] };
static HISTOGRAM: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &HISTOGRAM_POINT)] };
static HISTOGRAM_POINT: MessageLayout =
    MessageLayout { bytes: size_of::<metrics::HistogramDataPoint>(), nested: &[(8, &EXEMPLAR), (9, &PAIR)] };
static EXPONENTIAL: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &EXPONENTIAL_POINT)] };
static EXPONENTIAL_POINT: MessageLayout = MessageLayout {
    bytes: size_of::<metrics::ExponentialHistogramDataPoint>(),
    nested: &[(1, &PAIR), (8, &EXPONENTIAL_BUCKETS), (9, &EXPONENTIAL_BUCKETS), (11, &EXEMPLAR)],
};
/// Counts have variable length here: one byte on the wire becomes eight in memory.
static EXPONENTIAL_BUCKETS: MessageLayout = MessageLayout { bytes: 0, nested: &[(2, &PACKED_COUNTS)] };
static PACKED_COUNTS: MessageLayout = MessageLayout { bytes: 0, nested: &[] };
static SUMMARY: MessageLayout = MessageLayout { bytes: 0, nested: &[(1, &SUMMARY_POINT)] };
static SUMMARY_POINT: MessageLayout =
    MessageLayout { bytes: size_of::<metrics::SummaryDataPoint>(), nested: &[(6, &QUANTILE), (7, &PAIR)] };
static QUANTILE: MessageLayout =
    MessageLayout { bytes: size_of::<metrics::summary_data_point::ValueAtQuantile>(), nested: &[] };
static EXEMPLAR: MessageLayout =
    MessageLayout { bytes: size_of::<metrics::Exemplar>(), nested: &[(7, &PAIR)] };

/// Returns whether the decoded form of a protobuf body stays within [`MAX_DECODED_BYTES`].
///
/// A body that is not protobuf passes: the decoder reports the error.
pub(crate) fn fits_protobuf(body: &[u8], layout: &'static MessageLayout) -> bool {
    let mut budget = MAX_DECODED_BYTES;
    subtract_size(body, layout, 0, &mut budget);
    budget > 0
}

/// Subtracts the memory size of a message and its children from `budget`.
fn subtract_size(mut body: &[u8], layout: &'static MessageLayout, depth: u8, budget: &mut usize) {
    *budget = budget.saturating_sub(layout.bytes);
    if std::ptr::eq(layout, &PACKED_COUNTS) {
        *budget = budget.saturating_sub(body.len().saturating_mul(8));
    }
    if depth > MAX_DEPTH {
        return;
    }
    while *budget > 0 && !body.is_empty() {
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
            // Groups are deprecated, and OTLP has none.
            _ => return,
        };
        let Some((content, rest)) = body.split_at_checked(length) else { return };
        body = rest;
        if tag & 7 == 2
            && let Some((_, nested)) = layout.nested.iter().find(|(number, _)| *number == tag >> 3)
        {
            subtract_size(content, nested, depth + 1, budget);
        }
    }
}

/// Takes a variable-length number from the front of `body` (protobuf, "Base 128 Varints").
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

/// Returns whether the document of a JSON body stays within [`MAX_JSON_BYTES`].
///
/// The estimate counts the brackets and commas outside of strings.
pub(crate) fn fits_json(body: &[u8]) -> bool {
    // An object with one key is a tree node with eleven slots; an item of a list is one value.
    const OBJECT_BYTES: usize = 640;
    const ITEM_BYTES: usize = 32;
    let (mut bytes, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => bytes = bytes.saturating_add(OBJECT_BYTES),
            b'[' | b',' if !in_string => bytes = bytes.saturating_add(ITEM_BYTES),
            _ => {}
        }
    }
    bytes <= MAX_JSON_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes one field that holds bytes.
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
    fn many_empty_messages_exceed_the_limit() {
        let spans: Vec<u8> = std::iter::repeat_n(field(2, &[]), 8 << 20).flatten().collect();
        assert!(!fits_protobuf(&field(1, &field(2, &spans)), &TRACES));
        assert!(fits_protobuf(&field(1, &field(2, &spans[..20_000])), &TRACES));
    }

    #[test]
    fn many_empty_objects_exceed_the_limit() {
        assert!(!fits_json("{},".repeat(2_000_000).as_bytes()));
        assert!(fits_json(format!("\"{}\\\"\"", "{".repeat(2_000_000)).as_bytes()));
    }

    #[test]
    fn malformed_bodies_pass_on_to_the_decoder() {
        for body in [&[0xff; 30][..], &[0x0a, 0xff, 0xff], &[0x0b], &[]] {
            assert!(fits_protobuf(body, &METRICS));
        }
    }
}
