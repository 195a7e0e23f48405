//! A session: everything that works on one opening of the database.

use std::{fs::File, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use parking_lot::Mutex;

use super::{open, shared_state::SharedState};
use crate::{
    StoreError, StoreOptions,
    catalog::series_catalog::SeriesCatalog,
    database::paths::{DATABASE, SEGMENTS, TEMPORARY},
    integrity::definitions::Definitions,
    maintenance::Maintainer,
    metrics::head,
    read::pool::ReadPool,
    segment::manifest::SharedManifest,
    write::{job::Work, writer::Writer},
};

/// The time that running reads have to finish before a failed database is closed.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// The threads and connections of one opening of the database.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) catalog: Arc<SeriesCatalog>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) manifest: Arc<SharedManifest>,
    pub(crate) readers: ReadPool,
    /// None once the session is closed.
    maintainer: Mutex<Option<Arc<Maintainer>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Session {
    /// Opens the database in a locked folder, and starts the writer and the maintenance. Blocks
    /// while the database replays its log.
    pub(crate) fn start(
        folder: &Path,
        lock: Arc<File>,
        options: &StoreOptions,
        state: &SharedState,
    ) -> Result<Self, StoreError> {
        Self::start_undamaged(folder, lock, options, state).map_err(|error| match error {
            error if error.is_damage() => open::damaged(&folder.join(DATABASE), &error),
            error => error,
        })
    }

    fn start_undamaged(
        folder: &Path,
        lock: Arc<File>,
        options: &StoreOptions,
        state: &SharedState,
    ) -> Result<Self, StoreError> {
        let opened = open::open(folder, Arc::clone(&lock), options)?;
        let (temporary, max_past) = (folder.join(TEMPORARY), options.past_label_bytes);
        let catalog = Arc::new(SeriesCatalog::load(&opened.connection, &temporary, max_past)?);
        catalog.recount(&mut state.limiter.lock());
        head::set_opened(&opened.connection, options.clock.now().0)?;
        let copied = Definitions::of(&opened.connection).and_then(|definitions| definitions.write(folder));
        if let Err(error) = copied {
            tracing::warn!(%error, "rules, checks and silences were not copied");
        }
        let manifest = Arc::new(SharedManifest::open(&opened.connection, folder.join(SEGMENTS))?);
        manifest.sweep()?;
        let readers = ReadPool::new(
            opened.connection.try_clone()?,
            Arc::clone(&catalog),
            Arc::clone(&manifest),
            Arc::clone(&lock),
            options.clock.clone(),
            options.read_deadline,
            Arc::clone(&state.snapshots),
        );
        let maintenance_connection = opened.connection.try_clone()?;
        let (writer, writing) = Writer::start(
            opened,
            Arc::clone(&catalog),
            Arc::clone(&state.limiter),
            Arc::clone(&manifest),
            state.commits.clone(),
            options.clock.clone(),
            options.queue_records,
        )?;
        let writer = Arc::new(writer);
        let (maintainer, maintaining) = Maintainer::start(
            maintenance_connection,
            Arc::clone(&catalog),
            Arc::clone(&manifest),
            Arc::clone(&writer),
            state.observer.clone(),
            options.clock.clone(),
            lock,
        )?;
        Ok(Self {
            catalog,
            writer,
            manifest,
            readers,
            maintainer: Mutex::new(Some(Arc::new(maintainer))),
            threads: Mutex::new(vec![maintaining, writing]),
        })
    }

    /// Returns the maintenance, unless the session is closed.
    pub(crate) fn maintainer(&self) -> Option<Arc<Maintainer>> {
        self.maintainer.lock().clone()
    }

    /// Commits queued work, checkpoints and ends. Running reads are not awaited.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        // A snapshot that is still open would prevent the checkpoint after a deletion.
        self.readers.close();
        let outcome = match self.writer.submit(Work::Close, 0) {
            Ok(outcome) => outcome.await.unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        self.maintainer.lock().take();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // A thread that panicked has nothing to commit.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        outcome.map(|_| ())
    }

    /// Closes a session whose database failed. No connection is open afterwards.
    pub(crate) async fn abandon(&self) {
        self.readers.drain(DRAIN_DEADLINE).await;
        // The failure is already known.
        let _ = self.close().await;
    }
}
