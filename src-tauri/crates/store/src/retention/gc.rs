//! Garbage collection of series without points and of resources without references.

use std::sync::Arc;

use crate::{
    Changed, StoreError,
    database::{
        paths::path_text,
        sql::{id_list, quote},
    },
    maintenance::Maintenance,
    metrics::head,
    segment::{
        manifest::{self, Manifest},
        segment_file::SegmentFile,
    },
    write::job::Change,
};

/// The resources with references.
const REFERENCES: &str = "SELECT resource_id FROM series UNION ALL SELECT resource_id FROM logs \
    UNION ALL SELECT resource_id FROM spans";
/// Series or resources in one statement, at most.
const MAX_PER_STATEMENT: usize = 50_000;

impl Maintenance {
    /// Deletes series that no segment, head or exemplar has, then resources that no series, log
    /// record or span refers to. Those written to meanwhile are not deleted: the writer checks its
    /// own tables again.
    pub(crate) fn gc(&self) -> Result<(), StoreError> {
        let current = self.manifest.current();
        for some in self.unreferenced(&current)?.chunks(MAX_PER_STATEMENT) {
            let list = id_list(some.iter().copied());
            let delete: Change = Box::new(move |connection| {
                let named = series_in_tables(&manifest::heads(connection)?);
                let sql = format!("DELETE FROM series WHERE id IN ({list}) AND id NOT IN ({named})");
                Ok(connection.execute(&sql, [])? as u64)
            });
            self.change_manifest(delete, Changed { samples: true, ..Changed::default() }, true)?;
        }
        let resources: Vec<u64> = self.reader()?.rows(
            &format!("SELECT r.id FROM resources r ANTI JOIN ({REFERENCES}) u ON u.resource_id = r.id"),
            &[],
            |row| Ok(row.get(0)?),
        )?;
        for some in resources.chunks(MAX_PER_STATEMENT) {
            let list = id_list(some.iter().copied());
            let delete: Change = Box::new(move |connection| {
                let sql = format!("DELETE FROM resources WHERE id IN ({list}) AND id NOT IN ({REFERENCES})");
                Ok(connection.execute(&sql, [])? as u64)
            });
            self.change_manifest(delete, Changed::default(), true)?;
        }
        Ok(())
    }

    /// Returns series without points. Series of services in faulty files are not among them.
    fn unreferenced(&self, manifest: &Manifest) -> Result<Vec<u64>, StoreError> {
        let (whole, faulty): (Vec<&Arc<SegmentFile>>, Vec<_>) =
            manifest.segments.iter().partition(|file| file.fault().is_none());
        let mut named = vec![series_in_tables(&manifest.heads)];
        for file in whole {
            named.push(format!("SELECT series_id FROM read_parquet({})", quote(path_text(&file.info.path)?)));
        }
        let unknown: Vec<String> = faulty
            .iter()
            .flat_map(|file| &file.info.services)
            .map(|share| quote(&share.service))
            .chain(["''".to_owned()])
            .collect();
        let retained = if faulty.is_empty() {
            "true".to_owned()
        } else {
            format!("s.service NOT IN ({})", unknown.join(","))
        };
        self.reader()?.rows(
            &format!(
                "SELECT s.id FROM series s ANTI JOIN ({}) p ON p.series_id = s.id WHERE {retained}",
                named.join(" UNION ALL ")
            ),
            &[],
            |row| Ok(row.get(0)?),
        )
    }
}

/// Returns the series in heads and in the table of exemplars.
fn series_in_tables(heads: &[u64]) -> String {
    let tables = heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)]);
    let each: Vec<String> = tables
        .chain(["exemplars".to_owned()])
        .map(|table| format!("SELECT series_id FROM {table}"))
        .collect();
    each.join(" UNION ALL ")
}
