//! The disk of the data folder fills up while senders send, and empties again.
//!
//! Needs permission to mount a file system. Without it the tests are listed as ignored.

mod checkpoint_stages;
mod steps;

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use model::{AlertSeverity, EngineStatus, HealthState};
use reqwest::StatusCode;
use runtime::Clock;
use serde_json::json;
use test_support::{
    engine_process::{self, EngineProcess, SETTINGS},
    numbered::{self, Batch, Numbers, Receiver, send_with_retries},
    otlp_load::{OtlpConnection, Signal},
    remote_write::{self, WriteConnection},
    small_disk::SmallDisk,
    wait::{wait_for, wait_until},
};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_types::StatusExt as _;

const DISK_MEGABYTES: u32 = 400;
/// Time without a commit after which intake counts as stopped by a failed checkpoint.
const FULL_PERIOD: Duration = Duration::from_secs(3);

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
        trial("intake_stops_at_the_reserve_and_resumes_by_itself", || run(reserve())),
        trial("statsd_waits_for_space_within_bounds", || run(statsd())),
        trial("intake_resumes_after_a_checkpoint_without_space", || run(failed_checkpoint())),
        trial("a_full_disk_can_be_started_read_verified_and_repaired", || run(without_a_free_byte())),
        trial("a_full_disk_at_any_step_of_sealing_loses_nothing", || run(steps::sealing())),
        trial("a_full_disk_at_each_stage_of_a_checkpoint_loses_nothing", || run(checkpoint_stages::all())),
        trial("an_export_never_takes_the_reserve", || run(steps::export())),
        trial("reads_go_on_while_checkpoints_find_a_full_disk", || run(steps::checkpoints())),
        trial("a_disk_without_free_bytes_loses_nothing_acknowledged", || run(to_the_last_byte())),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn run(test: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(test)
}

/// Starts an engine whose data are on a small disk.
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

fn reports_full_disk(status: &EngineStatus) -> bool {
    status
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.id == "disk" && diagnostic.severity == AlertSeverity::Critical)
}

/// Senders of every signal that retry forever.
struct Senders {
    stop: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<Result<Vec<Batch>>>>,
}

impl Senders {
    async fn start(engine: &EngineProcess, numbers: &Numbers) -> Result<Self> {
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        for receiver in Receiver::ALL {
            let connection = receiver.connect(engine).await?;
            tasks.push(tokio::spawn(send_with_retries(connection, numbers.clone(), 500, stop.clone())));
        }
        Ok(Self { stop, tasks })
    }

    async fn end(self) -> Result<Vec<Batch>> {
        self.stop.cancel();
        let mut batches = Vec::new();
        for task in self.tasks {
            batches.extend(task.await??);
        }
        Ok(batches)
    }
}

/// Waits until no log record and no span has been committed for `period`, and returns the status.
async fn wait_until_quiet(engine: &EngineProcess, period: Duration) -> Result<EngineStatus> {
    let clock = Clock::system();
    let mut last = (engine.status().await?, clock.instant());
    wait_until("intake stops", async || {
        let now = engine.status().await?;
        let unchanged =
            (now.committed.logs, now.committed.spans) == (last.0.committed.logs, last.0.committed.spans);
        if !unchanged {
            last = (now, clock.instant());
        }
        Ok(clock.instant() - last.1 >= period)
    })
    .await?;
    Ok(last.0)
}

async fn reserve() -> Result<()> {
    let (engine, disk) = engine(60).await?;
    let grpc = engine.listener("otlp_grpc").await?;
    let http = engine.listener("otlp_http").await?;
    let numbers = Numbers::default();
    disk.leave_free(75)?;
    let senders = Senders::start(&engine, &numbers).await?;
    engine.wait_for_status("the full disk is reported", reports_full_disk).await?;
    // A checkpoint frees space when it ends. Leave too little for intake to resume.
    disk.leave_free(40)?;
    let before = loop {
        let status = wait_until_quiet(&engine, FULL_PERIOD).await?;
        if disk.leave_free(40)? == 0 {
            break status.committed;
        }
    };
    engine.wait_for_status("the full disk is still reported", reports_full_disk).await?;

    let mut connection = OtlpConnection::open(grpc).await?;
    let refused = connection.send(Signal::Logs, Signal::Logs.numbered(0..0)).await;
    ensure!(refused.is_ok(), "an empty request needs no space: {refused:?}");
    let refused = connection.send(Signal::Logs, Signal::Logs.numbered(u64::MAX - 1..u64::MAX)).await;
    let status = refused.err().context("accepted without free space")?;
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

    check_remote_write_rejection(&engine).await?;

    // Check results are still recorded, and queries are answered.
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

    disk.free_space()?;
    engine
        .wait_for_status("the full disk is no longer reported", |status| !reports_full_disk(status))
        .await?;
    engine
        .wait_for_status("intake resumes", |status| {
            status.committed.logs > after.logs && status.committed.spans > after.spans
        })
        .await?;
    numbered::check(&engine, &senders.end().await?, "with free space again").await
}

/// Checks that remote write answers with a retry time, without an error in the log.
async fn check_remote_write_rejection(engine: &EngineProcess) -> Result<()> {
    let errors = || engine.log().lines().filter(|line| line.contains("ERROR")).count();
    let before = errors();
    let connection = WriteConnection::new(engine.listener("remote_write").await?);
    let answer = connection.send(remote_write::numbered(50_000_000..50_000_001)).await?;
    ensure!(answer.status() == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let retry: u64 = answer.headers().get("retry-after").context("no Retry-After")?.to_str()?.parse()?;
    ensure!(retry >= 1, "{retry}");
    let message = answer.text().await?;
    ensure!(message.contains("the disk is nearly full"), "{message}");
    ensure!(errors() == before, "{}", engine.log());
    Ok(())
}

/// Checks that StatsD values wait for space, and that values over the bound are lost and reported.
async fn statsd() -> Result<()> {
    let settings = format!("{SETTINGS}\n[statsd]\ninterval_seconds = 1\n");
    let (engine, disk) = engine_with(&settings, 60).await?;
    let listener = engine.listener("statsd").await?;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    let stored = async || {
        let values = numbered::values(&engine, &[("shop.orders", ())]).await?;
        anyhow::Ok(values.iter().map(|(_, value)| *value as u64).sum::<u64>())
    };
    let message = |status: &EngineStatus| {
        let listener = status.listeners.iter().find(|listener| listener.protocol == "statsd");
        listener.map(|listener| listener.message.clone()).unwrap_or_default()
    };
    disk.leave_free(40)?;
    engine.wait_for_status("the full disk is reported", reports_full_disk).await?;
    let mut sent = 0;
    let lost = wait_for("a value is lost", async || {
        sent += socket.send_to(b"shop.orders:1|c", listener).await.map(|_| 1)?;
        Ok(Some(message(&engine.status().await?)).filter(|message| message.contains("were lost")))
    })
    .await?;
    ensure!(lost.contains("1 aggregated values were lost: the disk is nearly full"), "{lost:?}");
    disk.free_space()?;
    engine
        .wait_for_status("the full disk is no longer reported", |status| !reports_full_disk(status))
        .await?;
    wait_until("the waiting values are stored", async || {
        // A value that arrives before the next attempt is lost as well.
        socket.send_to(b"shop.orders:100000|c", listener).await?;
        Ok(stored().await? >= 100_000)
    })
    .await?;
    let waited = stored().await? % 100_000;
    // Twelve intervals wait and one is being written, with many values each.
    ensure!((60..sent).contains(&waited), "{waited} of {sent}");
    engine.wait_for_status("the listener has no message", |status| message(status).is_empty()).await?;
    Ok(())
}

/// Checks that intake resumes after a checkpoint without space, and nothing is lost.
async fn failed_checkpoint() -> Result<()> {
    let (mut engine, disk) = engine(0).await?;
    let log = engine.data().join("binnacle.duckdb.wal");
    let numbers = Numbers::default();
    let mut batches = Vec::new();
    for round in 0..3 {
        let senders = Senders::start(&engine, &numbers).await?;
        wait_until(&format!("round {round}: the log grows"), async || {
            Ok(fs::metadata(&log).map_or(0, |log| log.len()) >= 4 << 20)
        })
        .await?;
        disk.leave_free(0)?;
        // It succeeds only with the space that a checkpoint before it reserved.
        let _ = engine.call::<serde_json::Value>("checkpoint_data", json!({})).await;
        wait_until_quiet(&engine, FULL_PERIOD).await?;
        disk.free_space()?;
        let committed = |status: &EngineStatus| status.committed.logs + status.committed.spans;
        let then = committed(&engine.status().await?);
        engine
            .wait_for_status("intake resumes", |status| committed(status) > then)
            .await
            .with_context(|| format!("round {round}, the engine's log: {}", engine.log()))?;
        batches.extend(senders.end().await?);
        numbered::check(&engine, &batches, &format!("round {round}, open again")).await?;
        for name in ["seal_data", "compact_data", "checkpoint_data"] {
            let _: serde_json::Value = engine.call(name, json!({})).await?;
        }
        numbered::check(&engine, &batches, &format!("round {round}, after maintenance")).await?;
        engine.kill()?;
        engine.start_again().await?;
        numbered::check(&engine, &batches, &format!("round {round}, after a kill")).await?;
    }
    let again = batches.iter().filter(|batch| batch.attempts > 1).count();
    println!("{} batches, {again} sent more than once", batches.len());
    ensure!(again > 0, "the full disk had no effect");
    Ok(())
}

/// Starts, reads, verifies and repairs on a disk that another program filled to the last byte,
/// after a kill and after a stop.
async fn without_a_free_byte() -> Result<()> {
    let (mut engine, disk) = engine(0).await?;
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await?).await?;
    for signal in [Signal::Logs, Signal::Spans, Signal::Metrics] {
        connection.send(signal, signal.numbered(0..2000)).await?;
    }
    let run = |engine: &EngineProcess, arguments: &[&str]| -> Result<String> {
        let output = engine_process::command(&engine.data(), arguments)?.output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        ensure!(output.status.success(), "{arguments:?}: {text}");
        Ok(text)
    };
    for is_killed in [true, false] {
        if is_killed {
            engine.kill()?;
        } else {
            engine.stop().await?;
        }
        disk.leave_free(0)?;
        ensure!(run(&engine, &["data", "show"])?.contains("numbered"), "nothing is shown");
        ensure!(run(&engine, &["data", "verify"])?.contains(", 0 damaged"), "verify");
        ensure!(run(&engine, &["data", "repair"])?.contains(", 0 damaged"), "repair");
        engine.start_again().await.with_context(|| engine.log())?;
        let read: serde_json::Value = engine.call("data", json!({})).await?;
        ensure!(read["database_bytes"].as_u64() > Some(0), "{read}");
        let export = json!({ "request": { "signal": "logs", "range": { "start": 0, "end": 4_000_000_000_000_000_000_i64 }, "format": "csv" } });
        let error = engine.download("export", export).await.err().context("an export needs space")?;
        let text = format!("{error:#}");
        ensure!(text.contains("\"busy\"") && text.contains("the disk of the data folder is full"), "{text}");
        disk.free_space()?;
    }
    connection = OtlpConnection::open(engine.listener("otlp_grpc").await?).await?;
    connection.send(Signal::Logs, Signal::Logs.numbered(5000..5100)).await?;
    Ok(())
}

async fn to_the_last_byte() -> Result<()> {
    // No reserve: the disk becomes full in the middle of commits.
    let (mut engine, disk) = engine(0).await?;
    let numbers = Numbers::default();
    let mut batches = Vec::new();
    for round in 0..4 {
        let senders = Senders::start(&engine, &numbers).await?;
        let committed = |status: &EngineStatus| status.committed.logs + status.committed.spans;
        let before = committed(&engine.status().await?);
        engine.wait_for_status("data arrive", |status| committed(status) > before).await?;
        disk.leave_free(0)?;
        let full = committed(&wait_until_quiet(&engine, Duration::from_secs(4)).await?);
        disk.free_space()?;
        engine
            .wait_for_status("intake resumes", |status| committed(status) > full)
            .await
            .with_context(|| format!("round {round}, the engine's log: {}", engine.log()))?;
        batches.extend(senders.end().await?);
        numbered::check(&engine, &batches, &format!("round {round}, with free space again")).await?;
        if round % 2 == 1 {
            engine.kill()?;
            engine.start_again().await?;
            numbered::check(&engine, &batches, &format!("round {round}, after a kill")).await?;
        }
    }
    let acknowledged: u64 = batches.iter().filter(|batch| batch.acknowledged).map(Batch::length).sum();
    let again = batches.iter().filter(|batch| batch.attempts > 1).count();
    println!("{acknowledged} records acknowledged and stored, {again} batches sent more than once");
    ensure!(again > 0, "the full disk had no effect");
    let status = engine.status().await?;
    let unhealthy = status.components.iter().find(|component| component.state == HealthState::Unhealthy);
    ensure!(unhealthy.is_none(), "{unhealthy:?}");
    Ok(())
}
