//! Whether the data are as they were written, and taking out what is not.

use std::{fs, sync::Arc, time::Duration};

use model::{IntegrityResult, IntegrityTarget};

use crate::{Store, StoreError, layout::PartitionFile, maintain::Request, open::PARTITIONS, verify::examine};

/// Reading a whole table may take long.
const READING: Duration = Duration::from_secs(3600);
/// What stands before the name of a table.
const TABLE: &str = "table ";

impl Store {
    /// Every part that can be verified: the tables of the database and the partitions.
    pub async fn parts(&self) -> Result<Vec<IntegrityTarget>, StoreError> {
        let tables = self
            .read(|reader| {
                reader.rows(
                    "SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY table_name",
                    &[],
                    |row| Ok(row.get::<_, String>(0)?),
                )
            })
            .await?;
        let mut parts: Vec<_> = tables
            .into_iter()
            .map(|name| IntegrityTarget { name: format!("{TABLE}{name}"), bytes: 0 })
            .collect();
        parts.extend(
            self.partition_files()
                .iter()
                .map(|file| IntegrityTarget { name: name(file), bytes: file.info.bytes }),
        );
        Ok(parts)
    }

    /// Reads a part as a whole and holds it against its checksum: for a table those of the database's blocks. A
    /// part that is not there any more is in order.
    pub async fn verify_part(&self, part: &str) -> Result<IntegrityResult, StoreError> {
        let fault = match part.strip_prefix(TABLE) {
            Some(table) => self.verify_table(table.to_owned()).await?,
            None => match self.partition_file(part) {
                Some(file) => tokio::task::spawn_blocking(move || examine(&file))
                    .await
                    .map_err(|error| StoreError::Database(error.to_string()))?,
                None => None,
            },
        };
        Ok(IntegrityResult { name: part.to_owned(), fault, moved_to: None, rebuilt: 0 })
    }

    /// Verifies a part, and moves a partition that is damaged into the folder `quarantine`: it is no longer read. Minutes
    /// and hours that are damaged, or missing beside points, are made anew from the points. A damaged table is only told
    /// of.
    pub async fn repair_part(&self, part: &str) -> Result<IntegrityResult, StoreError> {
        let mut verdict = self.verify_part(part).await?;
        let Some(id) = self.partition_file(part).map(|file| file.info.id) else { return Ok(verdict) };
        if verdict.fault.is_some() {
            verdict.rebuilt = self.maintain(Request::Quarantine(id)).await?;
            verdict.moved_to = Some(self.folder().join(QUARANTINE).join(part).display().to_string());
        } else {
            verdict.rebuilt = self.maintain(Request::Complete(id)).await?;
        }
        Ok(verdict)
    }

    /// Deletes files among the partitions that nothing names, such as a crash leaves behind; how many.
    pub async fn drop_orphans(&self) -> Result<u64, StoreError> {
        let before = self.count_files().await;
        self.maintain(Request::Sweep).await?;
        Ok(before.saturating_sub(self.count_files().await))
    }

    async fn count_files(&self) -> u64 {
        let folder = self.folder().join(PARTITIONS);
        let count = move || fs::read_dir(folder).map_or(0, |entries| entries.count() as u64);
        tokio::task::spawn_blocking(count).await.unwrap_or_default()
    }

    async fn verify_table(&self, table: String) -> Result<Option<String>, StoreError> {
        let known = self.parts().await?.iter().any(|part| part.name.strip_prefix(TABLE) == Some(&table));
        if !known {
            return Ok(None);
        }
        let name = table.replace('"', "\"\"");
        let read = self
            .read_for(READING, move |reader| {
                reader.row(&format!("SELECT count(*), max(hash(t)) FROM \"{name}\" t"), &[], |_| Ok(()))
            })
            .await;
        match read {
            Ok(_) => Ok(None),
            Err(StoreError::Database(reason)) => Ok(Some(reason)),
            Err(error) => Err(error),
        }
    }

    fn partition_files(&self) -> Vec<Arc<PartitionFile>> {
        self.layout().partitions.clone()
    }

    fn partition_file(&self, part: &str) -> Option<Arc<PartitionFile>> {
        self.partition_files().into_iter().find(|file| name(file) == part)
    }
}

/// Folder that damaged partitions are moved to.
pub(crate) const QUARANTINE: &str = "quarantine";

fn name(file: &PartitionFile) -> String {
    file.info.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
