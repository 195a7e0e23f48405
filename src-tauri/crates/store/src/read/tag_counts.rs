//! Counts of the values of tags.

use std::collections::{BTreeMap, HashMap};

use model::TagSummary;

/// The values returned of a tag, at most.
const MAX_VALUES: usize = 100;

/// The number of occurrences of each value of each tag.
#[derive(Default)]
pub(crate) struct TagCounts(BTreeMap<String, HashMap<String, u64>>);

impl TagCounts {
    /// Counts a value.
    pub(crate) fn add(&mut self, key: String, value: String) {
        *self.0.entry(key).or_default().entry(value).or_default() += 1;
    }

    /// Returns the keys in name order, with their values by frequency and then by name.
    pub(crate) fn summaries(self) -> Vec<TagSummary> {
        self.0
            .into_iter()
            .map(|(key, values)| {
                let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
                let mut values: Vec<_> = values.into_iter().collect();
                values.sort_unstable_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
                values.truncate(MAX_VALUES);
                TagSummary { key, count, values: values.into_iter().map(|(value, _)| value).collect() }
            })
            .collect()
    }
}
