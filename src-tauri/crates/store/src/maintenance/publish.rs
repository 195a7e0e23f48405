//! The change of the manifest that makes new files part of the store.

use duckdb::Connection;

use super::{Maintenance, events::MaintenanceEvent};
use crate::{
    Changed, StoreError,
    database::paths::sync_folder,
    segment::{parity, plan::NewSegment, table},
    write::job::{Change, Work},
};

impl Maintenance {
    /// Makes written files part of the store in place of others, together with a change of tables.
    pub(crate) fn publish(
        &self,
        new: Vec<NewSegment>,
        replaced: Vec<u64>,
        also: impl Fn(&Connection) -> Result<u64, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.publish_change(new, replaced, Box::new(also), Changed::default(), false)
    }

    /// Like [`Self::publish`], with the kinds of records that the change touches. `removes_series`
    /// is set if it deletes series.
    pub(super) fn publish_change(
        &self,
        new: Vec<NewSegment>,
        replaced: Vec<u64>,
        also: Change,
        changed: Changed,
        removes_series: bool,
    ) -> Result<(), StoreError> {
        self.observer.notify(MaintenanceEvent::Name);
        sync_folder(&self.manifest.folder)?;
        new.iter().for_each(|segment| parity::write(&segment.path));
        self.observer.notify(MaintenanceEvent::Commit);
        let change: Change = Box::new(move |connection| {
            table::delete(connection, &replaced)?;
            table::insert(connection, &new)?;
            also(connection)
        });
        self.change_manifest(change, changed, removes_series)?;
        self.observer.notify(MaintenanceEvent::Clean);
        Ok(())
    }

    /// Submits a change of heads and segments to the writer and waits for the commit.
    pub(crate) fn change_manifest(
        &self,
        change: Change,
        changed: Changed,
        removes_series: bool,
    ) -> Result<(), StoreError> {
        self.submit(Work::Manifest { change, changed, removes_series }).map(|_| ())
    }

    /// Submits work to the writer and waits for its outcome. Returns the number of rows it touched.
    pub(crate) fn submit(&self, work: Work) -> Result<u64, StoreError> {
        let outcome = self.writer.submit(work, 0)?;
        outcome.blocking_recv().unwrap_or(Err(StoreError::Closed)).map(|done| done.rows)
    }
}
