//! `kill -9` while telemetry pours in, again and again on the same data folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use model::{TimeRange, Timestamp};
use rand::Rng;
use serde_json::json;
use tests::{
    engine_process::EngineProcess,
    otlp_load::{self, NUMBERED_MARK, NUMBERED_METRIC, OtlpConnection, Signal},
};

const KILLS: usize = 20;
const SENDERS_PER_SIGNAL: usize = 2;

/// What one sender knows of a batch it sent.
#[derive(Debug)]
struct Batch {
    signal: Signal,
    numbers: Range<u64>,
    acknowledged: bool,
    attempts: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_survives_twenty_kills() {
    let mut engine = EngineProcess::start().await.unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let mut batches: Vec<Batch> = Vec::new();
    for round in 0..KILLS {
        let address = engine.listener("otlp_grpc").await.unwrap();
        let senders: Vec<_> = (0..SENDERS_PER_SIGNAL)
            .flat_map(|_| Signal::ALL)
            .map(|signal| tokio::spawn(send_until_the_end(address, signal, next.clone())))
            .collect();
        if round % 2 == 1 {
            send_again(address, &mut batches).await;
        }
        let moment = rand::rng().random_range(50..900);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        engine.kill().unwrap();
        let before = batches.len();
        for sender in senders {
            batches.extend(sender.await.unwrap());
        }
        assert!(
            batches[before..].iter().any(|batch| !batch.acknowledged),
            "round {round}: the kill after {moment} ms interrupted nothing"
        );

        engine.start_again().await.unwrap();
        check(&engine, &batches, round).await;
    }
    let acknowledged: u64 = batches.iter().filter(|batch| batch.acknowledged).map(length).sum();
    let unknown: u64 = batches.iter().filter(|batch| !batch.acknowledged).map(length).sum();
    println!("{acknowledged} records acknowledged and found, {unknown} cut off");
    for signal in Signal::ALL {
        let of_signal = |batch: &&Batch| batch.signal == signal && batch.acknowledged;
        assert!(batches.iter().filter(of_signal).count() >= KILLS, "too few {signal:?} to tell anything");
    }
}

fn length(batch: &Batch) -> u64 {
    batch.numbers.end - batch.numbers.start
}

/// Sends batches of changing size one after another; the last one is the one that the kill cut off.
async fn send_until_the_end(address: SocketAddr, signal: Signal, next: Arc<AtomicU64>) -> Vec<Batch> {
    let mut sent = Vec::new();
    let Ok(mut connection) = OtlpConnection::open(address).await else { return sent };
    loop {
        let size = rand::rng().random_range(1..400);
        let start = next.fetch_add(size, Ordering::Relaxed);
        let numbers = start..start + size;
        let request = signal.numbered(numbers.clone());
        let acknowledged = connection.send(signal, request).await.is_ok();
        sent.push(Batch { signal, numbers, acknowledged, attempts: 1 });
        if !acknowledged {
            return sent;
        }
    }
}

/// Sends some batches again whose fate is unknown, as exporters do.
async fn send_again(address: SocketAddr, batches: &mut [Batch]) {
    let mut connection = OtlpConnection::open(address).await.unwrap();
    let unknown = batches.iter_mut().filter(|batch| !batch.acknowledged && batch.attempts == 1);
    for batch in unknown.take(Signal::ALL.len()) {
        batch.attempts += 1;
        batch.acknowledged =
            connection.send(batch.signal, batch.signal.numbered(batch.numbers.clone())).await.is_ok();
    }
}

/// Holds what the engine has against what the senders know.
async fn check(engine: &EngineProcess, batches: &[Batch], round: usize) {
    for signal in Signal::ALL {
        let found = numbers(engine, signal).await;
        let mut expected = 0;
        for batch in batches.iter().filter(|batch| batch.signal == signal) {
            let count = |number| found.get(&number).copied().unwrap_or_default();
            let first = count(batch.numbers.start);
            let context = format!("round {round}, {batch:?}: found {first} times");
            assert!(batch.numbers.clone().all(|number| count(number) == first), "{context}, but not whole");
            assert!(first <= batch.attempts, "{context}");
            assert!(first >= usize::from(batch.acknowledged), "{context}");
            expected += usize::from(first > 0) * length(batch) as usize;
        }
        assert_eq!(found.len(), expected, "round {round}: {signal:?} that nobody sent");
    }
}

/// How often each number is stored.
async fn numbers(engine: &EngineProcess, signal: Signal) -> HashMap<u64, usize> {
    let range = TimeRange::last(3600, Timestamp(otlp_load::now() as i64));
    let name = match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Spans => "spans",
    };
    let request = json!({ "signal": name, "range": range, "format": "csv" });
    let file = engine.download("export", json!({ "request": request })).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    let mut found = HashMap::new();
    for line in text.lines() {
        let number = match signal {
            // time, metric, kind, unit, service, value
            Signal::Metrics => line.split(',').nth(1).filter(|metric| *metric == NUMBERED_METRIC).map(|_| {
                let value: f64 = line.split(',').nth(5).unwrap().parse().unwrap();
                value as u64
            }),
            Signal::Logs | Signal::Spans => line.split_once(NUMBERED_MARK).map(|(_, rest)| {
                let (number, _) = rest.split_once(';').unwrap();
                number.parse().unwrap()
            }),
        };
        if let Some(number) = number {
            *found.entry(number).or_default() += 1;
        }
    }
    found
}
