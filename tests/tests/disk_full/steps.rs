//! Another program fills the disk at each step of sealing, merging and checkpoints of a store.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use model::{
    Attributes, ExportFormat, ExportRequest, ExportSignal, LogRecord, NANOS_PER_SECOND, Resource, Series,
    Severity, TelemetryBatch, TimeRange, Timestamp,
};
use store::{Store, StoreError, StoreOptions};
use test_support::{small_disk::SmallDisk, wait::wait_until};

/// Sizes of the disk in megabytes.
const DISKS: [u32; 2] = [24, 96];
/// 2025-06-15 at noon.
pub(crate) const START: Timestamp = Timestamp(1_749_988_800 * NANOS_PER_SECOND);

pub(crate) fn options() -> StoreOptions {
    StoreOptions { reserve_bytes: 0, ..StoreOptions::default() }
}

fn resource() -> Arc<Resource> {
    Arc::new(Resource { attributes: Attributes::new().with("service.name", "shop") })
}

/// Returns 3,000 samples of a window.
fn samples(window: i64) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for n in 0..3000 {
        let series = Series::gauge("level", "", resource(), Attributes::new().with("n", n % 30));
        batch.add_sample(series, START.offset((window * 3600 + n / 30) * NANOS_PER_SECOND), n as f64 / 8.0);
    }
    batch
}

/// Fills the disk at every step of sealing and merging in turn. All samples are there once when
/// there is space again.
pub(crate) async fn sealing() -> Result<()> {
    for megabytes in DISKS {
        let (mut step, mut steps) = (0, 1);
        while step < steps {
            let folder = tempfile::tempdir()?;
            let disk = Arc::new(SmallDisk::mount(folder.path(), megabytes)?);
            let store = Store::open(folder.path(), options())?;
            store.write(samples(0)).await?;
            store.admin().seal_now().await?;
            store.write(samples(1)).await?;
            let seen = Arc::new(AtomicUsize::new(0));
            let (counted, filled) = (Arc::clone(&seen), Arc::clone(&disk));
            store.admin().watch_maintenance(move |_| {
                if counted.fetch_add(1, Ordering::SeqCst) == step {
                    // A failure to fill it shows in the count below.
                    let _ = filled.leave_free(0);
                }
            });
            // Without space either may fail.
            let sealed = store.admin().seal_now().await;
            let merged = store.admin().compact().await;
            store.admin().watch_maintenance(|_| ());
            if disk.free_space().is_ok() {
                steps = steps.max(seen.load(Ordering::SeqCst)).max(step + 2);
            } else {
                // There was no such step.
                steps = step;
            }
            let context = || format!("{megabytes} MB, step {step}: {sealed:?} {merged:?}");
            store.admin().seal_now().await.with_context(context)?;
            store.admin().compact().await.with_context(context)?;
            let count = store.admin().statistics().await?.samples;
            ensure!(count == 6000, "{count} samples, {}", context());
            store.close().await.with_context(context)?;
            let again = Store::open(folder.path(), options())?;
            let count = again.admin().statistics().await?.samples;
            ensure!(count == 6000, "{count} samples after a start, {}", context());
            again.close().await?;
            step += 1;
        }
        ensure!(steps > 5, "{steps} steps on {megabytes} MB");
        println!("{megabytes} MB: the disk was full at each of {steps} steps");
    }
    Ok(())
}

/// Exports more than the disk has beside its reserve. The export is stopped and leaves nothing.
pub(crate) async fn export() -> Result<()> {
    const RESERVE: u64 = 20 << 20;
    let folder = tempfile::tempdir()?;
    let disk = SmallDisk::mount(folder.path(), 120)?;
    let store = Store::open(folder.path(), StoreOptions { reserve_bytes: RESERVE, ..options() })?;
    for part in 0..16 {
        store.write(logs(0, part)).await?;
    }
    store.admin().checkpoint().await?;
    let range = TimeRange::new(START, START.offset(NANOS_PER_SECOND));
    let request = ExportRequest { signal: ExportSignal::Logs, range, format: ExportFormat::Csv };
    let file = store.admin().export(&request).await?;
    ensure!(file.rows == 24_000 && file.bytes > 8 << 20, "{file:?}");
    let megabytes = (RESERVE + file.bytes / 2) >> 20;
    drop(file);
    disk.leave_free(megabytes)?;
    let error = store.admin().export(&request).await.err().context("it took the reserve")?;
    ensure!(matches!(error, StoreError::ExportSpace { .. }), "{error}");
    wait_until("the partial file is gone", async || {
        Ok(fs::read_dir(folder.path().join("exports"))?.count() == 0)
    })
    .await?;
    disk.free_space()?;
    ensure!(store.admin().export(&request).await?.rows == 24_000, "with space again");
    Ok(store.close().await?)
}

/// Returns 1,500 log records of a part of a round.
pub(crate) fn logs(round: i64, part: i64) -> TelemetryBatch {
    let body = "no two lines are quite the same ".repeat(12);
    let record = |n: i64| LogRecord {
        time: START.offset(n),
        observed_time: START.offset(n),
        severity: Severity::INFO,
        severity_text: "INFO".to_owned(),
        body: format!("{round} {part} {n} {body}"),
        resource: resource(),
        scope: Arc::default(),
        attributes: Attributes::new(),
        trace_id: None,
        span_id: None,
        event_name: String::new(),
    };
    TelemetryBatch { logs: (0..1500).map(record).collect(), ..TelemetryBatch::default() }
}

/// Fills the disk at several times during a checkpoint. Reads go on, and nothing is lost.
pub(crate) async fn checkpoints() -> Result<()> {
    let (mut done, mut refused) = (0, 0);
    for delay in [0, 1, 3, 10, 30, 60, 100] {
        let folder = tempfile::tempdir()?;
        let disk = Arc::new(SmallDisk::mount(folder.path(), 120)?);
        let store = Store::open(folder.path(), options())?;
        let mut stored = 0;
        for round in 0..3 {
            for part in 0..8_i64 {
                store.write(logs(round, part)).await?;
                stored += 1500;
            }
            let ended = Arc::new(AtomicBool::new(false));
            let (filled, is_ended) = (Arc::clone(&disk), Arc::clone(&ended));
            let filling = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(delay));
                while !is_ended.load(Ordering::SeqCst) {
                    filled.leave_free(0)?;
                }
                anyhow::Ok(())
            });
            let writing = store.clone();
            let checkpoint = tokio::spawn(async move { writing.admin().checkpoint().await });
            while !checkpoint.is_finished() {
                let found = store.admin().statistics().await.context("a read failed")?.logs;
                ensure!(found == stored, "{found} of {stored} records are read");
            }
            match checkpoint.await? {
                Ok(()) => done += 1,
                Err(_) => refused += 1,
            }
            ended.store(true, Ordering::SeqCst);
            filling.join().map_err(|_| anyhow::anyhow!("filling panicked"))??;
            let range = TimeRange::new(START, START.offset(NANOS_PER_SECOND));
            store.snapshot(range).await.context("a snapshot failed on the full disk")?;
            // It was not filled if the checkpoint was faster.
            let _ = disk.free_space();
        }
        store.close().await?;
        let again = Store::open(folder.path(), options())?;
        let found = again.admin().statistics().await?.logs;
        ensure!(found == stored, "{found} of {stored} records after a start");
        again.close().await?;
    }
    println!("{done} checkpoints succeeded, {refused} were refused");
    ensure!(done > 0, "no checkpoint succeeded");
    Ok(())
}
