//! Whether every partition still is what was written.

use std::sync::Arc;

use crate::{
    Partition, Store, StoreError,
    layout::{Layout, PartitionFile},
    partition::checksum,
};

/// A partition that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFault {
    /// The partition.
    pub partition: Partition,
    /// What is wrong with its file.
    pub reason: String,
}

impl Store {
    /// Reads every partition file and compares it with what was written. `progress` hears how many bytes were
    /// read, of how many. A faulty partition is left out of reads, one that was mended is read again.
    pub async fn verify(
        &self,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Vec<PartitionFault>, StoreError> {
        let layout = self.layout();
        tokio::task::spawn_blocking(move || {
            let of: u64 = layout.partitions.iter().map(|file| file.info.bytes).sum();
            let mut done = 0;
            let mut faults = Vec::new();
            for file in &layout.partitions {
                progress(done, of);
                if let Some(reason) = examine(file) {
                    faults.push(PartitionFault { partition: file.info.clone(), reason });
                }
                done += file.info.bytes;
            }
            progress(done, of);
            Ok(faults)
        })
        .await
        .unwrap_or_else(|error| Err(StoreError::Database(error.to_string())))
    }

    /// The partitions that are left out of reads, as far as is known without reading them all.
    pub fn partition_faults(&self) -> Vec<PartitionFault> {
        let faults = known(&self.layout());
        faults
            .into_iter()
            .map(|(file, reason)| PartitionFault { partition: file.info.clone(), reason })
            .collect()
    }
}

fn known(layout: &Layout) -> Vec<(Arc<PartitionFile>, String)> {
    layout.partitions.iter().filter_map(|file| Some((Arc::clone(file), file.fault()?))).collect()
}

/// Compares a file with what was written and notes what is wrong.
pub(crate) fn examine(file: &PartitionFile) -> Option<String> {
    let found = checksum(&file.info.path);
    let reason = match found {
        Ok(found) if found == file.info.checksum => None,
        Ok(_) => Some("its content is not what was written".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    file.note(reason.clone());
    reason
}
