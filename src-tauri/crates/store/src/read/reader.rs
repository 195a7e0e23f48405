//! A read: a connection, a consistent view of heads and segments, and a check for cancellation.

use std::{
    cell::OnceCell,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use duckdb::{Connection, Row, arrow::array::RecordBatch, params_from_iter};

use super::cancellation::RunningRead;
use crate::{
    StoreError,
    catalog::series_catalog::SeriesCatalog,
    database::sql::Parameter,
    integrity::definitions::Definitions,
    segment::{
        manifest::{Manifest, SharedManifest},
        segment_file::SegmentFile,
    },
};

/// The wait before the manifest is compared with the database again.
const MANIFEST_RETRY: Duration = Duration::from_micros(200);

/// The means of one read.
pub(crate) struct Reader {
    connection: Connection,
    pub(crate) catalog: Arc<SeriesCatalog>,
    running: Arc<RunningRead>,
    shared: Arc<SharedManifest>,
    /// The manifest of the open transaction, if there is one.
    seen: OnceCell<Arc<Manifest>>,
}

impl Reader {
    /// Creates a reader that begins a transaction when it needs the manifest.
    pub(crate) fn new(
        connection: Connection,
        catalog: Arc<SeriesCatalog>,
        shared: Arc<SharedManifest>,
    ) -> Self {
        Self::internal(connection, catalog, shared, Arc::default())
    }

    /// Creates a reader in the transaction of a snapshot.
    pub(crate) fn in_snapshot(
        connection: Connection,
        catalog: Arc<SeriesCatalog>,
        shared: Arc<SharedManifest>,
        manifest: Arc<Manifest>,
    ) -> Self {
        let reader = Self::new(connection, catalog, shared);
        Self { seen: OnceCell::from(manifest), ..reader }
    }

    /// Creates a reader for the store's own work, which ends soon after `stop` is set.
    pub(crate) fn internal(
        connection: Connection,
        catalog: Arc<SeriesCatalog>,
        shared: Arc<SharedManifest>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let running = Arc::new(RunningRead::new(connection.interrupt_handle(), stop));
        Self { connection, catalog, running, shared, seen: OnceCell::new() }
    }

    /// Returns the state of the read, for cancellation.
    pub(crate) fn running(&self) -> Arc<RunningRead> {
        Arc::clone(&self.running)
    }

    /// Returns the connection.
    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    /// Runs work and ends the transaction that it began.
    pub(crate) fn in_transaction<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let outcome = work(self);
        if self.seen.get().is_some() {
            let ended = self.connection.execute_batch("COMMIT");
            if outcome.is_ok() {
                ended?;
            }
        }
        outcome
    }

    /// Returns the heads and segments that this read sees until its end. Sealing meanwhile neither
    /// duplicates points nor deletes a file that the read uses.
    pub(crate) fn manifest(&self) -> Result<&Manifest, StoreError> {
        if self.seen.get().is_none() {
            let manifest = self.begin()?;
            return Ok(self.seen.get_or_init(|| manifest));
        }
        self.seen.get().map(|seen| &**seen).ok_or(StoreError::Closed)
    }

    /// Begins a transaction and returns the manifest that it sees.
    pub(crate) fn begin(&self) -> Result<Arc<Manifest>, StoreError> {
        loop {
            self.check()?;
            let manifest = self.shared.current();
            self.connection.execute_batch("BEGIN TRANSACTION")?;
            let generation: u64 =
                self.connection.query_row("SELECT generation FROM manifest", [], |row| row.get(0))?;
            if generation == manifest.generation {
                return Ok(manifest);
            }
            // The writer has committed a change and publishes it soon, or just did.
            self.connection.execute_batch("ROLLBACK")?;
            std::thread::sleep(MANIFEST_RETRY);
        }
    }

    /// Returns whether the database can read a file: it has no known fault and its footer is
    /// intact.
    pub(crate) fn can_read(&self, file: &SegmentFile) -> bool {
        match self.mark_if_faulty(file, file.scan()) {
            Ok(scan) => scan.is_some(),
            Err(_) => false,
        }
    }

    /// Marks a file as faulty if reading it failed and the read was not cancelled.
    pub(crate) fn mark_if_faulty<T>(
        &self,
        file: &SegmentFile,
        read: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        read.inspect_err(|error| {
            if self.check().is_ok() {
                file.mark_faulty(error);
            }
        })
    }

    /// Fails once the read is cancelled.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.running.is_cancelled() {
            return Err(StoreError::Database("the read was cancelled".to_owned()));
        }
        Ok(())
    }

    /// Returns rules, checks and silences as they are stored.
    pub(crate) fn definitions(&self) -> Result<Definitions, StoreError> {
        self.check()?;
        Definitions::of(&self.connection)
    }

    /// Runs a statement and converts every row.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        parameters: &[Parameter],
        convert: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows_within(sql, parameters, u64::MAX, |_| 0, convert)
    }

    /// Runs a statement and converts its rows until they have more than `max_bytes` together, of
    /// which `size` returns the share of each.
    pub(crate) fn rows_within<T>(
        &self,
        sql: &str,
        parameters: &[Parameter],
        max_bytes: u64,
        size: impl Fn(&T) -> u64,
        mut convert: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.check()?;
        let mut bytes = 0_u64;
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(params_from_iter(parameters.iter().map(Parameter::as_sql)))?;
        let mut converted = Vec::new();
        while let Some(row) = rows.next()? {
            let value = convert(row)?;
            bytes = bytes.saturating_add(size(&value));
            converted.push(value);
            if bytes > max_bytes {
                break;
            }
            if converted.len() % 4096 == 0 {
                self.check()?;
            }
        }
        Ok(converted)
    }

    /// Runs a statement and converts its first row.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        parameters: &[Parameter],
        convert: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, parameters, convert)?.into_iter().next())
    }

    /// Runs a statement and calls back with batches of its columns.
    pub(crate) fn batches(
        &self,
        sql: &str,
        parameters: &[Parameter],
        mut take: impl FnMut(&RecordBatch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.check()?;
        let mut statement = self.connection.prepare(sql)?;
        for batch in statement.query_arrow(params_from_iter(parameters.iter().map(Parameter::as_sql)))? {
            self.check()?;
            take(&batch)?;
        }
        Ok(())
    }

    /// Runs a statement and returns the number of rows it touched.
    pub(crate) fn execute(&self, sql: &str, parameters: &[Parameter]) -> Result<u64, StoreError> {
        self.check()?;
        let parameters = params_from_iter(parameters.iter().map(Parameter::as_sql));
        Ok(self.connection.execute(sql, parameters)? as u64)
    }
}
