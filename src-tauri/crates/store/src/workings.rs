//! Everything that works on an opened database, which can be let go and begun anew.

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::broadcast;

use crate::{
    Commit, StoreError, StoreOptions,
    dictionary::Dictionary,
    head,
    layout::Layouts,
    maintain::{self, Maintainer, Steps},
    open,
    reader::Readers,
    series_limit::SeriesLimiter,
    writer::{Work, Writer},
};

/// How long reads that run may go on before the database is let go of without them.
const LAST_READS: Duration = Duration::from_secs(30);

/// What works on an opened database.
#[derive(Debug)]
pub(crate) struct Workings {
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) layouts: Arc<Layouts>,
    pub(crate) readers: Readers,
    /// None once the database is let go of.
    maintainer: Mutex<Option<Arc<Maintainer>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What outlives one opening of the database.
#[derive(Debug, Clone)]
pub(crate) struct Lasting {
    pub(crate) limiter: Arc<Mutex<SeriesLimiter>>,
    pub(crate) commits: broadcast::Sender<Commit>,
    pub(crate) steps: Steps,
}

impl Workings {
    /// Opens the database in a folder that is locked, and starts what works on it. Blocks while the database replays
    /// its log.
    pub(crate) fn start(
        folder: &Path,
        lock: Arc<File>,
        options: &StoreOptions,
        lasting: &Lasting,
    ) -> Result<Self, StoreError> {
        let opened = open::open(folder, Arc::clone(&lock), options)?;
        let dictionary = Arc::new(Dictionary::load(&opened.connection)?);
        dictionary.recount(&mut lasting.limiter.lock().unwrap_or_else(PoisonError::into_inner));
        head::stamp(&opened.connection, maintain::now())?;
        let layouts = Arc::new(Layouts::open(&opened.connection, folder.join(open::PARTITIONS))?);
        layouts.sweep()?;
        let readers = Readers::new(
            opened.connection.try_clone()?,
            Arc::clone(&layouts),
            Arc::clone(&lock),
            options.read_deadline,
        );
        let own = opened.connection.try_clone()?;
        let (writer, writing) = Writer::start(
            opened,
            Arc::clone(&dictionary),
            Arc::clone(&lasting.limiter),
            Arc::clone(&layouts),
            lasting.commits.clone(),
            options.queue_records,
        )?;
        let writer = Arc::new(writer);
        let (maintainer, maintaining) = Maintainer::start(
            own,
            Arc::clone(&dictionary),
            Arc::clone(&layouts),
            Arc::clone(&writer),
            lasting.steps.clone(),
            lock,
        )?;
        Ok(Self {
            dictionary,
            writer,
            layouts,
            readers,
            maintainer: Mutex::new(Some(Arc::new(maintainer))),
            threads: Mutex::new(vec![maintaining, writing]),
        })
    }

    pub(crate) fn maintainer(&self) -> Option<Arc<Maintainer>> {
        self.maintainer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Commits what waits, moves the log into the database file and ends. Reads that still run are not waited for.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let outcome = match self.writer.submit(Work::Close, 0) {
            Ok(outcome) => outcome.await.unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        self.readers.close();
        self.maintainer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has nothing more to commit.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        outcome.map(|_| ())
    }

    /// Like [`Self::close`] for a database that failed: nothing of it is open afterwards.
    pub(crate) async fn let_go(&self) {
        self.readers.quiet(LAST_READS).await;
        // It failed already; what it says now is no news.
        let _ = self.close().await;
    }
}
