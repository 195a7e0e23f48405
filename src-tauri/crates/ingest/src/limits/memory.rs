//! Estimates of the memory that a body takes once it is decoded, made before decoding.
//!
//! An empty message takes two bytes on the wire and hundreds in memory, so a limit on the size of
//! the body alone does not protect.

use super::layout::{MessageLayout, Role};

/// Nesting depth at which the decoder stops.
const MAX_DEPTH: u8 = 100;
/// Bytes of a number in a list, which grows by doubling.
const NUMBER_BYTES: usize = 16;

/// The memory that a body takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Estimate {
    /// Bytes while it is decoded and converted.
    pub(crate) decoding: usize,
    /// Bytes of its records.
    pub(crate) records: usize,
}

impl Estimate {
    fn total(self) -> usize {
        self.decoding.saturating_add(self.records)
    }

    fn add(&mut self, decoding: usize, records: usize) {
        self.decoding = self.decoding.saturating_add(decoding);
        self.records = self.records.saturating_add(records);
    }
}

/// Estimates the memory of a protobuf body. It ends early once it exceeds `limit`.
///
/// A body that is not protobuf gets the estimate of its beginning: the decoder reports the error.
pub(crate) fn estimate_protobuf(body: &[u8], layout: &'static MessageLayout, limit: usize) -> Estimate {
    // Texts are moved from the message to the record.
    let mut walk = Walk { estimate: Estimate { decoding: 0, records: body.len() }, limit };
    walk.message(body, layout, 0, 0);
    walk.estimate
}

/// The pass over one body.
struct Walk {
    estimate: Estimate,
    limit: usize,
}

impl Walk {
    /// Adds a message and its children. Each record below it also takes `copied` bytes.
    fn message(&mut self, body: &[u8], layout: &'static MessageLayout, depth: u8, copied: usize) {
        let copied = match layout.role {
            Role::Plain => copied,
            Role::Record => {
                self.estimate.add(0, copied);
                copied
            }
            // Attributes of the scope, and the descriptor of the metric, are copied to each record.
            Role::Scoped(fields) | Role::Described(fields) => {
                let own = fields.iter().map(|field| self.copies(body, *field, layout)).sum::<usize>();
                copied.saturating_add(own)
            }
            Role::Numbers => {
                self.estimate.add(NUMBER_BYTES.saturating_mul(body.len()), NUMBER_BYTES / 2 * body.len());
                return;
            }
        };
        self.estimate.add(layout.wire_bytes, layout.record_bytes);
        if depth > MAX_DEPTH {
            return;
        }
        let mut fields = Fields(body);
        while self.estimate.total() <= self.limit
            && let Some((number, content)) = fields.next_field()
        {
            let Some((_, nested)) = layout.nested.iter().find(|(nested, _)| *nested == number) else {
                continue;
            };
            match content {
                Some(content) => self.message(content, nested, depth + 1, copied),
                // A number of a list that is not packed.
                None if matches!(nested.role, Role::Numbers) => {
                    self.estimate.add(NUMBER_BYTES, NUMBER_BYTES / 2);
                }
                None => {}
            }
        }
    }

    /// Returns the memory of a field that is copied to each record, in all its occurrences.
    fn copies(&self, body: &[u8], field: u64, layout: &'static MessageLayout) -> usize {
        let nested = layout.nested.iter().find(|(number, _)| *number == field).map(|(_, nested)| *nested);
        let (mut fields, mut bytes) = (Fields(body), 0_usize);
        while let Some((number, content)) = fields.next_field() {
            let Some(content) = content.filter(|_| number == field) else { continue };
            bytes = bytes.saturating_add(content.len());
            if let Some(nested) = nested {
                let mut walk = Walk { estimate: Estimate::default(), limit: self.limit };
                walk.message(content, nested, 0, 0);
                bytes = bytes.saturating_add(walk.estimate.records);
            }
        }
        bytes
    }
}

/// The fields of a message. They end at the first one that is malformed.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// Returns the number of the next field, and its content if that has a length.
    pub(crate) fn next_field(&mut self) -> Option<(u64, Option<&'a [u8]>)> {
        if self.0.is_empty() {
            return None;
        }
        let tag = variable_number(&mut self.0)?;
        let length = match tag & 7 {
            0 => {
                variable_number(&mut self.0)?;
                return Some((tag >> 3, None));
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(variable_number(&mut self.0)?).ok()?,
            // Groups are deprecated, and OTLP has none.
            _ => return None,
        };
        let (content, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some((tag >> 3, (tag & 7 == 2).then_some(content)))
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

#[cfg(test)]
mod tests {
    use super::{
        super::layout::{METRICS, TRACES},
        *,
    };

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

    const LIMIT: usize = 64 << 20;

    fn fits(body: &[u8], layout: &'static MessageLayout) -> bool {
        estimate_protobuf(body, layout, LIMIT).total() <= LIMIT
    }

    #[test]
    fn many_empty_messages_exceed_the_limit() {
        let spans: Vec<u8> = std::iter::repeat_n(field(2, &[]), 8 << 20).flatten().collect();
        assert!(!fits(&field(1, &field(2, &spans)), &TRACES));
        assert!(fits(&field(1, &field(2, &spans[..20_000])), &TRACES));
    }

    #[test]
    fn counts_of_buckets_are_eight_bytes_each() {
        let message = |counts: Vec<u8>| {
            let point = field(8, &counts);
            field(1, &field(2, &field(2, &field(10, &field(1, &point)))))
        };
        assert!(!fits(&message(field(2, &vec![1; 4 << 20])), &METRICS));
        assert!(!fits(&message([0x10, 1].repeat(4 << 20)), &METRICS), "not packed");
        assert!(fits(&message(field(2, &[1; 4096])), &METRICS));
    }

    #[test]
    fn attributes_of_a_scope_and_descriptors_count_for_each_record() {
        let pair = field(1, &[b'k'; 65_000]);
        let scope = field(1, &field(3, &pair));
        let spans: Vec<u8> = std::iter::repeat_n(field(2, &[]), 2_000).flatten().collect();
        assert!(!fits(&field(1, &field(2, &[spans.clone(), scope].concat())), &TRACES));
        assert!(fits(&field(1, &field(2, &spans)), &TRACES));
        let points: Vec<u8> = std::iter::repeat_n(field(1, &[]), 2_000).flatten().collect();
        let metric = [field(2, &[b'd'; 65_000]), field(5, &points)].concat();
        assert!(!fits(&field(1, &field(2, &field(2, &metric))), &METRICS));
        assert!(fits(&field(1, &field(2, &field(2, &field(5, &points)))), &METRICS));
    }

    #[test]
    fn malformed_bodies_pass_on_to_the_decoder() {
        for body in [&[0xff; 30][..], &[0x0a, 0xff, 0xff], &[0x0b], &[]] {
            assert!(fits(body, &METRICS));
        }
    }
}
