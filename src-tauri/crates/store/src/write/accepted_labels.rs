//! The number of accepted resources, and the bytes of the labels of all series and resources.

/// What series and resources take, with what a group added that is not committed yet.
#[derive(Debug, Default)]
pub(super) struct AcceptedLabels {
    resources: u64,
    bytes: u64,
    added_resources: u64,
    added_bytes: u64,
}

impl AcceptedLabels {
    /// Returns the number of resources.
    pub(super) fn resources(&self) -> u64 {
        self.resources.saturating_add(self.added_resources)
    }

    /// Returns the bytes of all labels.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.saturating_add(self.added_bytes)
    }

    /// Counts the labels of a series.
    pub(super) fn add_series(&mut self, bytes: u64) {
        self.added_bytes = self.added_bytes.saturating_add(bytes);
    }

    /// Counts the attributes of a resource.
    pub(super) fn add_resource(&mut self, bytes: u64) {
        self.added_resources += 1;
        self.add_series(bytes);
    }

    /// Records that the group with what was counted since the last call is committed.
    pub(super) fn settle(&mut self) {
        (self.resources, self.bytes) = (self.resources(), self.bytes());
        self.roll_back();
    }

    /// Removes what was counted since [`Self::settle`], whose group failed.
    pub(super) fn roll_back(&mut self) {
        (self.added_resources, self.added_bytes) = (0, 0);
    }
}
