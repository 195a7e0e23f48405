//! Series whose last point went leave the dictionary, and resources that nobody speaks for any more.

use std::sync::Arc;

use super::Maintenance;
use crate::{
    Changed, StoreError, head,
    layout::{Layout, PartitionFile},
    open::{path_text, quote},
    sql::id_list,
    writer::Change,
};

/// The resources that something refers to.
const REFERRED: &str = "SELECT resource_id FROM series UNION ALL SELECT resource_id FROM logs \
    UNION ALL SELECT resource_id FROM spans";
/// Series or resources that leave at a time: they are named one by one in a statement.
const MOST_AT_ONCE: usize = 50_000;

impl Maintenance {
    /// Forgets series that no partition, no head and no exemplar names any more, and then resources that no series, no
    /// log record and no span refers to. What is written to meanwhile stays, for the writer looks again into what it
    /// wrote itself.
    pub(super) fn forget(&self) -> Result<(), StoreError> {
        let layout = self.layouts.current();
        for some in self.unnamed(&layout)?.chunks(MOST_AT_ONCE) {
            let list = id_list(some.iter().copied());
            let forget: Change = Box::new(move |connection| {
                let named = named_in_tables(&head::all(connection)?);
                let sql = format!("DELETE FROM series WHERE id IN ({list}) AND id NOT IN ({named})");
                Ok(connection.execute(&sql, [])? as u64)
            });
            self.change_layout(forget, Changed { samples: true, ..Changed::default() }, true)?;
        }
        let silent: Vec<u64> = self.reader()?.rows(
            &format!("SELECT r.id FROM resources r ANTI JOIN ({REFERRED}) u ON u.resource_id = r.id"),
            &[],
            |row| Ok(row.get(0)?),
        )?;
        for some in silent.chunks(MOST_AT_ONCE) {
            let list = id_list(some.iter().copied());
            let forget: Change = Box::new(move |connection| {
                let sql = format!("DELETE FROM resources WHERE id IN ({list}) AND id NOT IN ({REFERRED})");
                Ok(connection.execute(&sql, [])? as u64)
            });
            self.change_layout(forget, Changed::default(), true)?;
        }
        Ok(())
    }

    /// Series that have no point anywhere. What a file holds that cannot be read is not known: series of the services
    /// in it are not among them.
    fn unnamed(&self, layout: &Layout) -> Result<Vec<u64>, StoreError> {
        let (whole, faulty): (Vec<&Arc<PartitionFile>>, Vec<_>) =
            layout.partitions.iter().partition(|file| file.fault().is_none());
        let mut named = vec![named_in_tables(&layout.heads)];
        for file in whole {
            named.push(format!("SELECT series_id FROM read_parquet({})", quote(path_text(&file.info.path)?)));
        }
        let unknown: Vec<String> = faulty
            .iter()
            .flat_map(|file| &file.info.services)
            .map(|share| quote(&share.service))
            .chain(["''".to_owned()])
            .collect();
        let kept = if faulty.is_empty() {
            "true".to_owned()
        } else {
            format!("s.service NOT IN ({})", unknown.join(","))
        };
        self.reader()?.rows(
            &format!(
                "SELECT s.id FROM series s ANTI JOIN ({}) p ON p.series_id = s.id WHERE {kept}",
                named.join(" UNION ALL ")
            ),
            &[],
            |row| Ok(row.get(0)?),
        )
    }
}

/// The series that the tables name.
fn named_in_tables(heads: &[u64]) -> String {
    let tables = heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)]);
    let each: Vec<String> = tables
        .chain(["exemplars".to_owned()])
        .map(|table| format!("SELECT series_id FROM {table}"))
        .collect();
    each.join(" UNION ALL ")
}
