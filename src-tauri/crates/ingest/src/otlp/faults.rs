//! The faults of a request that its other records survive.

use std::collections::HashMap;

use crate::problems::MAX_LISTED;

/// Faults found while a request was read.
///
/// A faulty record stays in the request as a placeholder, so that the positions of the others are
/// those that were sent.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The reason by position of the record. Only the first reasons have a text.
    pub(super) records: HashMap<Vec<usize>, String>,
    /// The first fault of a resource, a scope or a group. Its records are stored without the value.
    pub(super) outside: Option<String>,
}

impl Faults {
    /// Adds the fault of a record. `position` holds its index in each list, outermost first.
    pub(super) fn add_record(&mut self, position: &[usize], reason: String) {
        let is_listed = self.records.len() < MAX_LISTED;
        self.records.insert(position.to_vec(), if is_listed { reason } else { String::new() });
    }

    /// Returns the fault of the record at a position.
    pub(super) fn of(&self, position: &[usize]) -> Option<&str> {
        if self.records.is_empty() {
            return None;
        }
        self.records.get(position).map(String::as_str)
    }
}
