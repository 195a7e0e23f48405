//! Verification and repair of tables and segments.

use std::{fs, sync::Arc, time::Duration};

use model::{IntegrityResult, IntegrityTarget};

use super::{
    quarantine::{QUARANTINE, free_name},
    verify::verify_file,
};
use crate::{
    StoreError, admin::Admin, database::paths::SEGMENTS, maintenance::request::Request,
    segment::segment_file::SegmentFile,
};

/// The deadline for reading a whole table.
const READ_DEADLINE: Duration = Duration::from_secs(3600);
/// The prefix of the names of tables.
const TABLE: &str = "table ";

impl Admin {
    /// Returns everything that can be verified: the tables of the database and the segments.
    pub async fn integrity_targets(&self) -> Result<Vec<IntegrityTarget>, StoreError> {
        let tables = self
            .read(None, |reader| {
                reader.rows(
                    "SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY table_name",
                    &[],
                    |row| Ok(row.get::<_, String>(0)?),
                )
            })
            .await?;
        let mut targets: Vec<_> = tables
            .into_iter()
            .map(|name| IntegrityTarget { name: format!("{TABLE}{name}"), bytes: 0 })
            .collect();
        targets.extend(
            self.segment_files()
                .iter()
                .map(|file| IntegrityTarget { name: file_name(file), bytes: file.info.bytes }),
        );
        Ok(targets)
    }

    /// Verifies a table or segment by its checksums; a table has those of the database's blocks.
    /// One that was deleted meanwhile has no fault.
    pub async fn verify_target(&self, name: &str) -> Result<IntegrityResult, StoreError> {
        let fault = match name.strip_prefix(TABLE) {
            Some(table) => self.verify_table(table.to_owned()).await?,
            None => match self.segment_file(name) {
                Some(file) => tokio::task::spawn_blocking(move || verify_file(&file))
                    .await
                    .map_err(|error| StoreError::Database(error.to_string()))?,
                None => None,
            },
        };
        Ok(IntegrityResult { name: name.to_owned(), fault, moved_to: None, rebuilt: 0, lost_points: None })
    }

    /// Verifies a table or segment. What is intact of a damaged segment is saved, and the file
    /// moves to the quarantine. Roll-ups that are damaged or missing are rebuilt from points. A
    /// damaged table is only reported.
    pub async fn repair_target(&self, name: &str) -> Result<IntegrityResult, StoreError> {
        let mut verdict = self.verify_target(name).await?;
        let Some(file) = self.segment_file(name) else { return Ok(verdict) };
        let id = file.info.id;
        if verdict.fault.is_some() {
            let target = free_name(&self.instance.folder.join(QUARANTINE), name);
            verdict.moved_to = Some(target.display().to_string());
            verdict.rebuilt = self.instance.maintain(Request::Quarantine { id, target }).await?;
            let saved = self.replacement(&file).map_or(0, |file| file.info.points);
            verdict.lost_points = Some(file.info.points.saturating_sub(saved));
        } else {
            verdict.rebuilt = self.instance.maintain(Request::AddRollups(id)).await?;
        }
        Ok(verdict)
    }

    /// Deletes files that no segment names, such as a crash leaves behind. Returns their number.
    pub async fn drop_orphans(&self) -> Result<u64, StoreError> {
        let before = self.count_files().await;
        self.instance.maintain(Request::Sweep).await?;
        Ok(before.saturating_sub(self.count_files().await))
    }

    async fn count_files(&self) -> u64 {
        let folder = self.instance.folder.join(SEGMENTS);
        let count = move || fs::read_dir(folder).map_or(0, |entries| entries.count() as u64);
        tokio::task::spawn_blocking(count).await.unwrap_or_default()
    }

    async fn verify_table(&self, table: String) -> Result<Option<String>, StoreError> {
        let exists = self
            .integrity_targets()
            .await?
            .iter()
            .any(|target| target.name.strip_prefix(TABLE) == Some(&table));
        if !exists {
            return Ok(None);
        }
        let name = table.replace('"', "\"\"");
        let read = self
            .read(Some(READ_DEADLINE), move |reader| {
                reader.row(&format!("SELECT count(*), max(hash(t)) FROM \"{name}\" t"), &[], |_| Ok(()))
            })
            .await;
        match read {
            Ok(_) => Ok(None),
            Err(StoreError::Database(reason)) => Ok(Some(reason)),
            Err(error) => Err(error),
        }
    }

    fn segment_files(&self) -> Vec<Arc<SegmentFile>> {
        self.manifest().segments.clone()
    }

    /// Returns the segment that replaced another one.
    fn replacement(&self, of: &SegmentFile) -> Option<Arc<SegmentFile>> {
        let identity = |file: &SegmentFile| (file.info.signal, file.info.part_group, file.info.resolution);
        self.segment_files().into_iter().find(|file| identity(file) == identity(of))
    }

    fn segment_file(&self, name: &str) -> Option<Arc<SegmentFile>> {
        self.segment_files().into_iter().find(|file| file_name(file) == name)
    }
}

fn file_name(file: &SegmentFile) -> String {
    file.info.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
