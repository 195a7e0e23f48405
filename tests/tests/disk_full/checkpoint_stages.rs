//! Another program fills the disk at each stage of a checkpoint, as its files show it. Commits go
//! on meanwhile.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result, ensure};
use model::{Attributes, Filter, LogRecord, Resource, TelemetryBatch, TimeRange};
use store::{Store, StoreError};
use test_support::{small_disk::SmallDisk, wait::wait_for};

use crate::steps::{START, logs, options};

const DATABASE: &str = "binnacle.duckdb";
const LOG: &str = "binnacle.duckdb.wal";
const SECOND_LOG: &str = "binnacle.duckdb.wal.checkpoint";
/// Free space in megabytes. A log of a quarter of it is checkpointed.
const FREE_MEGABYTES: u64 = 48;
/// Batches until a checkpoint must have run.
const MAX_BATCHES: i64 = 120;
/// Batches after the disk was filled.
const MORE_BATCHES: i64 = 8;
/// Records of a batch.
const RECORDS: u64 = 1500;
/// Runs in which a stage must be reached. One can pass before it is seen.
const MAX_RUNS: u32 = 10;

/// A stage of a checkpoint.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Space for it is reserved.
    Reserved,
    /// Commits go to a second log.
    SecondLog,
    /// A part of the new state is in the database, which does not belong to it yet.
    Draft,
    /// The second log took the place of the first.
    Switch,
}

/// The files before a checkpoint.
struct Files {
    database_bytes: u64,
    log: u64,
}

impl Files {
    fn of(folder: &Path) -> Result<Self> {
        Ok(Self {
            database_bytes: fs::metadata(folder.join(DATABASE))?.len(),
            log: fs::metadata(folder.join(LOG))?.ino(),
        })
    }
}

impl Stage {
    const ALL: [Self; 4] = [Self::Reserved, Self::SecondLog, Self::Draft, Self::Switch];

    fn is_reached(self, folder: &Path, before: &Files) -> bool {
        let metadata = |name: &str| fs::metadata(folder.join(name)).ok();
        let database = metadata(DATABASE);
        let has = |is: fn(&Metadata, &Files) -> bool| database.as_ref().is_some_and(|file| is(file, before));
        match self {
            Self::Reserved => has(|file, _| file.blocks() * 512 > file.len() + (1 << 20)),
            Self::SecondLog => metadata(SECOND_LOG).is_some(),
            Self::Draft => {
                metadata(SECOND_LOG).is_some() && has(|file, before| file.len() > before.database_bytes)
            }
            Self::Switch => metadata(LOG).is_some_and(|log| log.ino() != before.log),
        }
    }
}

/// Returns a batch whose records have the number of the batch as their service.
fn batch(number: i64) -> TelemetryBatch {
    let service = Attributes::new().with("service.name", format!("batch-{number}"));
    let resource = Arc::new(Resource { attributes: service });
    let TelemetryBatch { logs, .. } = logs(0, number);
    let record = |record: LogRecord| LogRecord { resource: Arc::clone(&resource), ..record };
    TelemetryBatch { logs: logs.into_iter().map(record).collect(), ..TelemetryBatch::default() }
}

/// Checks that the records of each acknowledged batch are stored, and no other batch in part.
async fn check(store: &Store, acknowledged: &[i64]) -> Result<()> {
    let range = TimeRange::new(START, START.offset(1_000_000_000));
    let found = store.logs().count_by_service(&Filter::everything(), range).await?;
    ensure!(found.iter().all(|(_, count)| *count == RECORDS), "batches in part: {found:?}");
    for number in acknowledged {
        let service = format!("batch-{number}");
        ensure!(found.iter().any(|(name, _)| *name == service), "{service} is not among {found:?}");
    }
    Ok(())
}

/// Fills the disk at a stage of a checkpoint. Returns false if the stage was not seen.
async fn fill_at(stage: Stage) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let disk = Arc::new(SmallDisk::mount(folder.path(), 160)?);
    let store = Store::open(folder.path(), options())?;
    store.write(batch(0)).await?;
    let mut acknowledged = vec![0];
    disk.leave_free(FREE_MEGABYTES)?;
    let (is_full, has_ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let watching = {
        let (folder, disk) = (folder.path().to_owned(), Arc::clone(&disk));
        let (is_full, has_ended) = (Arc::clone(&is_full), Arc::clone(&has_ended));
        let before = Files::of(&folder)?;
        std::thread::spawn(move || {
            while !stage.is_reached(&folder, &before) {
                if has_ended.load(Ordering::SeqCst) {
                    return anyhow::Ok(());
                }
                std::thread::yield_now();
            }
            disk.leave_free(0)?;
            is_full.store(true, Ordering::SeqCst);
            // What the checkpoint frees is taken as well.
            while !has_ended.load(Ordering::SeqCst) {
                disk.leave_free(0)?;
                std::thread::yield_now();
            }
            Ok(())
        })
    };
    let (mut number, mut left) = (0, MORE_BATCHES);
    while number < MAX_BATCHES && left > 0 {
        number += 1;
        left -= i64::from(is_full.load(Ordering::SeqCst));
        if store.write(batch(number)).await.is_ok() {
            acknowledged.push(number);
        }
    }
    check(&store, &acknowledged).await.context("reads on the full disk")?;
    has_ended.store(true, Ordering::SeqCst);
    watching.join().map_err(|_| anyhow::anyhow!("filling panicked"))??;
    disk.free_space()?;
    wait_for("writes go on", async || match store.write(batch(MAX_BATCHES + 1)).await {
        Ok(()) => Ok(Some(())),
        Err(StoreError::Busy { .. } | StoreError::Full { .. } | StoreError::Recovering { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    })
    .await?;
    acknowledged.push(MAX_BATCHES + 1);
    check(&store, &acknowledged).await.context("with space again")?;
    store.admin().checkpoint().await?;
    store.close().await?;
    let again = Store::open(folder.path(), options())?;
    check(&again, &acknowledged).await.context("after a start")?;
    again.close().await?;
    Ok(is_full.load(Ordering::SeqCst))
}

/// Fills the disk at every stage. Everything acknowledged is there on the full disk, with space
/// again, and after a start.
pub(crate) async fn all() -> Result<()> {
    for stage in Stage::ALL {
        let mut runs = 1;
        while !fill_at(stage).await.with_context(|| format!("{stage:?}"))? {
            ensure!(runs < MAX_RUNS, "{stage:?} was not seen in {runs} checkpoints");
            runs += 1;
        }
        println!("{stage:?}: filled in run {runs}");
    }
    Ok(())
}
