//! The order of series in segment files, and their division into batches.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use crate::{
    StoreError,
    catalog::{packed_attributes::PackedAttributes, resource::ResourceEntry, series::SeriesEntry},
    read::reader::Reader,
};

/// Points that are held in memory at a time.
const POINTS_AT_ONCE: u64 = 1 << 20;

/// Sorts series into file order: by name, then by attributes, then by resource. Series that differ
/// only in their resource are adjacent, which compresses best. Unknown ids are skipped.
pub(crate) fn in_order(
    reader: &Reader,
    ids: impl Iterator<Item = u64>,
) -> Result<Vec<Arc<SeriesEntry>>, StoreError> {
    let mut series: Vec<_> = ids.filter_map(|id| reader.catalog.series(id)).collect();
    series.sort_unstable_by(|left, right| left.name.cmp(&right.name));
    for of_name in series.chunk_by_mut(|left, right| left.name == right.name) {
        sort_by_labels(of_name)?;
    }
    Ok(series)
}

/// Sorts series of one name. Labels that are in a file are read once.
fn sort_by_labels(series: &mut [Arc<SeriesEntry>]) -> Result<(), StoreError> {
    let entries = series.to_vec();
    let mut resources: HashMap<*const ResourceEntry, Cow<'_, PackedAttributes>> = HashMap::new();
    for one in &entries {
        if let Entry::Vacant(vacant) = resources.entry(Arc::as_ptr(&one.resource)) {
            vacant.insert(one.resource.attributes.read()?);
        }
    }
    let keyed = entries.iter().map(|one| {
        let of_resource = resources.get(&Arc::as_ptr(&one.resource));
        Ok((one.attributes.read()?, of_resource.map(|set| &**set), one))
    });
    let mut keyed = keyed.collect::<Result<Vec<_>, StoreError>>()?;
    keyed.sort_unstable_by(|left, right| {
        (texts(&left.0).cmp(texts(&right.0)))
            .then_with(|| left.1.into_iter().flat_map(texts).cmp(right.1.into_iter().flat_map(texts)))
            .then_with(|| left.2.id.cmp(&right.2.id))
    });
    for (target, (.., one)) in series.iter_mut().zip(keyed) {
        *target = Arc::clone(one);
    }
    Ok(())
}

fn texts(attributes: &PackedAttributes) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    attributes.iter().map(|(name, value)| (name, value.text()))
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
