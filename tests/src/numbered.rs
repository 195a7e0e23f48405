//! Numbered records, sent by senders that know what was acknowledged, and held against what an engine keeps.

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use model::{TimeRange, Timestamp};
use serde_json::json;

use crate::{
    engine_process::EngineProcess,
    otlp_load::{self, NUMBERED_MARK, NUMBERED_METRIC, OtlpConnection, Signal},
};

/// Longest pause before a refused batch is sent again; shorter than what exporters are asked for.
const PAUSE: Duration = Duration::from_millis(200);

/// What one sender knows of a batch it sent.
#[derive(Debug)]
pub struct Batch {
    /// What kind of records.
    pub signal: Signal,
    /// Their numbers.
    pub numbers: Range<u64>,
    /// Whether the engine said that it keeps them.
    pub acknowledged: bool,
    /// How often it was sent.
    pub attempts: usize,
}

impl Batch {
    /// How many records.
    pub fn length(&self) -> u64 {
        self.numbers.end - self.numbers.start
    }
}

/// Gives out numbers, each once.
#[derive(Debug, Clone, Default)]
pub struct Numbers(Arc<AtomicU64>);

impl Numbers {
    /// The next so many.
    pub fn take(&self, count: u64) -> Range<u64> {
        let start = self.0.fetch_add(count, Ordering::Relaxed);
        start..start + count
    }
}

/// Sends batches whose sizes `sizes` gives, one after another, until one is not acknowledged: the last one.
pub async fn send_until_the_end(
    address: SocketAddr,
    signal: Signal,
    numbers: Numbers,
    mut sizes: impl FnMut() -> u64,
) -> Vec<Batch> {
    let mut sent = Vec::new();
    let Ok(mut connection) = OtlpConnection::open(address).await else { return sent };
    loop {
        let numbers = numbers.take(sizes());
        let acknowledged = connection.send(signal, signal.numbered(numbers.clone())).await.is_ok();
        sent.push(Batch { signal, numbers, acknowledged, attempts: 1 });
        if !acknowledged {
            return sent;
        }
    }
}

/// Sends batches of `size` one after another until `stop`, each again until it is acknowledged, as exporters do.
/// The last one may be given up.
pub async fn send_patiently(
    address: SocketAddr,
    signal: Signal,
    numbers: Numbers,
    size: u64,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Batch>> {
    let mut sent = Vec::new();
    let mut connection = OtlpConnection::open(address).await?;
    while !stop.load(Ordering::Relaxed) {
        let numbers = numbers.take(size);
        let mut batch = Batch { signal, numbers, acknowledged: false, attempts: 0 };
        loop {
            batch.attempts += 1;
            let request = signal.numbered(batch.numbers.clone());
            match connection.send(signal, request).await {
                Ok(_) => batch.acknowledged = true,
                Err(status) => {
                    let asked_again = matches!(
                        status.code(),
                        tonic::Code::Unavailable
                            | tonic::Code::ResourceExhausted
                            | tonic::Code::DeadlineExceeded
                            | tonic::Code::Cancelled
                    );
                    ensure!(asked_again, "an exporter would drop this: {status:?}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            if batch.acknowledged || stop.load(Ordering::Relaxed) {
                break;
            }
        }
        sent.push(batch);
    }
    Ok(sent)
}

/// Holds what the engine has against what the senders know: everything acknowledged is there, every batch is whole
/// or not there, no batch is there more often than it was sent, and there is nothing that nobody sent.
pub async fn check(engine: &EngineProcess, batches: &[Batch], moment: &str) -> Result<()> {
    for signal in Signal::ALL {
        let found = stored(engine, signal).await?;
        let mut expected = 0;
        for batch in batches.iter().filter(|batch| batch.signal == signal) {
            let count = |number| found.get(&number).copied().unwrap_or_default();
            let first = count(batch.numbers.start);
            let context = format!("{moment}, {batch:?}: found {first} times");
            ensure!(batch.numbers.clone().all(|number| count(number) == first), "{context}, but not whole");
            ensure!(first <= batch.attempts, "{context}");
            ensure!(first >= usize::from(batch.acknowledged), "{context}");
            expected += usize::from(first > 0) * batch.length() as usize;
        }
        ensure!(found.len() == expected, "{moment}: {signal:?} that nobody sent");
    }
    Ok(())
}

/// How often each number of the last hour is stored.
async fn stored(engine: &EngineProcess, signal: Signal) -> Result<HashMap<u64, usize>> {
    let range = TimeRange::last(3600, Timestamp(otlp_load::now() as i64 + 1_000_000_000));
    let name = match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Spans => "spans",
    };
    let request = json!({ "signal": name, "range": range, "format": "csv" });
    let text = String::from_utf8(engine.download("export", json!({ "request": request })).await?)?;
    let mut found = HashMap::new();
    for line in text.lines() {
        let number = match signal {
            // time, metric, kind, unit, service, value
            Signal::Metrics => match line.split(',').nth(1) {
                Some(NUMBERED_METRIC) => {
                    let value: f64 = line.split(',').nth(5).context("no value")?.parse()?;
                    Some(value as u64)
                }
                _ => None,
            },
            Signal::Logs | Signal::Spans => match line.split_once(NUMBERED_MARK) {
                Some((_, rest)) => Some(rest.split(';').next().context("no number")?.parse()?),
                None => None,
            },
        };
        if let Some(number) = number {
            *found.entry(number).or_default() += 1;
        }
    }
    Ok(found)
}
