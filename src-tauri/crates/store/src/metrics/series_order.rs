//! The order of series in segment files, and their division into batches.

use std::{borrow::Cow, sync::Arc};

use model::{AttributeValue, Attributes};

use crate::{
    catalog::{packed_attributes::PackedAttributes, series::SeriesEntry},
    read::reader::Reader,
};

/// Points that are held in memory at a time.
const POINTS_AT_ONCE: u64 = 1 << 20;

/// Sorts series into file order: by name, then by attributes, then by resource. Series that differ
/// only in their resource are adjacent, which compresses best. Unknown ids are skipped.
pub(crate) fn in_order(reader: &Reader, ids: impl Iterator<Item = u64>) -> Vec<Arc<SeriesEntry>> {
    let mut series: Vec<_> = ids.filter_map(|id| reader.catalog.series(id)).collect();
    series.sort_unstable_by(|left, right| {
        left.name
            .cmp(&right.name)
            .then_with(|| packed_texts(&left.attributes).cmp(packed_texts(&right.attributes)))
            .then_with(|| texts(&left.resource.attributes).cmp(texts(&right.resource.attributes)))
            .then_with(|| left.id.cmp(&right.id))
    });
    series
}

fn packed_texts(attributes: &PackedAttributes) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    attributes.iter().map(|(name, value)| (name, value.text()))
}

fn texts(attributes: &Attributes) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    attributes.0.iter().map(|(name, value)| match value {
        AttributeValue::String(text) => (name.as_str(), Cow::Borrowed(text.as_str())),
        other => (name.as_str(), Cow::Owned(other.to_string())),
    })
}

/// Divides series into runs of at most about [`POINTS_AT_ONCE`] points.
pub(crate) fn batches(
    series: &[Arc<SeriesEntry>],
    points: impl Fn(&SeriesEntry) -> u64,
) -> Vec<&[Arc<SeriesEntry>]> {
    let mut batches = Vec::new();
    let (mut from, mut sum) = (0, 0);
    for (position, one) in series.iter().enumerate() {
        let more = points(one);
        if sum > 0 && sum + more > POINTS_AT_ONCE {
            batches.extend(series.get(from..position));
            (from, sum) = (position, 0);
        }
        sum += more;
    }
    batches.extend(series.get(from..).filter(|rest| !rest.is_empty()));
    batches
}
