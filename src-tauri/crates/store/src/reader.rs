//! Reading connections: each read has a deadline and ends when nobody waits for it any more.

use std::{
    cell::OnceCell,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use duckdb::{Connection, InterruptHandle, Row, arrow::array::RecordBatch, params_from_iter};
use tokio::sync::Semaphore;

use crate::{
    StoreError,
    dictionary::Dictionary,
    layout::{Layout, Layouts},
    sql::Parameter,
};

/// Reads that run at the same time.
const CONCURRENT: usize = 4;

/// Reading connections, and how many more reads may run.
#[derive(Debug)]
pub(crate) struct Readers {
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
    deadline: Duration,
    layouts: Arc<Layouts>,
}

/// Connections that are not in use. The lock of the folder comes last, so that it is let go after them.
#[derive(Debug)]
struct Pool {
    idle: Mutex<Vec<Connection>>,
    template: Mutex<Option<Connection>>,
    _lock: Arc<File>,
}

impl Pool {
    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let template = self.template.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(template.as_ref().ok_or(StoreError::Closed)?.try_clone()?)
    }
}

impl Readers {
    /// `template` is cloned for every reader and not used otherwise.
    pub(crate) fn new(
        template: Connection,
        layouts: Arc<Layouts>,
        lock: Arc<File>,
        deadline: Duration,
    ) -> Self {
        Self {
            pool: Arc::new(Pool {
                idle: Mutex::default(),
                template: Mutex::new(Some(template)),
                _lock: lock,
            }),
            permits: Arc::new(Semaphore::new(CONCURRENT)),
            deadline,
            layouts,
        }
    }

    /// Lets go of all connections; reads fail from now on.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.pool.template.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Waits until no read runs, but not forever, and lets none begin.
    pub(crate) async fn quiet(&self, deadline: Duration) {
        let all = self.permits.acquire_many(CONCURRENT as u32);
        // Closed already is quiet enough.
        if let Ok(Ok(all)) = tokio::time::timeout(deadline, all).await {
            all.forget();
        }
    }

    /// Runs `work` on a thread for blocking work. Dropping the future cancels the read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        dictionary: Arc<Dictionary>,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let deadline = deadline.unwrap_or(self.deadline);
        let reading = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
            let connection = self.pool.take()?;
            let running = Arc::new(Running {
                handle: connection.interrupt_handle(),
                cancelled: Arc::default(),
                finished: Mutex::new(false),
            });
            let guard = CancelOnDrop(Arc::clone(&running));
            let pool = Arc::clone(&self.pool);
            let permits = Arc::clone(&self.permits);
            let layouts = Arc::clone(&self.layouts);
            let task = tokio::task::spawn_blocking(move || {
                let reader = Reader {
                    connection,
                    dictionary,
                    running: Arc::clone(&running),
                    layouts,
                    seen: OnceCell::new(),
                };
                let outcome = catch_unwind(AssertUnwindSafe(|| reader.run(work)));
                *running.finished.lock().unwrap_or_else(PoisonError::into_inner) = true;
                let outcome = outcome.unwrap_or_else(|_| {
                    Err(StoreError::Database("the database library failed unexpectedly".to_owned()))
                });
                // After a failure the connection is dropped: it may have to be opened anew.
                if outcome.is_ok() && !permits.is_closed() {
                    pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader.connection);
                } else {
                    drop(reader);
                }
                drop(permit);
                outcome
            });
            let outcome = task.await.map_err(|error| StoreError::Database(error.to_string()))?;
            drop(guard);
            outcome
        };
        tokio::time::timeout(deadline, reading).await.unwrap_or(Err(StoreError::Deadline { deadline }))
    }
}

struct Running {
    handle: Arc<InterruptHandle>,
    cancelled: Arc<AtomicBool>,
    finished: Mutex<bool>,
}

impl Running {
    /// Interrupts the read; false once it is over, so that an interrupt never hits a later read.
    fn interrupt(&self) -> bool {
        let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if !*finished {
            self.handle.interrupt();
        }
        !*finished
    }
}

struct CancelOnDrop(Arc<Running>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Release);
        if !self.0.interrupt() {
            return;
        }
        // An interrupt between two statements is forgotten by the database, so it is repeated.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let running = Arc::clone(&self.0);
            runtime.spawn(async move {
                while running.interrupt() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    }
}

/// What a read works with.
pub(crate) struct Reader {
    connection: Connection,
    pub(crate) dictionary: Arc<Dictionary>,
    running: Arc<Running>,
    layouts: Arc<Layouts>,
    /// The layout of the transaction that is open, if one is.
    seen: OnceCell<Arc<Layout>>,
}

impl Reader {
    /// A reader without a deadline, for the store's own work, which ends soon after it is told to stop.
    pub(crate) fn own(
        connection: Connection,
        dictionary: Arc<Dictionary>,
        layouts: Arc<Layouts>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let running =
            Running { handle: connection.interrupt_handle(), cancelled: stop, finished: Mutex::new(false) };
        Self { connection, dictionary, running: Arc::new(running), layouts, seen: OnceCell::new() }
    }

    /// Runs work and ends its transaction.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let outcome = work(self);
        if self.seen.get().is_some() {
            let ended = self.connection.execute_batch("COMMIT");
            if outcome.is_ok() {
                ended?;
            }
        }
        outcome
    }

    /// The heads and partitions this read sees, from now to its end: it sees neither points twice nor a file that
    /// goes away under it, whatever is sealed meanwhile.
    pub(crate) fn layout(&self) -> Result<&Layout, StoreError> {
        if let Some(seen) = self.seen.get() {
            return Ok(seen);
        }
        loop {
            self.check()?;
            let layout = self.layouts.current();
            self.connection.execute_batch("BEGIN TRANSACTION")?;
            let generation: u64 =
                self.connection.query_row("SELECT generation FROM layout", [], |row| row.get(0))?;
            if generation == layout.generation {
                return Ok(self.seen.get_or_init(|| layout));
            }
            // A change is committed and about to be told, or was just made.
            self.connection.execute_batch("ROLLBACK")?;
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Fails once nobody waits for the answer any more.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.running.cancelled.load(Ordering::Acquire) {
            return Err(StoreError::Database("the read was cancelled".to_owned()));
        }
        Ok(())
    }

    /// Every row of a statement, turned into something.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        parameters: &[Parameter],
        mut turn: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.check()?;
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(params_from_iter(parameters.iter().map(Parameter::as_sql)))?;
        let mut turned = Vec::new();
        while let Some(row) = rows.next()? {
            turned.push(turn(row)?);
            if turned.len() % 4096 == 0 {
                self.check()?;
            }
        }
        Ok(turned)
    }

    /// The first row of a statement, turned into something.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        parameters: &[Parameter],
        turn: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, parameters, turn)?.into_iter().next())
    }

    /// The columns of a statement, in batches.
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

    /// Runs a statement that answers nothing of interest; the number of rows it touched.
    pub(crate) fn execute(&self, sql: &str, parameters: &[Parameter]) -> Result<u64, StoreError> {
        self.check()?;
        let parameters = params_from_iter(parameters.iter().map(Parameter::as_sql));
        Ok(self.connection.execute(sql, parameters)? as u64)
    }
}
