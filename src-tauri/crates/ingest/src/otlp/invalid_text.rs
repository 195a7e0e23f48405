//! Texts of a request that are not valid Unicode: invalid UTF-8, and single surrogates in JSON.
//!
//! The decoders reject a whole request for one such text. The OpenTelemetry collector accepts it.
//! Senders cut long texts in the middle of a character, or pass on bytes of another encoding.

use std::borrow::Cow;

use prost::encoding::encode_varint;

use crate::limits::memory::Fields;

/// The fields of a message that hold text, and those that hold messages, by field number.
pub(super) struct Texts {
    texts: &'static [u64],
    nested: &'static [(u64, &'static Texts)],
}

const fn texts(texts: &'static [u64], nested: &'static [(u64, &'static Texts)]) -> Texts {
    Texts { texts, nested }
}

static VALUE: Texts = texts(&[1], &[(5, &ARRAY), (6, &PAIRS)]);
static ARRAY: Texts = texts(&[], &[(1, &VALUE)]);
static PAIRS: Texts = texts(&[], &[(1, &PAIR)]);
static PAIR: Texts = texts(&[1], &[(2, &VALUE)]);
static ENTITY: Texts = texts(&[1, 2, 3, 4], &[]);
static RESOURCE: Texts = texts(&[], &[(1, &PAIR), (3, &ENTITY)]);
static SCOPE: Texts = texts(&[1, 2], &[(3, &PAIR)]);

/// The texts of a request with spans.
pub(super) static TRACES: Texts = texts(&[], &[(1, &RESOURCE_SPANS)]);
static RESOURCE_SPANS: Texts = texts(&[3], &[(1, &RESOURCE), (2, &SCOPE_SPANS)]);
static SCOPE_SPANS: Texts = texts(&[3], &[(1, &SCOPE), (2, &SPAN)]);
static SPAN: Texts = texts(&[3, 5], &[(9, &PAIR), (11, &EVENT), (13, &LINK), (15, &STATUS)]);
static EVENT: Texts = texts(&[2], &[(3, &PAIR)]);
static LINK: Texts = texts(&[3], &[(4, &PAIR)]);
static STATUS: Texts = texts(&[2], &[]);

/// The texts of a request with log records.
pub(super) static LOGS: Texts = texts(&[], &[(1, &RESOURCE_LOGS)]);
static RESOURCE_LOGS: Texts = texts(&[3], &[(1, &RESOURCE), (2, &SCOPE_LOGS)]);
static SCOPE_LOGS: Texts = texts(&[3], &[(1, &SCOPE), (2, &LOG_RECORD)]);
static LOG_RECORD: Texts = texts(&[3, 12], &[(5, &VALUE), (6, &PAIR)]);

/// The texts of a request with metrics.
pub(super) static METRICS: Texts = texts(&[], &[(1, &RESOURCE_METRICS)]);
static RESOURCE_METRICS: Texts = texts(&[3], &[(1, &RESOURCE), (2, &SCOPE_METRICS)]);
static SCOPE_METRICS: Texts = texts(&[3], &[(1, &SCOPE), (2, &METRIC)]);
static METRIC: Texts = texts(
    &[1, 2, 3],
    &[(5, &NUMBERS), (7, &NUMBERS), (9, &HISTOGRAM), (10, &EXPONENTIAL), (11, &SUMMARY), (12, &PAIR)],
);
static NUMBERS: Texts = texts(&[], &[(1, &NUMBER)]);
static NUMBER: Texts = texts(&[], &[(5, &EXEMPLAR), (7, &PAIR)]);
static HISTOGRAM: Texts = texts(&[], &[(1, &HISTOGRAM_POINT)]);
static HISTOGRAM_POINT: Texts = texts(&[], &[(8, &EXEMPLAR), (9, &PAIR)]);
static EXPONENTIAL: Texts = texts(&[], &[(1, &EXPONENTIAL_POINT)]);
static EXPONENTIAL_POINT: Texts = texts(&[], &[(1, &PAIR), (11, &EXEMPLAR)]);
static SUMMARY: Texts = texts(&[], &[(1, &SUMMARY_POINT)]);
static SUMMARY_POINT: Texts = texts(&[], &[(7, &PAIR)]);
static EXEMPLAR: Texts = texts(&[], &[(7, &PAIR)]);

/// Nesting depth at which the decoder stops.
const MAX_DEPTH: u8 = 100;

/// Returns a request with U+FFFD in place of invalid bytes, and the number of texts that had them.
/// The rest of a malformed request is unchanged, so that the decoder reports its error.
pub(super) fn replaced(request: &[u8], texts: &Texts) -> (Vec<u8>, usize) {
    let mut count = 0;
    (message(request, texts, 0, &mut count), count)
}

fn message(body: &[u8], texts: &Texts, depth: u8, count: &mut usize) -> Vec<u8> {
    let mut copy = Vec::with_capacity(body.len());
    let mut fields = Fields(body);
    loop {
        let before = fields.0;
        let Some((number, content)) = fields.next_field() else {
            copy.extend_from_slice(before);
            return copy;
        };
        let nested = texts.nested.iter().find(|(nested, _)| *nested == number && depth < MAX_DEPTH);
        let changed = match (content, nested) {
            (Some(content), Some((_, nested))) => Some(message(content, nested, depth + 1, count)),
            (Some(content), None) if texts.texts.contains(&number) => match std::str::from_utf8(content) {
                Ok(_) => None,
                Err(_) => {
                    *count += 1;
                    Some(String::from_utf8_lossy(content).into_owned().into_bytes())
                }
            },
            _ => None,
        };
        match changed {
            Some(content) => {
                encode_varint(number << 3 | 2, &mut copy);
                encode_varint(content.len() as u64, &mut copy);
                copy.extend_from_slice(&content);
            }
            None => copy.extend_from_slice(&before[..before.len() - fields.0.len()]),
        }
    }
}

/// Returns the warning for the sender of some replaced texts or characters.
pub(super) fn warning(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural} with invalid UTF-8, stored with \u{fffd} in place of the bytes")
}

/// Returns a JSON request with U+FFFD in place of what is not Unicode, and the number of places.
pub(super) fn replaced_json(request: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let invalid = request.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    let mut text = match String::from_utf8_lossy(request) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    let surrogates = single_surrogates(&text);
    for position in &surrogates {
        if let Some(digits) = text.to_mut().get_mut(*position + 2..*position + 6) {
            digits.copy_from_slice(b"fffd");
        }
    }
    (text, invalid + surrogates.len())
}

/// Returns the positions of escapes (`\\ud800`) that are one half of a character without the other.
fn single_surrogates(json: &[u8]) -> Vec<usize> {
    let (mut found, mut position) = (Vec::new(), 0);
    while let Some(next) = json.get(position..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        position += next;
        match (escaped_unit(json, position), escaped_unit(json, position + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => position += 12,
            (Some(0xd800..=0xdfff), _) => {
                found.push(position);
                position += 6;
            }
            _ => position += 2,
        }
    }
    found
}

/// Returns the unit of UTF-16 that an escape at a position stands for.
fn escaped_unit(json: &[u8], position: usize) -> Option<u32> {
    let digits = json.get(position..position + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
