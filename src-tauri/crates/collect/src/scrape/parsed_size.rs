//! Estimates of the memory that a scraped body takes once it is parsed, made before parsing.
//!
//! A sample takes four bytes of text and hundreds in memory, so a limit on the size of the body
//! alone does not protect.

use model::{Labels, Sample, Series};
use prometheus::ExposedSample;

use super::format::Format;

/// Bytes of a sample as it is parsed and as it is stored, without its labels.
const SAMPLE_BYTES: usize = size_of::<ExposedSample>() + size_of::<Series>() + size_of::<Sample>();
/// Bytes of a label besides its text, parsed and stored.
const LABEL_BYTES: usize = 2 * size_of::<(String, String)>() + size_of::<(String, model::AttributeValue)>();
/// Copies of the text of a body: its names and labels as parsed, and those of the series.
const TEXT_COPIES: usize = 2;

/// Returns the estimate for the body of a target. All its series have the labels of the target.
pub(super) fn estimate(body: &[u8], format: Format, target: &Labels, max_samples: usize) -> usize {
    let target: usize = target.iter().map(|(name, value)| LABEL_BYTES + name.len() + value.len()).sum();
    let (samples, labels) = match format {
        Format::Text | Format::OpenMetrics => text(body),
        Format::Protobuf => protobuf(body),
    };
    // Parsing ends at the limit.
    let of_samples = samples.min(max_samples).saturating_mul(SAMPLE_BYTES + target);
    of_samples.saturating_add(labels).saturating_add(TEXT_COPIES.saturating_mul(body.len()))
}

/// Returns the number of samples of a text, and the bytes of their labels besides their text.
fn text(body: &[u8]) -> (usize, usize) {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !matches!(line, [] | [b'#', ..]));
    lines.fold((0, 0), |(samples, labels), line| {
        let pairs = line.iter().filter(|byte| **byte == b'=').count();
        (samples + 1, labels + pairs * LABEL_BYTES)
    })
}

/// Returns the number of samples of delimited families, and the bytes of their labels. Each bucket
/// and quantile has those of its metric.
fn protobuf(mut body: &[u8]) -> (usize, usize) {
    let (mut samples, mut labels) = (0_usize, 0_usize);
    while let Some(family) = delimited(&mut body) {
        for metric in nested(family, &[METRIC]) {
            let pairs: usize = nested(metric, &[LABEL]).map(|pair| LABEL_BYTES + pair.len()).sum();
            let parts: usize = nested(metric, &[SUMMARY, HISTOGRAM])
                .map(|distribution| {
                    // Counts in lists have a byte each on the wire and eight in memory.
                    labels = labels.saturating_add(8 * distribution.len());
                    nested(distribution, &[QUANTILE, BUCKET]).count()
                })
                .sum();
            samples = samples.saturating_add(3 + parts);
            labels = labels.saturating_add(pairs.saturating_mul(3 + parts));
        }
    }
    (samples, labels)
}

/// Numbers of fields (io.prometheus.client, metrics.proto).
const METRIC: u64 = 4;
const LABEL: u64 = 1;
const SUMMARY: u64 = 4;
const HISTOGRAM: u64 = 7;
const QUANTILE: u64 = 3;
const BUCKET: u64 = 3;

/// Returns the messages in the fields of a message. They end at the first malformed one.
fn nested<'body>(mut message: &'body [u8], fields: &'static [u64]) -> impl Iterator<Item = &'body [u8]> {
    std::iter::from_fn(move || {
        loop {
            let tag = number(&mut message)?;
            let fixed = match tag & 7 {
                0 => {
                    number(&mut message)?;
                    0
                }
                1 => 8,
                2 => {
                    let content = delimited(&mut message)?;
                    if fields.contains(&(tag >> 3)) {
                        return Some(content);
                    }
                    0
                }
                5 => 4,
                _ => return None,
            };
            message = message.get(fixed..)?;
        }
    })
}

fn delimited<'body>(body: &mut &'body [u8]) -> Option<&'body [u8]> {
    let length = usize::try_from(number(body)?).ok()?;
    let (content, rest) = body.split_at_checked(length)?;
    *body = rest;
    Some(content)
}

fn number(body: &mut &[u8]) -> Option<u64> {
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
    use super::*;

    const LIMIT: usize = 500_000;

    fn of(body: &[u8], format: Format) -> usize {
        estimate(body, format, &Labels::new(), LIMIT)
    }

    #[test]
    fn short_lines_count_as_samples_and_comments_do_not() {
        let short = "a 1\n".repeat(1000);
        assert!(of(short.as_bytes(), Format::Text) > 1000 * SAMPLE_BYTES);
        let comments = "# HELP a text\n".repeat(1000);
        assert_eq!(of(comments.as_bytes(), Format::Text), TEXT_COPIES * comments.len());
        let many = "a 1\n".repeat(LIMIT + 1000);
        assert!(of(many.as_bytes(), Format::Text) < (LIMIT + 1) * SAMPLE_BYTES + TEXT_COPIES * many.len());
        let labelled = "a{b=\"c\"} 1\n".repeat(1000);
        assert!(of(labelled.as_bytes(), Format::OpenMetrics) > 1000 * (SAMPLE_BYTES + LABEL_BYTES));
    }

    #[test]
    fn labels_of_a_target_count_for_each_sample() {
        let target = Labels::from([("instance".to_owned(), "x".repeat(1000))]);
        let body = "a 1\n".repeat(1000);
        assert!(estimate(body.as_bytes(), Format::Text, &target, LIMIT) > 1_000_000);
    }

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    #[test]
    fn empty_metrics_and_buckets_count_as_samples() {
        let metrics = field(4, &[]).repeat(50);
        let family = [&[metrics.len() as u8], metrics.as_slice()].concat();
        assert!(of(&family, Format::Protobuf) > 50 * SAMPLE_BYTES);
        let histogram = field(4, &field(7, &field(3, &[]).repeat(50)));
        let family = [&[histogram.len() as u8], histogram.as_slice()].concat();
        assert!(of(&family, Format::Protobuf) > 50 * SAMPLE_BYTES);
        assert!(of(&[0xff; 100], Format::Protobuf) < 1000, "malformed");
    }
}
