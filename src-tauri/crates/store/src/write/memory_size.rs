//! The size of a batch in the queue.

use model::{AttributeValue, Attributes, Buckets, TelemetryBatch};

/// Bytes of text that count as one record.
const BYTES_PER_RECORD: usize = 1024;

/// Estimates the size of a batch in records: one per record, and more for long texts and many
/// buckets.
pub(crate) fn size_in_records(batch: &TelemetryBatch) -> usize {
    let logs = batch.logs.iter().map(|log| log.body.len() + attributes(&log.attributes));
    let spans = batch.spans.iter().map(|span| {
        let events = span.events.iter().map(|event| 64 + event.name.len() + attributes(&event.attributes));
        let links = span.links.iter().map(|link| 64 + attributes(&link.attributes));
        attributes(&span.attributes) + events.sum::<usize>() + links.sum::<usize>()
    });
    let buckets = batch.histograms.iter().map(|point| match &point.buckets {
        Buckets::Explicit { bounds, counts } => 8 * (bounds.len() + counts.len()),
        Buckets::Exponential { positive, negative, .. } => 8 * (positive.len() + negative.len()),
        Buckets::Quantiles(quantiles) => 16 * quantiles.len(),
    });
    let bytes = logs.chain(spans).chain(buckets).fold(0usize, usize::saturating_add);
    batch.len().max(1).saturating_add(bytes / BYTES_PER_RECORD)
}

fn attributes(attributes: &Attributes) -> usize {
    attributes.0.iter().map(|(key, entry)| key.len() + value(entry)).sum()
}

fn value(entry: &AttributeValue) -> usize {
    match entry {
        AttributeValue::String(text) => text.len(),
        AttributeValue::Array(values) => values.iter().map(|entry| 8 + value(entry)).sum(),
        AttributeValue::Map(values) => values.iter().map(|(key, entry)| key.len() + value(entry)).sum(),
        AttributeValue::Null
        | AttributeValue::Bool(_)
        | AttributeValue::Int(_)
        | AttributeValue::Double(_) => 8,
    }
}
