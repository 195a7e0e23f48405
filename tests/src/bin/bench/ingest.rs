//! Records per second through the OTLP/gRPC port. Only acknowledged records count, and the engine
//! must store all of them.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use model::RecordCounts;
use test_support::{
    engine_process::EngineProcess,
    otlp_load::{OtlpConnection, Signal},
};
use tonic::Code;

use crate::{
    batches::{Batches, metric_clock},
    folder::bytes_in,
    percentile::milliseconds,
    process::{Memory, ProcessorTime},
    table::{self, grouped},
};

/// Names of all loads.
pub(crate) const ALL: [&str; 4] = ["spans-250", "spans-8192", "logs", "metrics"];
/// Concurrent connections. Each sends one batch after another.
const CONNECTIONS: u64 = 8;
const WARM_UP: Duration = Duration::from_secs(2);
const LENGTH: Duration = Duration::from_secs(10);

struct Load {
    title: &'static str,
    batch: usize,
    target: &'static str,
    make: fn(usize, u64, std::sync::Arc<std::sync::atomic::AtomicU64>) -> Batches,
}

fn load(name: &str) -> Result<Load> {
    Ok(match name {
        "spans-250" => Load {
            title: "spans, batches of 250",
            batch: 250,
            target: ">= 104,000/s, <= 150 B",
            make: |size, seed, _| Batches::spans(size, seed),
        },
        "spans-8192" => Load {
            title: "spans, batches of 8,192",
            batch: 8_192,
            target: ">= 104,000/s, <= 150 B",
            make: |size, seed, _| Batches::spans(size, seed),
        },
        "logs" => Load {
            title: "log records, batches of 1,000",
            batch: 1_000,
            target: ">= 150,000/s",
            make: |size, seed, _| Batches::logs(size, seed),
        },
        "metrics" => Load {
            title: "samples of 1,000 series, batches of 5,000",
            batch: 5_000,
            target: "",
            make: |size, _, clock| Batches::metrics(size, clock),
        },
        other => bail!("there is no load {other:?}, only {}", ALL.join(", ")),
    })
}

/// Runs the named loads one after another, each on a new engine, and prints a table.
pub(crate) async fn run(names: &[&str]) -> Result<()> {
    let mut rows = Vec::new();
    for name in names {
        let load = load(name)?;
        println!("{} ...", load.title);
        rows.push(measure(&load).await?);
    }
    println!();
    let header = [
        "load",
        "records/s",
        "batches/s",
        "ack p50 ms",
        "ack p99 ms",
        "retries requested",
        "engine cores",
        "resident MiB (max)",
        "B/record on disk",
        "target",
    ];
    table::print(&header, &rows);
    println!("\n{CONNECTIONS} connections for {} s, the sender on the same cores", LENGTH.as_secs());
    Ok(())
}

async fn measure(load: &Load) -> Result<Vec<String>> {
    let mut engine = EngineProcess::start().await?;
    let address = engine.listener("otlp_grpc").await?;
    let clock = metric_clock();
    let begun = Instant::now();
    let mut senders = Vec::new();
    for seed in 0..CONNECTIONS {
        let connection = OtlpConnection::open(address).await?;
        let batches = (load.make)(load.batch, seed << 32, clock.clone());
        senders.push(tokio::spawn(send(connection, batches, begun)));
    }
    tokio::time::sleep_until((begun + WARM_UP).into()).await;
    let process = engine.process_id()?;
    let before = ProcessorTime::of(process)?;
    tokio::time::sleep_until((begun + WARM_UP + LENGTH).into()).await;
    let cores = ProcessorTime::of(process)?.cores_since(before);
    let mut sent = Sent::default();
    for sender in senders {
        sent.add(sender.await??);
    }
    let memory = Memory::of(process)?;
    let acknowledged = sent.acknowledged * load.batch as u64;
    let signal = (load.make)(load.batch, 0, clock).signal();
    let status = engine
        .wait_for_status("everything acknowledged is counted", |status| {
            of_signal(status.committed, signal) >= acknowledged
        })
        .await?;
    let stored = of_signal(status.committed, signal);
    let ended = engine.stop().await?;
    ensure!(ended.success(), "the engine ended with {ended}");
    let bytes = bytes_in(&engine.data())?;
    sent.latencies.sort_unstable();
    let seconds = LENGTH.as_secs_f64();
    let batches = sent.latencies.len() as f64 / seconds;
    Ok(vec![
        load.title.to_owned(),
        grouped(batches * load.batch as f64),
        grouped(batches),
        milliseconds(&sent.latencies, 0.5),
        milliseconds(&sent.latencies, 0.99),
        sent.retries_requested.to_string(),
        format!("{cores:.2}"),
        format!("{:.0} ({:.0})", memory.resident, memory.max),
        format!("{:.1}", bytes as f64 / stored as f64),
        load.target.to_owned(),
    ])
}

/// Results of a sender.
#[derive(Debug, Default)]
struct Sent {
    /// Batches acknowledged since the beginning.
    acknowledged: u64,
    /// Latencies of the acknowledgements during the measurement.
    latencies: Vec<Duration>,
    /// Answers that requested a retry.
    retries_requested: u64,
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.latencies.extend(other.latencies);
        self.retries_requested += other.retries_requested;
    }
}

async fn send(mut connection: OtlpConnection, mut batches: Batches, begun: Instant) -> Result<Sent> {
    let mut sent = Sent::default();
    let end = begun + WARM_UP + LENGTH;
    while Instant::now() < end {
        let request: bytes::Bytes = batches.next().into();
        let started = Instant::now();
        loop {
            match connection.send(batches.signal(), request.clone()).await {
                Ok(rejected) => {
                    ensure!(rejected == 0, "{rejected} records were rejected");
                    break;
                }
                Err(status) if status.code() == Code::Unavailable => {
                    sent.retries_requested += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(status) => bail!("refused: {status}"),
            }
        }
        sent.acknowledged += 1;
        let now = Instant::now();
        if begun + WARM_UP <= now && now < end {
            sent.latencies.push(now - started);
        }
    }
    Ok(sent)
}

fn of_signal(counts: RecordCounts, signal: Signal) -> u64 {
    match signal {
        Signal::Metrics => counts.samples,
        Signal::Logs => counts.logs,
        Signal::Spans => counts.spans,
    }
}
