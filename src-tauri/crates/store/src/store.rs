//! The store itself: opening, writing, closing.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use duckdb::Connection;
use model::TelemetryBatch;
use tokio::sync::broadcast;

use crate::{
    Changed, Commit, HeldBack, SeriesLimits, StoreError, StoreOptions,
    dictionary::Dictionary,
    head,
    layout::{Layout, Partition},
    maintain::{MaintenanceStep, Request, Steps},
    open::{self, DATABASE},
    reader::Reader,
    room::{DiskRoom, Room},
    weight::weight,
    workings::{Lasting, Workings},
    writer::{Change, Done, Work},
};

/// Commits a subscriber may lag behind before it loses the oldest.
const COMMITS_KEPT: usize = 64;

/// All telemetry and history of one data folder. Clones share it; the last one to go closes it.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// The way in that writes through this clone; empty if nobody said.
    way: Arc<str>,
}

/// What became of a batch that was committed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Points that were not kept because their series are beyond the limits.
    pub held_back: u64,
    /// Which limits those were.
    pub reasons: Vec<HeldBack>,
}

/// What all clones share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) options: StoreOptions,
    pub(crate) lasting: Lasting,
    room: Arc<Room>,
    workings: RwLock<Arc<Workings>>,
    recovering: AtomicBool,
    /// None once the store is closed.
    lock: Mutex<Option<Arc<File>>>,
}

impl Shared {
    pub(crate) fn workings(&self) -> Arc<Workings> {
        Arc::clone(&self.workings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The lock of the folder, unless the store is closed.
    pub(crate) fn lock(&self) -> Option<Arc<File>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the database failed and is not open again yet.
    pub(crate) fn is_recovering(&self) -> bool {
        self.recovering.load(Ordering::Acquire) && self.lock().is_some()
    }

    /// False if somebody else began already.
    pub(crate) fn begin_recovery(&self) -> bool {
        !self.recovering.swap(true, Ordering::AcqRel)
    }

    /// Works with a database that was opened again, unless the store was closed meanwhile.
    pub(crate) async fn end_recovery(&self, workings: Workings) {
        let workings = Arc::new(workings);
        *self.workings.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&workings);
        self.recovering.store(false, Ordering::Release);
        if self.lock().is_none() {
            // What it would say has nobody to hear it.
            let _ = workings.close().await;
        }
    }
}

/// What the store holds and how it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStatistics {
    /// Bytes of the database file, its log and the partitions.
    pub bytes: u64,
    /// Samples and histogram points; one that was written twice counts twice until its partitions are merged.
    pub samples: u64,
    /// Log records.
    pub logs: u64,
    /// Spans.
    pub spans: u64,
    /// Series.
    pub series: u64,
    /// Resources.
    pub resources: u64,
    /// Records that wait to be written.
    pub queue_length: u64,
    /// Groups committed since the store was opened.
    pub commits: u64,
    /// Mean time a recent commit took, in nanoseconds (exponentially weighted, one sixteenth each).
    pub commit_duration: u64,
    /// Batches refused because the queue was full, since the store was opened.
    pub refused: u64,
}

impl Store {
    /// Opens the data folder, or makes it. Blocks while the database replays its log.
    ///
    /// Where there are partitions and no database, they are taken in with the series they tell of. Fails without changing
    /// anything in the folder's database if that is damaged, was written by a newer version, belongs to another program
    /// or is open in another process.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let (folder, lock) = open::claim(folder)?;
        let (commits, _) = broadcast::channel(COMMITS_KEPT);
        let lasting = Lasting { limiter: Arc::default(), commits, steps: Steps::default() };
        let workings = Workings::start(&folder, Arc::clone(&lock), &options, &lasting)?;
        let room = Arc::new(Room::new(folder.clone(), options.reserve_bytes));
        room.look();
        let shared = Shared {
            folder,
            options,
            lasting,
            room,
            workings: RwLock::new(Arc::new(workings)),
            recovering: AtomicBool::new(false),
            lock: Mutex::new(Some(lock)),
        };
        Ok(Self { shared: Arc::new(shared), way: Arc::from("") })
    }

    /// Moves a damaged database in a data folder into the folder `quarantine` in it, so that opening the folder goes on
    /// with what the partitions hold; where it lies then, or nothing if the database can be opened. Blocks. Fails if the
    /// folder is in use or the database is of a newer version.
    pub fn set_damaged_database_aside(
        folder: &Path,
        options: &StoreOptions,
    ) -> Result<Option<PathBuf>, StoreError> {
        let (folder, lock) = open::claim(folder)?;
        open::set_damaged_aside(&folder, lock, options)
    }

    /// The same store for one way in, whose name is told where its telemetry is held back.
    #[must_use]
    pub fn through(&self, way: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), way: way.into() }
    }

    /// Commits a batch: success means that it survives a crash. [`StoreError::Busy`] and [`StoreError::Full`] mean
    /// that nothing was kept and when to try again. Points of series beyond the limits are left out.
    pub async fn write(&self, batch: TelemetryBatch) -> Result<(), StoreError> {
        self.accept(batch).await.map(|_| ())
    }

    /// Like [`Self::write`], and tells what was left out.
    pub async fn accept(&self, batch: TelemetryBatch) -> Result<Accepted, StoreError> {
        if batch.is_empty() && batch.series.is_empty() {
            return Ok(Accepted::default());
        }
        if self.shared.room.is_stale() {
            self.disk_room().await;
        }
        self.shared.room.admit()?;
        let weight = weight(&batch);
        let work = Work::Telemetry((Arc::new(batch), Arc::clone(&self.way)));
        let outcome = self.submit_work(work, weight).await;
        if matches!(outcome, Err(StoreError::Database(_) | StoreError::Recovering { .. }))
            && self.disk_room().await.full
        {
            self.shared.room.admit()?;
        }
        let not_kept = outcome?.not_kept;
        Ok(Accepted { held_back: not_kept.points, reasons: not_kept.reasons })
    }

    /// Keeps so many bytes of the disk free from now on.
    pub fn keep_free(&self, reserve_bytes: u64) {
        self.shared.room.set_reserve(reserve_bytes);
    }

    /// How much room there is on the disk, as it is now.
    pub async fn disk_room(&self) -> DiskRoom {
        let room = Arc::clone(&self.shared.room);
        tokio::task::spawn_blocking(move || room.look()).await.unwrap_or_default()
    }

    /// Limits the series that are kept from now on; those that are kept already stay.
    pub fn limit_series(&self, limits: SeriesLimits) {
        self.shared.lasting.limiter.lock().unwrap_or_else(PoisonError::into_inner).set_limits(limits);
    }

    /// What the limits held back since the store was opened.
    pub fn held_back(&self) -> Vec<HeldBack> {
        self.shared.lasting.limiter.lock().unwrap_or_else(PoisonError::into_inner).held_back()
    }

    /// A stream of what is committed from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Commit> {
        self.shared.lasting.commits.subscribe()
    }

    /// What the store holds.
    pub async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let counts = self
            .read(|reader| {
                let layout = reader.layout()?;
                let tables =
                    layout.heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)]);
                let heads: Vec<_> = tables.map(|table| format!("(SELECT count(*) FROM {table})")).collect();
                let sealed = layout.sealed_points();
                let sql = format!(
                    "SELECT {}, (SELECT count(*) FROM logs), (SELECT count(*) FROM spans)",
                    heads.join(" + ")
                );
                reader.row(&sql, &[], |row| {
                    Ok((row.get::<_, u64>(0)? + sealed, row.get::<_, u64>(1)?, row.get::<_, u64>(2)?))
                })
            })
            .await?;
        let (samples, logs, spans) = counts.unwrap_or_default();
        let workings = self.shared.workings();
        let (series, resources) = workings.dictionary.len();
        let figures = &workings.writer.figures;
        let folder = self.shared.folder.clone();
        let sealed: u64 =
            self.shared.workings().layouts.current().partitions.iter().map(|file| file.info.bytes).sum();
        let bytes = tokio::task::spawn_blocking(move || {
            [DATABASE, open::LOG]
                .iter()
                .filter_map(|name| fs::metadata(folder.join(name)).ok())
                .map(|metadata| metadata.len())
                .sum::<u64>()
                + sealed
        })
        .await
        .unwrap_or_default();
        Ok(StoreStatistics {
            bytes,
            samples,
            logs,
            spans,
            series,
            resources,
            queue_length: figures.queued.load(Ordering::Relaxed) as u64,
            commits: figures.commits.load(Ordering::Relaxed),
            commit_duration: figures.commit_duration.load(Ordering::Relaxed),
            refused: figures.refused.load(Ordering::Relaxed),
        })
    }

    /// Moves what is in the log into the database file.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let change: Change = Box::new(|connection: &Connection| {
            connection.execute_batch("CHECKPOINT")?;
            Ok(0)
        });
        self.submit(Work::Alone(change), 1).await.map(|_| ())
    }

    /// Commits what waits, moves the log into the database file and lets go of the folder. Reads that
    /// still run are not waited for; other clones answer [`StoreError::Closed`] from now on.
    pub async fn close(self) -> Result<(), StoreError> {
        let lock = self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outcome = self.shared.workings().close().await;
        drop(lock);
        outcome
    }

    /// Seals everything written so far into partitions, without waiting for the end of their windows.
    pub async fn seal_now(&self) -> Result<(), StoreError> {
        self.maintain(Request::Seal).await.map(|_| ())
    }

    /// Merges every partition that can be merged with others, without waiting for the end of their windows.
    pub async fn compact(&self) -> Result<(), StoreError> {
        self.maintain(Request::Compact).await.map(|_| ())
    }

    /// Deletes partitions, all of them or none if one is not there any more; how many points went.
    pub async fn drop_partitions(&self, ids: Vec<u64>) -> Result<u64, StoreError> {
        self.maintain(Request::Drop(ids)).await
    }

    /// The partitions, in the order in which their points were written.
    pub fn partitions(&self) -> Vec<Partition> {
        self.shared.workings().layouts.current().partitions.iter().map(|file| file.info.clone()).collect()
    }

    /// Calls back at each step of sealing, compaction and dropping, on the thread that takes it.
    pub fn watch_maintenance(&self, observer: impl Fn(MaintenanceStep) + Send + Sync + 'static) {
        self.shared.lasting.steps.watch(observer);
    }

    pub(crate) fn layout(&self) -> Arc<Layout> {
        self.shared.workings().layouts.current()
    }

    pub(crate) async fn maintain(&self, request: Request) -> Result<u64, StoreError> {
        let outcome = match self.shared.workings().maintainer() {
            Some(maintainer) => maintainer.ask(request).await,
            None => Err(StoreError::Closed),
        };
        self.shared.examined(outcome)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.shared.folder
    }

    pub(crate) fn dictionary(&self) -> Arc<Dictionary> {
        Arc::clone(&self.shared.workings().dictionary)
    }

    /// Runs a read under the deadline of the options.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let workings = self.shared.workings();
        let dictionary = Arc::clone(&workings.dictionary);
        self.shared.examined(workings.readers.read(dictionary, None, work).await)
    }

    /// Runs a read under a deadline of its own.
    pub(crate) async fn read_for<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let workings = self.shared.workings();
        let dictionary = Arc::clone(&workings.dictionary);
        self.shared.examined(workings.readers.read(dictionary, Some(deadline), work).await)
    }

    /// Commits a change of the history; how many rows it touched.
    pub(crate) async fn change(
        &self,
        changed: Changed,
        change: impl Fn(&Connection) -> Result<u64, StoreError> + Send + 'static,
    ) -> Result<u64, StoreError> {
        self.submit(Work::History { change: Box::new(change), changed }, 1).await
    }

    pub(crate) async fn submit(&self, work: Work, weight: usize) -> Result<u64, StoreError> {
        self.submit_work(work, weight).await.map(|done| done.rows)
    }

    async fn submit_work(&self, work: Work, weight: usize) -> Result<Done, StoreError> {
        let workings = self.shared.workings();
        let outcome = match workings.writer.submit(work, weight) {
            Ok(outcome) => outcome.await.unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        self.shared.examined(outcome)
    }
}
