//! One opened data folder: its lock, its options and the session of its database.

mod recovery;

use std::{
    fs::File,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use duckdb::Connection;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use super::{session::Session, shared_state::SharedState};
use crate::{
    Changed, StoreError, StoreOptions,
    maintenance::request::Request,
    read::reader::Reader,
    write::{
        disk_space::DiskSpaceMonitor,
        job::{Done, Work},
    },
};

/// The state that all clones of a store share.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) folder: PathBuf,
    pub(crate) options: StoreOptions,
    pub(crate) state: SharedState,
    pub(crate) disk_space: Arc<DiskSpaceMonitor>,
    session: RwLock<Arc<Session>>,
    recovering: AtomicBool,
    /// Notified when the database is open again.
    recovered: Notify,
    /// Copies of definitions are written one after the other.
    copying: tokio::sync::Mutex<()>,
    /// None once the store is closed.
    lock: Mutex<Option<Arc<File>>>,
}

impl Instance {
    /// Creates the instance of a session.
    pub(crate) fn new(
        folder: PathBuf,
        options: StoreOptions,
        state: SharedState,
        session: Session,
        lock: Arc<File>,
    ) -> Self {
        let disk_space =
            Arc::new(DiskSpaceMonitor::new(folder.clone(), options.reserve_bytes, options.clock.clone()));
        disk_space.probe();
        Self {
            folder,
            options,
            state,
            disk_space,
            session: RwLock::new(Arc::new(session)),
            recovering: AtomicBool::new(false),
            recovered: Notify::new(),
            copying: tokio::sync::Mutex::default(),
            lock: Mutex::new(Some(lock)),
        }
    }

    /// Returns the current session.
    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session.read())
    }

    /// Returns the lock of the folder, unless the store is closed.
    fn lock(&self) -> Option<Arc<File>> {
        self.lock.lock().clone()
    }

    /// Returns whether the database failed and is not open again yet.
    fn is_recovering(&self) -> bool {
        self.recovering.load(Ordering::Acquire) && self.lock().is_some()
    }

    /// Begins recovery. Returns false if it is in progress.
    fn begin_recovery(&self) -> bool {
        !self.recovering.swap(true, Ordering::AcqRel)
    }

    /// Continues with a new session, unless the store was closed meanwhile.
    async fn end_recovery(&self, session: Session) {
        let session = Arc::new(session);
        *self.session.write() = Arc::clone(&session);
        self.recovering.store(false, Ordering::Release);
        self.recovered.notify_waiters();
        if self.lock().is_none() {
            // Closing has no caller to report to.
            let _ = session.close().await;
        }
    }

    /// Waits while the database is opened again, at most until a deadline or that of the options.
    pub(crate) async fn wait_for_recovery(&self, deadline: Option<Duration>) {
        let recovered = self.recovered.notified();
        if self.is_recovering() {
            let limit = self.options.clock.sleep(deadline.unwrap_or(self.options.read_deadline));
            tokio::select! {
                () = recovered => {}
                () = limit => {}
            }
        }
    }

    /// Commits queued work, checkpoints and releases the folder.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let lock = self.lock.lock().take();
        let outcome = self.session().close().await;
        drop(lock);
        outcome
    }

    /// Runs a read of the latest commit, under a deadline or that of the options. While the
    /// database is opened again it waits.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.wait_for_recovery(deadline).await;
        let session = self.session();
        self.checked(session.readers.read(deadline, work).await)
    }

    /// Sends a request to the maintenance. Returns the number of points deleted.
    pub(crate) async fn maintain(self: &Arc<Self>, request: Request) -> Result<u64, StoreError> {
        let outcome = match self.session().maintainer() {
            Some(maintainer) => maintainer.request(request).await,
            None => Err(StoreError::Closed),
        };
        self.checked(outcome)
    }

    /// Commits a change of the history. Returns the number of rows it touched.
    pub(crate) async fn change(
        self: &Arc<Self>,
        changed: Changed,
        change: impl Fn(&Connection) -> Result<u64, StoreError> + Send + 'static,
    ) -> Result<u64, StoreError> {
        let work = Work::History { change: Box::new(change), changed };
        self.submit(work, 1).await.map(|done| done.rows)
    }

    /// Writes the copy of rules, checks and silences.
    pub(crate) async fn copy_definitions(self: &Arc<Self>) -> Result<(), StoreError> {
        let _one = self.copying.lock().await;
        let folder = self.folder.clone();
        self.read(None, move |reader| reader.definitions()?.write(&folder)).await
    }

    /// Submits work of a size in records to the writer and waits for its outcome.
    pub(crate) async fn submit(self: &Arc<Self>, work: Work, size: usize) -> Result<Done, StoreError> {
        let session = self.session();
        let outcome = match session.writer.submit(work, size) {
            Ok(outcome) => outcome.await.unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        self.checked(outcome)
    }
}
