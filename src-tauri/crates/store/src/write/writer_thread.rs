//! The writer thread: it commits queued work in groups.

use std::{
    fs::{self, File},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use duckdb::Connection;
use model::TelemetryBatch;
use parking_lot::{Mutex, MutexGuard};
use runtime::Clock;
use tokio::sync::broadcast;

use super::{
    append::Appending,
    cardinality::CardinalityLimiter,
    checkpointer::Checkpointer,
    job::{Done, Job, Work, WriterStatistics},
    presence::Presence,
};
use crate::{
    Changed, Commit, StoreError,
    catalog::series_catalog::SeriesCatalog,
    integrity::folder_state::StateKeeper,
    segment::manifest::{Manifest, SharedManifest},
    traces::identity::SpanIdentities,
};

/// The longest wait of a group for more work.
const GROUP_WAIT: Duration = Duration::from_millis(3);
/// A group waits until it has this fraction (1/n) of the jobs of the previous group. The senders of
/// the others prepare their next batch during the commit. With thirty senders on two cores, a
/// quarter is faster than all, half or no wait.
const GROUP_FRACTION: usize = 4;
/// A group of this many records does not wait.
const LARGE_GROUP: usize = 50_000;
/// After this time without work, a large log is checkpointed.
const IDLE: Duration = Duration::from_secs(1);
/// A log of this many bytes is large. It is held in memory too.
pub(super) const LARGE_LOG: u64 = 8 << 20;

/// The state of the writer thread.
pub(super) struct WriterThread {
    pub(super) connection: Connection,
    pub(super) catalog: Arc<SeriesCatalog>,
    pub(super) limiter: Arc<Mutex<CardinalityLimiter>>,
    pub(super) commits: broadcast::Sender<Commit>,
    pub(super) clock: Clock,
    pub(super) statistics: Arc<WriterStatistics>,
    pub(super) next_log_id: i64,
    pub(super) span_identities: SpanIdentities,
    pub(super) manifest: Arc<SharedManifest>,
    pub(super) folder: PathBuf,
    /// The database's write-ahead log.
    pub(super) log: PathBuf,
    pub(super) presence: Arc<Presence>,
    pub(super) keeper: Arc<StateKeeper>,
    /// The time at which the state of the folder was written last.
    pub(super) state_written: Option<Instant>,
    /// None once it has ended.
    pub(super) checkpointer: Option<Checkpointer>,
    /// The last field: the folder is released after the connection.
    pub(super) _lock: Arc<File>,
}

impl WriterThread {
    /// Commits queued work until a `Close` or until every sender is gone.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut postponed = None;
        // Senders that wait for an answer send again soon after it.
        let mut previous_group = 1;
        self.write_state();
        loop {
            let Some(first) = postponed.take().or_else(|| self.next_job(jobs)) else { break };
            if first.work.runs_alone() {
                if !self.run_alone(first) {
                    break;
                }
                continue;
            }
            // Later work must see the new head, and series that were removed.
            if matches!(first.work, Work::Manifest { .. }) {
                self.write(vec![first]);
                continue;
            }
            let mut size = first.size;
            let began = self.clock.instant();
            // The least patient job of a group ends its wait.
            let mut due = began + first.work.patience();
            let mut group = vec![first];
            while size < LARGE_GROUP {
                let is_small = group.len() * GROUP_FRACTION < previous_group;
                let until = if is_small { due.max(began + GROUP_WAIT) } else { due };
                match jobs.recv_timeout(until.saturating_duration_since(self.clock.instant())) {
                    Ok(job) if matches!(job.work, Work::Manifest { .. }) || job.work.runs_alone() => {
                        postponed = Some(job);
                        break;
                    }
                    Ok(job) => {
                        size = size.saturating_add(job.size);
                        due = due.min(self.clock.instant() + job.work.patience());
                        group.push(job);
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            previous_group = group.len();
            self.write(group);
        }
        // It joins its thread.
        self.checkpointer.take();
        if let Err(error) = self.checkpoint() {
            tracing::debug!(%error, "checkpoint at close failed, the next start replays the log");
        }
        self.write_state();
    }

    /// Waits for work. After an idle time it checkpoints a large log. Under load that would delay
    /// all work and compress the newest rows repeatedly.
    fn next_job(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        match jobs.recv_timeout(IDLE) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if fs::metadata(&self.log).is_ok_and(|metadata| metadata.len() >= LARGE_LOG)
            && let Some(checkpointer) = &mut self.checkpointer
        {
            checkpointer.request(self.clock.instant());
        }
        self.write_state();
        jobs.recv().ok()
    }

    /// Runs a job outside of groups. Returns false for the end.
    fn run_alone(&self, job: Job) -> bool {
        self.statistics.queued.fetch_sub(job.size, Ordering::AcqRel);
        let (outcome, goes_on) = match &job.work {
            Work::Checkpoint => (guarded(|| self.checkpoint().map(|()| 0)), true),
            Work::ReleaseCache { memory_limit } => {
                (guarded(|| self.release_cache(*memory_limit).map(|()| 0)), true)
            }
            _ => (guarded(|| self.last_checkpoint().map(|()| 0)), false),
        };
        let _ = job.reply.send(outcome.map(Done::from));
        goes_on
    }

    /// Commits a group. If that fails, it commits each job alone, so that a bad job harms no other.
    fn write(&mut self, group: Vec<Job>) {
        self.write_group(group);
        self.checkpoint_if_due();
        self.write_state_if_due();
    }

    fn write_group(&mut self, group: Vec<Job>) {
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
                tracing::warn!(%error, jobs = group.len(), "group commit failed, committing each job alone");
                for job in group {
                    let alone = [job];
                    let outcome = self.commit(&alone).map(|mut done| done.pop().unwrap_or_default());
                    let [job] = alone;
                    self.answer(job, outcome);
                }
            }
        }
    }

    /// Frees the space in the queue, then sends the outcome, so that its receiver finds the space.
    fn answer(&self, job: Job, outcome: Result<Done, StoreError>) {
        self.statistics.queued.fetch_sub(job.size, Ordering::AcqRel);
        // The receiver may have been dropped.
        let _ = job.reply.send(outcome);
    }

    fn commit(&mut self, group: &[Job]) -> Result<Vec<Done>, StoreError> {
        let began = self.clock.instant();
        let first_log_id = self.next_log_id;
        self.presence.check()?;
        let attempt = guarded(|| self.try_commit(group));
        let (done, commit, manifest) = match attempt {
            Ok(done) => {
                self.span_identities.settle();
                done
            }
            Err(error) => {
                self.next_log_id = first_log_id;
                // There is nothing to roll back if beginning or committing failed.
                let _ = self.connection.execute_batch("ROLLBACK");
                self.limiter().roll_back();
                self.span_identities.roll_back();
                return Err(error);
            }
        };
        if let Some(manifest) = manifest {
            self.manifest.replace(manifest);
        }
        if group.iter().any(|job| matches!(job.work, Work::Manifest { removes_series: true, .. })) {
            self.catalog.remove_deleted(&self.connection)?;
            self.catalog.recount(&mut self.limiter());
        }
        let took = u64::try_from((self.clock.instant() - began).as_nanos()).unwrap_or(u64::MAX);
        let mean = self.statistics.commit_duration.load(Ordering::Relaxed);
        let mean = if mean == 0 { took } else { mean - mean / 16 + took / 16 };
        self.statistics.commit_duration.store(mean, Ordering::Relaxed);
        self.statistics.commits.fetch_add(1, Ordering::Relaxed);
        // It is no failure to have no subscriber.
        let _ = self.commits.send(commit);
        // What was committed to deleted files is lost, and must not be acknowledged.
        self.presence.check()?;
        Ok(done)
    }

    fn limiter(&self) -> MutexGuard<'_, CardinalityLimiter> {
        self.limiter.lock()
    }

    fn try_commit(&mut self, group: &[Job]) -> Result<(Vec<Done>, Commit, Option<Manifest>), StoreError> {
        self.connection.execute_batch("BEGIN TRANSACTION")?;
        let mut commit = Commit::default();
        let mut done: Vec<Done> = Vec::with_capacity(group.len());
        let mut incoming = Vec::new();
        let before = self.manifest.current();
        let mut manifest = None;
        for job in group {
            match &job.work {
                Work::Telemetry { incoming: (batch, source), .. } => {
                    done.push(Done::from(batch.len() as u64));
                    let now = (self.clock.now().0, self.clock.instant());
                    let batch = self.span_identities.without_repeated(batch, &self.connection, now)?;
                    commit.changed = commit.changed.union(touched(&batch));
                    commit.telemetry.push(Arc::clone(&batch));
                    incoming.push((batch, Arc::clone(source)));
                }
                Work::History { change, changed } => {
                    commit.changed = commit.changed.union(*changed);
                    done.push(change(&self.connection)?.into());
                }
                Work::Manifest { change, changed, .. } => {
                    commit.changed = commit.changed.union(*changed);
                    done.push(change(&self.connection)?.into());
                    self.connection.execute_batch("UPDATE manifest SET generation = generation + 1")?;
                    manifest = Some(Manifest::load(&self.connection, &self.manifest.folder, &before)?);
                }
                Work::Checkpoint | Work::ReleaseCache { .. } | Work::Close => done.push(Done::default()),
            }
        }
        let head = before.heads.last().copied().unwrap_or_default();
        let mut appending = Appending::new(&self.connection, &self.catalog, &self.limiter, head);
        let dropped = appending.append(&incoming, &mut self.next_log_id)?;
        let new = appending.new;
        self.connection.execute_batch("COMMIT")?;
        if !(new.series.is_empty() && new.resources.is_empty()) {
            self.limiter().settle();
        }
        self.catalog.extend(new.resources, new.series.into_values());
        let telemetry =
            group.iter().zip(&mut done).filter(|(job, _)| matches!(job.work, Work::Telemetry { .. }));
        for ((_, done), dropped) in telemetry.zip(dropped) {
            done.dropped = dropped;
        }
        Ok((done, commit, manifest))
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

/// Converts a panic in the database's bindings into a failure of the job.
fn guarded<T>(attempt: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(attempt))
        .unwrap_or_else(|_| Err(StoreError::Database("the database library failed unexpectedly".to_owned())))
}
