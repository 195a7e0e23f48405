//! Metadata in each segment file, so that the catalog can be rebuilt from the files alone.

use model::{DataResolution, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use super::plan::SegmentPlan;

/// The key of the metadata among a Parquet file's key-value pairs.
pub(crate) const KEY: &str = "binnacle";

/// The columns of the segment table that cannot be derived from a file's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileMetadata {
    level: u8,
    /// Start and end of the window.
    window: (i64, i64),
    pub(crate) head: u64,
    #[serde(alias = "bundle")]
    pub(crate) part_group: u64,
    #[serde(alias = "lasts")]
    retention_tier: DataResolution,
}

impl FileMetadata {
    /// Returns the metadata for the file of a plan.
    pub(crate) fn of(plan: &SegmentPlan) -> Self {
        Self {
            level: plan.level,
            window: (plan.window.start.0, plan.window.end.0),
            head: plan.head,
            part_group: plan.part_group,
            retention_tier: plan.retention_tier,
        }
    }

    /// Returns the JSON text that is written.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the plan of a file with this metadata.
    pub(crate) fn plan(&self, id: u64, resolution: DataResolution) -> SegmentPlan {
        SegmentPlan {
            id,
            level: self.level,
            window: TimeRange::new(Timestamp(self.window.0), Timestamp(self.window.1)),
            head: self.head,
            resolution,
            part_group: self.part_group,
            retention_tier: self.retention_tier,
            // Pins follow from stored evidence.
            pinned: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_earlier_versions_is_read() {
        let text = r#"{"level":1,"window":[0,86400],"head":3,"bundle":7,"lasts":"minutes"}"#;
        let earlier: FileMetadata = serde_json::from_str(text).unwrap();
        assert_eq!((earlier.part_group, earlier.retention_tier), (7, DataResolution::Minutes));
        let plan = earlier.plan(9, DataResolution::Points);
        let again: FileMetadata = serde_json::from_str(&FileMetadata::of(&plan).to_text()).unwrap();
        assert_eq!(again, earlier);
    }
}
