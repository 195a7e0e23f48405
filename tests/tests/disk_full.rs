//! The disk with the data folder fills up while senders send, and empties again. Needs the right to mount a file
//! system; where there is none the tests are listed as ignored.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use model::{AlertSeverity, EngineStatus, HealthState};
use reqwest::StatusCode;
use serde_json::json;
use test_support::{
    engine_process::{EngineProcess, PATIENCE, SETTINGS},
    numbered::{self, Batch, Numbers, Way, send_patiently},
    otlp_load::{OtlpConnection, Signal},
    small_disk::SmallDisk,
    written::{self, WriteConnection},
};
use tonic::Code;
use tonic_types::StatusExt as _;

const DISK_MEGABYTES: u32 = 400;

fn main() {
    let arguments = Arguments::from_args();
    let obstacle = SmallDisk::obstacle();
    if let Some(obstacle) = &obstacle {
        eprintln!("the tests of a full disk are ignored: {obstacle}");
    }
    let trial = |name: &str, test: fn() -> Result<()>| {
        Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:#}"))))
            .with_ignored_flag(obstacle.is_some())
    };
    let trials = vec![
        trial("intake_stops_at_the_reserve_and_goes_on_by_itself", || run(reserve())),
        trial("statsd_waits_for_room_within_bounds", || run(statsd())),
        trial("a_database_that_failed_for_want_of_room_opens_again", || run(failed_checkpoint())),
        trial("a_disk_without_a_byte_left_loses_nothing_acknowledged", || run(to_the_last_byte())),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn run(test: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(test)
}

/// An engine whose data lie on a small disk.
async fn engine(reserve_megabytes: u32) -> Result<(EngineProcess, SmallDisk)> {
    engine_with(SETTINGS, reserve_megabytes).await
}

async fn engine_with(settings: &str, reserve_megabytes: u32) -> Result<(EngineProcess, SmallDisk)> {
    let mut engine = EngineProcess::prepare(settings)?;
    let disk = SmallDisk::mount(&engine.data(), DISK_MEGABYTES)?;
    let settings = format!("{settings}\n[storage]\nreserve_megabytes = {reserve_megabytes}\n");
    fs::write(engine.settings_file(), settings)?;
    engine.start_again().await?;
    Ok((engine, disk))
}

fn is_told(status: &EngineStatus) -> bool {
    status.diagnostics.iter().any(|notice| notice.id == "disk" && notice.severity == AlertSeverity::Critical)
}

/// Senders of every signal that never give up.
struct Senders {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Result<Vec<Batch>>>>,
}

impl Senders {
    async fn start(engine: &EngineProcess, numbers: &Numbers) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for way in Way::ALL {
            let connection = way.connect(engine).await?;
            tasks.push(tokio::spawn(send_patiently(connection, numbers.clone(), 500, stop.clone())));
        }
        Ok(Self { stop, tasks })
    }

    async fn end(self) -> Result<Vec<Batch>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut batches = Vec::new();
        for task in self.tasks {
            batches.extend(task.await??);
        }
        Ok(batches)
    }
}

async fn reserve() -> Result<()> {
    let (engine, disk) = engine(60).await?;
    let grpc = engine.listener("otlp_grpc").await?;
    let http = engine.listener("otlp_http").await?;
    let numbers = Numbers::default();
    disk.leave_free(75)?;
    let senders = Senders::start(&engine, &numbers).await?;
    engine.wait_for_status("the notice is there", is_told).await?;
    // A checkpoint gives room back, with which intake would go on: too little of it from here.
    disk.leave_free(40)?;
    let mut before = engine.status().await?.committed;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = engine.status().await?.committed;
        if (now.logs, now.spans) == (before.logs, before.spans) {
            break;
        }
        before = now;
    }
    engine.wait_for_status("the notice is there still", is_told).await?;

    let mut connection = OtlpConnection::open(grpc).await?;
    let refused = connection.send(Signal::Logs, Signal::Logs.numbered(0..0)).await;
    ensure!(refused.is_ok(), "nothing to keep needs no room: {refused:?}");
    let refused = connection.send(Signal::Logs, Signal::Logs.numbered(u64::MAX - 1..u64::MAX)).await;
    let status = refused.err().context("taken in without room")?;
    ensure!(status.code() == Code::Unavailable, "{status:?}");
    let details = status.get_error_details();
    ensure!(details.retry_info().is_some_and(|info| info.retry_delay > Some(Duration::ZERO)), "{status:?}");
    let answer = tls::http_client()
        .post(format!("http://{http}/v1/logs"))
        .header("content-type", "application/x-protobuf")
        .body(Signal::Logs.numbered(u64::MAX - 1..u64::MAX))
        .send()
        .await?;
    ensure!(answer.status() == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let retry: u64 = answer.headers().get("retry-after").context("no Retry-After")?.to_str()?.parse()?;
    ensure!(retry >= 1, "{retry}");

    told_by_remote_write(&engine).await?;

    // What happened is still recorded, and questions are answered.
    let check = json!({
        "id": "", "name": "in need", "enabled": false, "kind": { "type": "tcp", "host": "127.0.0.1", "port": 1 },
        "interval_seconds": 30, "timeout_seconds": 1, "retries": 0, "retry_interval_seconds": 1,
        "degraded_above_ms": null, "service": null,
    });
    let saved: serde_json::Value =
        engine.call("save_check", json!({ "check": check, "secret": null })).await?;
    let _: serde_json::Value = engine.call("run_check", json!({ "id": saved["id"] })).await?;
    let after = engine.status().await?.committed;
    ensure!(after.logs == before.logs && after.spans == before.spans, "{before:?} became {after:?}");

    disk.make_room()?;
    engine.wait_for_status("the notice is gone", |status| !is_told(status)).await?;
    engine
        .wait_for_status("intake goes on", |status| {
            status.committed.logs > after.logs && status.committed.spans > after.spans
        })
        .await?;
    numbered::check(&engine, &senders.end().await?, "with room again").await
}

/// Remote write says when to come again, and a request that is told so is no error of ours.
async fn told_by_remote_write(engine: &EngineProcess) -> Result<()> {
    let errors = || engine.log().lines().filter(|line| line.contains("ERROR")).count();
    let before = errors();
    let connection = WriteConnection::new(engine.listener("remote_write").await?);
    let answer = connection.send(written::numbered(50_000_000..50_000_001)).await?;
    ensure!(answer.status() == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let retry: u64 = answer.headers().get("retry-after").context("no Retry-After")?.to_str()?.parse()?;
    ensure!(retry >= 1, "{retry}");
    let words = answer.text().await?;
    ensure!(words.contains("the disk is nearly full"), "{words}");
    ensure!(errors() == before, "{}", engine.log());
    Ok(())
}

/// What StatsD sends waits for room; what is more than can wait is lost, counted and told.
async fn statsd() -> Result<()> {
    const INTERVALS_FULL: u32 = 22;
    let settings = format!("{SETTINGS}\n[statsd]\ninterval_seconds = 1\n");
    let (engine, disk) = engine_with(&settings, 60).await?;
    let listener = engine.listener("statsd").await?;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    let stored = async || {
        let values = numbered::values(&engine, &[("shop.orders", ())]).await?;
        anyhow::Ok(values.iter().map(|(_, value)| *value as u64).sum::<u64>())
    };
    let told = |status: &EngineStatus| {
        let way = status.listeners.iter().find(|listener| listener.protocol == "statsd");
        way.map(|way| way.message.clone()).unwrap_or_default()
    };
    disk.leave_free(40)?;
    engine.wait_for_status("the notice is there", is_told).await?;
    let (mut sent, mut lost) = (0, String::new());
    for _ in 0..INTERVALS_FULL * 10 {
        sent += socket.send_to(b"shop.orders:1|c", listener).await.map(|_| 1)?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = told(&engine.status().await?);
        if now.contains("were lost") {
            lost = now;
        }
    }
    ensure!(lost.contains("1 aggregated values were lost: the disk is nearly full"), "{lost:?}");
    disk.make_room()?;
    engine.wait_for_status("the notice is gone", |status| !is_told(status)).await?;
    let begun = Instant::now();
    while stored().await? < 100_000 {
        ensure!(begun.elapsed() < PATIENCE, "what waited was not stored");
        // One that comes before the next attempt is lost as well.
        socket.send_to(b"shop.orders:100000|c", listener).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let kept = stored().await? % 100_000;
    // Twelve wait and one is being tried, of about ten each.
    ensure!((60..sent).contains(&kept), "{kept} of {sent}");
    engine.wait_for_status("all is well again", |status| told(status).is_empty()).await?;
    Ok(())
}

/// The log cannot be moved into the database file, which makes the database refuse everything.
async fn failed_checkpoint() -> Result<()> {
    let (mut engine, disk) = engine(0).await?;
    let log = engine.data().join("binnacle.duckdb.wal");
    let failures =
        |engine: &EngineProcess| engine.log().matches("the database failed and is opened again").count();
    let numbers = Numbers::default();
    let mut batches = Vec::new();
    for round in 0..3 {
        let senders = Senders::start(&engine, &numbers).await?;
        let begun = Instant::now();
        while fs::metadata(&log).map_or(0, |log| log.len()) < 4 << 20 {
            ensure!(begun.elapsed() < PATIENCE, "round {round}: the log does not grow");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let before = failures(&engine);
        disk.leave_free(0)?;
        let outcome = engine.call::<serde_json::Value>("checkpoint_data", json!({})).await;
        // Later ones may do with the room that is free within the file.
        ensure!(round > 0 || outcome.is_err(), "a checkpoint without room succeeded");
        tokio::time::sleep(Duration::from_secs(3)).await;
        if outcome.is_err() {
            ensure!(failures(&engine) > before, "round {round}: the database did not fail: {outcome:?}");
        }
        disk.make_room()?;
        let taken = |status: &EngineStatus| status.committed.logs + status.committed.spans;
        let then = taken(&engine.status().await?);
        engine
            .wait_for_status("intake goes on", |status| taken(status) > then)
            .await
            .with_context(|| format!("round {round}, the engine's log: {}", engine.log()))?;
        batches.extend(senders.end().await?);
        numbered::check(&engine, &batches, &format!("round {round}, open again")).await?;
        for name in ["seal_data", "merge_data", "checkpoint_data"] {
            let _: serde_json::Value = engine.call(name, json!({})).await?;
        }
        numbered::check(&engine, &batches, &format!("round {round}, in order again")).await?;
        engine.kill()?;
        engine.start_again().await?;
        numbered::check(&engine, &batches, &format!("round {round}, after a kill")).await?;
    }
    let again = batches.iter().filter(|batch| batch.attempts > 1).count();
    println!("{} batches, {again} had to be sent again", batches.len());
    ensure!(again > 0, "the failed database was not felt");
    Ok(())
}

async fn to_the_last_byte() -> Result<()> {
    // No reserve: the disk is filled to the brim by somebody else in the middle of commits.
    let (mut engine, disk) = engine(0).await?;
    let numbers = Numbers::default();
    let mut batches = Vec::new();
    for round in 0..4 {
        let senders = Senders::start(&engine, &numbers).await?;
        let taken = |status: &EngineStatus| status.committed.logs + status.committed.spans;
        let before = taken(&engine.status().await?);
        engine.wait_for_status("data come in", |status| taken(status) > before).await?;
        disk.leave_free(0)?;
        // Until nothing more is acknowledged, and a while of that.
        let mut last = (taken(&engine.status().await?), Instant::now());
        let begun = Instant::now();
        while last.1.elapsed() < Duration::from_secs(4) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = taken(&engine.status().await?);
            if now != last.0 {
                last = (now, Instant::now());
            }
            ensure!(begun.elapsed() < PATIENCE, "round {round}: the disk is full and data still come in");
        }
        disk.make_room()?;
        engine
            .wait_for_status("intake goes on", |status| taken(status) > last.0)
            .await
            .with_context(|| format!("round {round}, the engine's log: {}", engine.log()))?;
        batches.extend(senders.end().await?);
        numbered::check(&engine, &batches, &format!("round {round}, with room again")).await?;
        if round % 2 == 1 {
            engine.kill()?;
            engine.start_again().await?;
            numbered::check(&engine, &batches, &format!("round {round}, after a kill")).await?;
        }
    }
    let acknowledged: u64 = batches.iter().filter(|batch| batch.acknowledged).map(Batch::length).sum();
    let again = batches.iter().filter(|batch| batch.attempts > 1).count();
    println!("{acknowledged} records acknowledged and found, {again} batches had to be sent again");
    ensure!(again > 0, "the full disk was not felt");
    let status = engine.status().await?;
    let ill = status.components.iter().find(|part| part.state == HealthState::Unhealthy);
    ensure!(ill.is_none(), "{ill:?}");
    Ok(())
}
