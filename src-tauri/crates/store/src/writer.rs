//! The one thread that writes. It gathers what waits into groups and commits each group at once.

use std::{
    fs::{self, File},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use duckdb::Connection;
use model::TelemetryBatch;
use tokio::sync::{broadcast, oneshot};

use crate::{
    Changed, Commit, StoreError,
    append::{Appending, Incoming, NotKept},
    dictionary::Dictionary,
    layout::{Layout, Layouts},
    open::{LOG, Opened},
    series_limit::SeriesLimiter,
};

/// How long a group waits at most until it is a part of the one before.
const GATHER: Duration = Duration::from_millis(3);
/// Which part that is, one in so many: whoever is left out of a group prepares what comes next while it is committed. Of
/// thirty senders on two cores, a quarter gave more than all, half or no waiting at all.
const PART: usize = 4;
/// A group of this many records waits no longer.
const LARGE_GROUP: usize = 50_000;
/// Without work for this long, a log that has grown is moved into the database file.
const QUIET: Duration = Duration::from_secs(1);
/// A log of this many bytes has grown enough for that; it also lies in memory.
const GROWN_LOG: u64 = 8 << 20;

/// A change of the history. It may run twice: once with its group and, if the group failed, once alone.
pub(crate) type Change = Box<dyn Fn(&Connection) -> Result<u64, StoreError> + Send>;

/// What waits to be written.
pub(crate) enum Work {
    /// Records.
    Telemetry(Incoming),
    /// Rows of the history.
    History { change: Change, changed: Changed },
    /// A change of heads and partitions, in a transaction of its own. If it takes series away, the dictionary is
    /// read anew afterwards.
    Layout { change: Change, changed: Changed, removes_series: bool },
    /// Outside of any transaction.
    Alone(Change),
    /// The end: everything before it is committed.
    Close,
}

/// What became of a job.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Rows it touched.
    pub(crate) rows: u64,
    /// What the limits held back.
    pub(crate) not_kept: NotKept,
}

impl From<u64> for Done {
    fn from(rows: u64) -> Self {
        Self { rows, not_kept: NotKept::default() }
    }
}

struct Job {
    work: Work,
    weight: usize,
    reply: oneshot::Sender<Result<Done, StoreError>>,
}

/// Figures the writer keeps.
#[derive(Debug, Default)]
pub(crate) struct WriterFigures {
    pub(crate) queued: AtomicUsize,
    pub(crate) commits: AtomicU64,
    pub(crate) commit_duration: AtomicU64,
    pub(crate) refused: AtomicU64,
}

/// The way to the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    limit: usize,
    pub(crate) figures: Arc<WriterFigures>,
}

impl Writer {
    /// Starts the thread. It ends after a `Close` or when every `Writer` is gone.
    pub(crate) fn start(
        opened: Opened,
        dictionary: Arc<Dictionary>,
        limiter: Arc<Mutex<SeriesLimiter>>,
        layouts: Arc<Layouts>,
        commits: broadcast::Sender<Commit>,
        limit: usize,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let Opened { connection, folder, lock } = opened;
        let next_log_id =
            connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM logs", [], |row| row.get(0))?;
        let (jobs, receiver) = channel();
        let figures = Arc::new(WriterFigures::default());
        let thread = WriterThread {
            connection,
            dictionary,
            limiter,
            commits,
            figures: Arc::clone(&figures),
            next_log_id,
            layouts,
            log: folder.join(LOG),
            _lock: lock,
        };
        let handle = std::thread::Builder::new()
            .name("store writer".to_owned())
            .spawn(move || thread.run(&receiver))
            .map_err(|error| StoreError::Database(format!("the writer thread did not start: {error}")))?;
        Ok((Self { jobs, limit, figures }, handle))
    }

    /// Queues work of a weight (in records) and gives where its outcome will come.
    pub(crate) fn submit(
        &self,
        work: Work,
        weight: usize,
    ) -> Result<oneshot::Receiver<Result<Done, StoreError>>, StoreError> {
        // A batch larger than the whole queue is taken when nothing else waits.
        let reserved = self.figures.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, |queued| {
            let after = queued.saturating_add(weight);
            (after <= self.limit || queued == 0).then_some(after)
        });
        if reserved.is_err() {
            self.figures.refused.fetch_add(1, Ordering::Relaxed);
            return Err(StoreError::Busy { retry_after: self.retry_after() });
        }
        let (reply, outcome) = oneshot::channel();
        self.jobs.send(Job { work, weight, reply }).map_err(|_| {
            self.figures.queued.fetch_sub(weight, Ordering::AcqRel);
            StoreError::Closed
        })?;
        Ok(outcome)
    }

    /// A guess at when there is room: the time of a few commits.
    fn retry_after(&self) -> Duration {
        let commit = Duration::from_nanos(self.figures.commit_duration.load(Ordering::Relaxed));
        (commit * 4).clamp(Duration::from_millis(100), Duration::from_secs(5))
    }
}

struct WriterThread {
    connection: Connection,
    dictionary: Arc<Dictionary>,
    limiter: Arc<Mutex<SeriesLimiter>>,
    commits: broadcast::Sender<Commit>,
    figures: Arc<WriterFigures>,
    next_log_id: i64,
    layouts: Arc<Layouts>,
    /// The database's write-ahead log.
    log: PathBuf,
    /// Last, so that the folder is let go after the connection.
    _lock: Arc<File>,
}

impl WriterThread {
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut held_over = None;
        // Who waits for an answer before sending on sends again soon after it came.
        let mut company = 1;
        loop {
            let Some(first) = held_over.take().or_else(|| self.next_job(jobs)) else { break };
            if matches!(first.work, Work::Alone(_) | Work::Close) {
                if !self.run_alone(first) {
                    break;
                }
                continue;
            }
            // What comes after a change of the layout goes to the new head or names again what was removed.
            if matches!(first.work, Work::Layout { .. }) {
                self.write(vec![first]);
                continue;
            }
            let mut weight = first.weight;
            let mut group = vec![first];
            let until = Instant::now() + GATHER;
            while weight < LARGE_GROUP {
                let patience = if group.len() * PART < company {
                    until.saturating_duration_since(Instant::now())
                } else {
                    Duration::ZERO
                };
                match jobs.recv_timeout(patience) {
                    Ok(job) if matches!(job.work, Work::Layout { .. } | Work::Alone(_) | Work::Close) => {
                        held_over = Some(job);
                        break;
                    }
                    Ok(job) => {
                        weight = weight.saturating_add(job.weight);
                        group.push(job);
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            company = group.len();
            self.write(group);
        }
        if let Err(error) = self.connection.execute_batch("CHECKPOINT") {
            tracing::debug!(%error, "the last checkpoint was left to the next start");
        }
    }

    /// Waits for work, and uses the first quiet moment to move a log that has grown into the database file. Under
    /// load that would hold everything up, and compress the newest rows again and again.
    fn next_job(&self, jobs: &Receiver<Job>) -> Option<Job> {
        match jobs.recv_timeout(QUIET) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if fs::metadata(&self.log).is_ok_and(|metadata| metadata.len() >= GROWN_LOG)
            && let Err(error) = self.connection.execute_batch("CHECKPOINT")
        {
            tracing::debug!(%error, "the checkpoint was left to a later moment");
        }
        jobs.recv().ok()
    }

    /// Runs a job outside of groups; false for the end.
    fn run_alone(&self, job: Job) -> bool {
        self.figures.queued.fetch_sub(job.weight, Ordering::AcqRel);
        let (outcome, goes_on) = match &job.work {
            Work::Alone(change) => (guarded(|| change(&self.connection)), true),
            _ => (guarded(|| Ok(self.connection.execute_batch("CHECKPOINT").map(|()| 0)?)), false),
        };
        let _ = job.reply.send(outcome.map(Done::from));
        goes_on
    }

    /// Commits the group; if that fails, each of its jobs alone, so that one bad job harms no other.
    fn write(&mut self, group: Vec<Job>) {
        match self.commit(&group) {
            Ok(done) => {
                for (job, done) in group.into_iter().zip(done) {
                    self.answer(job, Ok(done));
                }
            }
            Err(error) if group.len() == 1 => {
                for job in group {
                    self.answer(job, Err(error.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, jobs = group.len(), "a group failed to commit, trying each alone");
                for job in group {
                    let alone = [job];
                    let outcome = self.commit(&alone).map(|mut done| done.pop().unwrap_or_default());
                    let [job] = alone;
                    self.answer(job, outcome);
                }
            }
        }
    }

    /// Makes room in the queue before the outcome is told, so that whoever hears it finds the room.
    fn answer(&self, job: Job, outcome: Result<Done, StoreError>) {
        self.figures.queued.fetch_sub(job.weight, Ordering::AcqRel);
        // Whoever asked may be gone.
        let _ = job.reply.send(outcome);
    }

    fn commit(&mut self, group: &[Job]) -> Result<Vec<Done>, StoreError> {
        let began = Instant::now();
        let first_log_id = self.next_log_id;
        let attempt = guarded(|| self.try_commit(group));
        let (done, commit, layout) = match attempt {
            Ok(done) => done,
            Err(error) => {
                self.next_log_id = first_log_id;
                // There is nothing to roll back when beginning or committing is what failed.
                let _ = self.connection.execute_batch("ROLLBACK");
                self.limiter().take_back();
                return Err(error);
            }
        };
        if let Some(layout) = layout {
            self.layouts.replace(layout);
        }
        if group.iter().any(|job| matches!(job.work, Work::Layout { removes_series: true, .. })) {
            self.dictionary.reload(&self.connection)?;
            self.dictionary.recount(&mut self.limiter());
        }
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mean = self.figures.commit_duration.load(Ordering::Relaxed);
        let mean = if mean == 0 { took } else { mean - mean / 16 + took / 16 };
        self.figures.commit_duration.store(mean, Ordering::Relaxed);
        self.figures.commits.fetch_add(1, Ordering::Relaxed);
        // No subscriber is no failure.
        let _ = self.commits.send(commit);
        Ok(done)
    }

    fn limiter(&self) -> std::sync::MutexGuard<'_, SeriesLimiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_commit(&mut self, group: &[Job]) -> Result<(Vec<Done>, Commit, Option<Layout>), StoreError> {
        self.connection.execute_batch("BEGIN TRANSACTION")?;
        let mut commit = Commit::default();
        let mut done: Vec<Done> = Vec::with_capacity(group.len());
        let mut incoming = Vec::new();
        let before = self.layouts.current();
        let mut layout = None;
        for job in group {
            match &job.work {
                Work::Telemetry((batch, way)) => {
                    commit.changed = commit.changed.union(touched(batch));
                    commit.telemetry.push(Arc::clone(batch));
                    incoming.push((Arc::clone(batch), Arc::clone(way)));
                    done.push(Done::from(batch.len() as u64));
                }
                Work::History { change, changed } => {
                    commit.changed = commit.changed.union(*changed);
                    done.push(change(&self.connection)?.into());
                }
                Work::Layout { change, changed, .. } => {
                    commit.changed = commit.changed.union(*changed);
                    done.push(change(&self.connection)?.into());
                    self.connection.execute_batch("UPDATE layout SET generation = generation + 1")?;
                    layout = Some(Layout::load(&self.connection, &self.layouts.folder, &before)?);
                }
                Work::Alone(_) | Work::Close => done.push(Done::default()),
            }
        }
        let head = before.heads.last().copied().unwrap_or_default();
        let mut appending = Appending::new(&self.connection, &self.dictionary, &self.limiter, head);
        let not_kept = appending.append(&incoming, &mut self.next_log_id)?;
        let news = appending.news;
        self.connection.execute_batch("COMMIT")?;
        if !news.series.is_empty() {
            self.limiter().settle();
        }
        self.dictionary.extend(news.resources, news.series.into_values());
        let telemetry = group.iter().zip(&mut done).filter(|(job, _)| matches!(job.work, Work::Telemetry(_)));
        for ((_, done), not_kept) in telemetry.zip(not_kept) {
            done.not_kept = not_kept;
        }
        Ok((done, commit, layout))
    }
}

fn touched(batch: &TelemetryBatch) -> Changed {
    Changed {
        samples: !(batch.samples.is_empty() && batch.histograms.is_empty() && batch.exemplars.is_empty()),
        logs: !batch.logs.is_empty(),
        spans: !batch.spans.is_empty(),
        ..Changed::default()
    }
}

/// A panic inside the database's bindings fails the one job and not the thread.
fn guarded<T>(attempt: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(attempt))
        .unwrap_or_else(|_| Err(StoreError::Database("the database library failed unexpectedly".to_owned())))
}
