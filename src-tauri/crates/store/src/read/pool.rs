//! The pool of reading connections. Each read has a deadline and ends when its caller goes away.

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use duckdb::Connection;
use parking_lot::Mutex;
use runtime::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    cancellation::{CancelOnDrop, RunningRead},
    reader::Reader,
};
use crate::{
    StoreError,
    catalog::series_catalog::SeriesCatalog,
    segment::manifest::{Manifest, SharedManifest},
};

/// Reads that run at the same time.
const MAX_CONCURRENT: usize = 4;

/// The connection of a snapshot. It is absent while a read uses it and after the snapshot ended.
pub(crate) type SnapshotConnection = tokio::sync::Mutex<Option<Connection>>;

/// The reading connections of one opening of the database.
#[derive(Debug)]
pub(crate) struct ReadPool {
    connections: Arc<Connections>,
    permits: Arc<Semaphore>,
    clock: Clock,
    deadline: Duration,
    manifest: Arc<SharedManifest>,
    catalog: Arc<SeriesCatalog>,
    /// Snapshots opened, with those of single reads.
    snapshots: Arc<AtomicU64>,
}

/// Idle connections, and the folder's lock. Each running read holds the lock too.
#[derive(Debug)]
pub(crate) struct Connections {
    idle: Mutex<Vec<Connection>>,
    template: Mutex<Option<Connection>>,
    snapshots: Mutex<Vec<Weak<SnapshotConnection>>>,
    /// None once the pool is closed.
    lock: Mutex<Option<Arc<File>>>,
}

impl Connections {
    fn lock(&self) -> Option<Arc<File>> {
        self.lock.lock().clone()
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle.lock().pop() {
            return Ok(connection);
        }
        let template = self.template.lock();
        Ok(template.as_ref().ok_or(StoreError::Closed)?.try_clone()?)
    }

    /// Returns a connection for later reads, unless the pool is closed.
    fn put_back(&self, connection: Connection) {
        if self.template.lock().is_some() {
            self.idle.lock().push(connection);
        }
    }

    /// Ends the transaction of a snapshot and returns its connection.
    pub(crate) fn end_snapshot(&self, connection: Connection) {
        if connection.execute_batch("COMMIT").is_ok() {
            self.put_back(connection);
        }
    }
}

impl ReadPool {
    /// Creates a pool. `template` is cloned for every reader and not used otherwise.
    pub(crate) fn new(
        template: Connection,
        catalog: Arc<SeriesCatalog>,
        manifest: Arc<SharedManifest>,
        lock: Arc<File>,
        clock: Clock,
        deadline: Duration,
        snapshots: Arc<AtomicU64>,
    ) -> Self {
        Self {
            connections: Arc::new(Connections {
                idle: Mutex::default(),
                template: Mutex::new(Some(template)),
                snapshots: Mutex::default(),
                lock: Mutex::new(Some(lock)),
            }),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            clock,
            deadline,
            manifest,
            catalog,
            snapshots,
        }
    }

    /// Closes all connections that are not in use. Reads fail from now on.
    pub(crate) fn close(&self) {
        self.permits.close();
        let connections = &self.connections;
        connections.template.lock().take();
        connections.idle.lock().clear();
        let snapshots = std::mem::take(&mut *connections.snapshots.lock());
        for snapshot in snapshots.iter().filter_map(Weak::upgrade) {
            // One that a read holds is dropped at the end of that read.
            if let Ok(mut connection) = snapshot.try_lock() {
                connection.take();
            }
        }
        connections.lock.lock().take();
    }

    /// Waits until no read runs, up to a deadline, and lets none begin.
    pub(crate) async fn drain(&self, deadline: Duration) {
        let all = self.permits.acquire_many(MAX_CONCURRENT as u32);
        // A closed pool has nothing to wait for.
        if let Ok(Ok(all)) = self.clock.timeout(deadline, all).await {
            all.forget();
        }
    }

    /// Lets no read begin until the permits are dropped. Returns none while a read runs.
    pub(crate) fn pause(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_many_owned(MAX_CONCURRENT as u32).ok()
    }

    /// Runs `work` on a thread for blocking work, in a view of its own. Dropping the future cancels
    /// it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
        self.within(deadline.unwrap_or(self.deadline), async {
            let permit = self.permit().await?;
            let connection = self.connections.take()?;
            let reader = Reader::new(connection, Arc::clone(&self.catalog), Arc::clone(&self.manifest));
            let lock = self.connections.lock();
            let (outcome, connection, _lock) =
                run_blocking(reader, permit, lock, move |reader| reader.in_transaction(work)).await?;
            // After a failure the connection is dropped: the database may require a new one.
            if let (true, Some(connection)) = (outcome.is_ok() && !self.permits.is_closed(), connection) {
                self.connections.put_back(connection);
            }
            outcome
        })
        .await
    }

    /// Begins a snapshot: a transaction, and the manifest that it sees.
    pub(crate) async fn begin_snapshot(
        &self,
    ) -> Result<(Arc<SnapshotConnection>, Arc<Manifest>, Arc<Connections>), StoreError> {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
        self.within(self.deadline, async {
            let permit = self.permit().await?;
            let connection = self.connections.take()?;
            let reader = Reader::new(connection, Arc::clone(&self.catalog), Arc::clone(&self.manifest));
            let lock = self.connections.lock();
            let (outcome, connection, _lock) = run_blocking(reader, permit, lock, Reader::begin).await?;
            let manifest = outcome?;
            let connection = Arc::new(SnapshotConnection::new(connection));
            let mut snapshots = self.connections.snapshots.lock();
            snapshots.retain(|snapshot| snapshot.strong_count() > 0);
            snapshots.push(Arc::downgrade(&connection));
            drop(snapshots);
            Ok((connection, manifest, Arc::clone(&self.connections)))
        })
        .await
    }

    /// Runs `work` in a snapshot, after the snapshot's other reads. A failed read ends the
    /// snapshot.
    pub(crate) async fn read_in<T: Send + 'static>(
        &self,
        snapshot: &Arc<SnapshotConnection>,
        manifest: &Arc<Manifest>,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.within(deadline.unwrap_or(self.deadline), async {
            let mut slot = Arc::clone(snapshot).lock_owned().await;
            let permit = self.permit().await?;
            let connection = slot.take().ok_or_else(|| {
                StoreError::Database("the snapshot ended because a read of it failed".to_owned())
            })?;
            let reader = Reader::in_snapshot(
                connection,
                Arc::clone(&self.catalog),
                Arc::clone(&self.manifest),
                Arc::clone(manifest),
            );
            let lock = self.connections.lock();
            let (outcome, connection, _lock) = run_blocking(reader, permit, lock, work).await?;
            if outcome.is_ok() && !self.permits.is_closed() {
                *slot = connection;
            }
            outcome
        })
        .await
    }

    async fn within<T>(
        &self,
        deadline: Duration,
        reading: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.clock.timeout(deadline, reading).await.unwrap_or(Err(StoreError::Deadline { deadline }))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)
    }
}

/// The outcome of a read, its connection unless it panicked, and the lock, which is dropped last.
type Completed<T> = (Result<T, StoreError>, Option<Connection>, Option<Arc<File>>);

/// Runs work on a thread for blocking work.
/// Dropping the future cancels the work.
async fn run_blocking<T: Send + 'static>(
    reader: Reader,
    permit: OwnedSemaphorePermit,
    lock: Option<Arc<File>>,
    work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<Completed<T>, StoreError> {
    let running: Arc<RunningRead> = reader.running();
    let guard = CancelOnDrop(Arc::clone(&running));
    let task = tokio::task::spawn_blocking(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&reader)));
        running.finish();
        drop(permit);
        match outcome {
            Ok(outcome) => (outcome, Some(reader.into_connection()), lock),
            Err(_) => {
                let reason = "the database library failed unexpectedly".to_owned();
                (Err(StoreError::Database(reason)), None, lock)
            }
        }
    });
    let outcome = task.await.map_err(|error| StoreError::Database(error.to_string()))?;
    drop(guard);
    Ok(outcome)
}
