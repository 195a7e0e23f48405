//! Verification of segments.

use std::sync::Arc;

use crate::{
    Segment, StoreError,
    admin::Admin,
    segment::{checksum::checksum, manifest::Manifest, segment_file::SegmentFile},
};

/// A segment whose file differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFault {
    /// The segment.
    pub segment: Segment,
    /// The fault of its file.
    pub reason: String,
}

impl Admin {
    /// Verifies every segment file. `progress` is called with the bytes read and the total. Reads
    /// skip faulty segments, and use repaired ones again.
    pub async fn verify(
        &self,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Vec<SegmentFault>, StoreError> {
        let manifest = self.manifest();
        tokio::task::spawn_blocking(move || {
            let of: u64 = manifest.segments.iter().map(|file| file.info.bytes).sum();
            let mut done = 0;
            let mut faults = Vec::new();
            for file in &manifest.segments {
                progress(done, of);
                if let Some(reason) = verify_file(file) {
                    faults.push(SegmentFault { segment: file.info.clone(), reason });
                }
                done += file.info.bytes;
            }
            progress(done, of);
            Ok(faults)
        })
        .await
        .unwrap_or_else(|error| Err(StoreError::Database(error.to_string())))
    }

    /// Returns the segments that reads skip, without verifying all.
    pub fn segment_faults(&self) -> Vec<SegmentFault> {
        let faults = known_faults(&self.manifest());
        faults.into_iter().map(|(file, reason)| SegmentFault { segment: file.info.clone(), reason }).collect()
    }
}

fn known_faults(manifest: &Manifest) -> Vec<(Arc<SegmentFile>, String)> {
    manifest.segments.iter().filter_map(|file| Some((Arc::clone(file), file.fault()?))).collect()
}

/// Verifies a file and records its fault.
pub(crate) fn verify_file(file: &SegmentFile) -> Option<String> {
    let found = checksum(&file.info.path);
    let reason = match found {
        Ok(found) if found == file.info.checksum => None,
        Ok(_) => Some("its content is not what was written".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    file.set_fault(reason.clone());
    reason
}
