//! Numbered records: senders note what was acknowledged, and a check compares it with what an
//! engine stores.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use model::{TimeRange, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::{
    engine_process::EngineProcess,
    otlp_load::{self, NUMBERED_MARK, NUMBERED_METRIC, OtlpConnection, Signal},
    remote_write::{self, WRITTEN_METRIC, WriteConnection},
};

/// Pause between two batches of a sender that retries. What it sends in minutes can be exported on
/// the small disk of a test.
const BATCH_PAUSE: Duration = Duration::from_millis(100);
/// Pause before a rejected batch is sent again, shorter than the one the engine requests.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// Time that is exported beyond now: numbers are written as milliseconds after a start time.
const MAX_AHEAD: i64 = 20 * 3600 * 1_000_000_000;

/// A receiver of an engine that takes numbered records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Receiver {
    /// OTLP over gRPC.
    Otlp(Signal),
    /// Prometheus remote write.
    RemoteWrite,
}

impl Receiver {
    /// Every receiver that acknowledges what it stores.
    pub const ALL: [Self; 4] =
        [Self::Otlp(Signal::Metrics), Self::Otlp(Signal::Logs), Self::Otlp(Signal::Spans), Self::RemoteWrite];

    /// Connects to this receiver of an engine.
    pub async fn connect(self, engine: &EngineProcess) -> Result<Connection> {
        Ok(match self {
            Self::Otlp(signal) => {
                Connection::Otlp(signal, OtlpConnection::open(engine.listener("otlp_grpc").await?).await?)
            }
            Self::RemoteWrite => {
                Connection::RemoteWrite(WriteConnection::new(engine.listener("remote_write").await?))
            }
        })
    }
}

/// A connection that numbered records are sent through.
#[derive(Debug)]
pub enum Connection {
    /// OTLP over gRPC.
    Otlp(Signal, OtlpConnection),
    /// Prometheus remote write.
    RemoteWrite(WriteConnection),
}

impl Connection {
    /// Returns the receiver it is connected to.
    pub fn receiver(&self) -> Receiver {
        match self {
            Self::Otlp(signal, _) => Receiver::Otlp(*signal),
            Self::RemoteWrite(_) => Receiver::RemoteWrite,
        }
    }

    /// Sends records. Success means that the engine acknowledged them.
    pub async fn send(&mut self, numbers: Range<u64>) -> Result<(), Rejection> {
        match self {
            Self::Otlp(signal, connection) => {
                let Err(status) = connection.send(*signal, signal.numbered(numbers)).await else {
                    return Ok(());
                };
                let retryable = matches!(
                    status.code(),
                    Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled
                );
                Err(Rejection { retryable, message: format!("{status:?}") })
            }
            Self::RemoteWrite(connection) => {
                let answer = connection.send(remote_write::numbered(numbers)).await;
                let answer =
                    answer.map_err(|error| Rejection { retryable: true, message: error.to_string() })?;
                let status = answer.status();
                if status.is_success() {
                    return Ok(());
                }
                let message = format!("{status} {}", answer.text().await.unwrap_or_default());
                Err(Rejection { retryable: remote_write::is_retryable(status), message })
            }
        }
    }
}

/// A failure to get records acknowledged.
#[derive(Debug)]
pub struct Rejection {
    /// True if the protocol has the sender send them again.
    pub retryable: bool,
    /// The answer or the error.
    pub message: String,
}

/// A batch as its sender knows it.
#[derive(Debug)]
pub struct Batch {
    /// The receiver it was sent to.
    pub receiver: Receiver,
    /// The numbers of its records.
    pub numbers: Range<u64>,
    /// True if the engine acknowledged it.
    pub acknowledged: bool,
    /// Number of times it was sent.
    pub attempts: usize,
}

impl Batch {
    /// Returns the number of records.
    pub fn length(&self) -> u64 {
        self.numbers.end - self.numbers.start
    }
}

/// A source of numbers, each handed out once.
#[derive(Debug, Clone, Default)]
pub struct Numbers(Arc<AtomicU64>);

impl Numbers {
    /// Takes the next `count` numbers.
    pub fn take(&self, count: u64) -> Range<u64> {
        let start = self.0.fetch_add(count, Ordering::Relaxed);
        start..start + count
    }

    /// Returns how many numbers were handed out.
    pub fn taken(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sends batches one after another until one is not acknowledged, and returns all of them.
///
/// `next` returns the pause before each batch and its size.
pub async fn send_until_failure(
    mut connection: Connection,
    numbers: Numbers,
    mut next: impl FnMut() -> (Duration, u64),
) -> Vec<Batch> {
    let mut sent = Vec::new();
    loop {
        let (pause, size) = next();
        tokio::time::sleep(pause).await;
        let numbers = numbers.take(size);
        let acknowledged = connection.send(numbers.clone()).await.is_ok();
        sent.push(Batch { receiver: connection.receiver(), numbers, acknowledged, attempts: 1 });
        if !acknowledged {
            return sent;
        }
    }
}

/// Sends batches of `size` one after another until `stop`, and returns them.
///
/// Each is sent again until it is acknowledged, as exporters do. The last one may be abandoned.
pub async fn send_with_retries(
    mut connection: Connection,
    numbers: Numbers,
    size: u64,
    stop: CancellationToken,
) -> Result<Vec<Batch>> {
    let mut sent = Vec::new();
    while !stop.is_cancelled() {
        let numbers = numbers.take(size);
        let mut batch = Batch { receiver: connection.receiver(), numbers, acknowledged: false, attempts: 0 };
        loop {
            batch.attempts += 1;
            match connection.send(batch.numbers.clone()).await {
                Ok(()) => batch.acknowledged = true,
                Err(rejection) => {
                    ensure!(rejection.retryable, "a sender would drop this: {}", rejection.message)
                }
            }
            let is_stopped = || tokio::time::timeout(RETRY_PAUSE, stop.cancelled());
            if batch.acknowledged || is_stopped().await.is_ok() {
                break;
            }
        }
        sent.push(batch);
        // A sender that is stopped meanwhile ends at once.
        let _ = tokio::time::timeout(BATCH_PAUSE, stop.cancelled()).await;
    }
    Ok(sent)
}

/// Compares the stored records with what the senders know. `step` names the check in errors.
///
/// 1. Every acknowledged batch is stored.
/// 2. Every batch is stored whole or not at all.
/// 3. No batch is stored more often than it was sent.
/// 4. No record is stored that was not sent.
pub async fn check(engine: &EngineProcess, batches: &[Batch], step: &str) -> Result<()> {
    let stored = stored(engine).await?;
    for receiver in Receiver::ALL {
        let nothing = HashMap::new();
        let found = stored.get(&receiver).unwrap_or(&nothing);
        let mut expected = 0;
        for batch in batches.iter().filter(|batch| batch.receiver == receiver) {
            let count = |number| found.get(&number).copied().unwrap_or_default();
            let first = count(batch.numbers.start);
            let context = || format!("{step}, {batch:?}: found {first} times");
            ensure!(
                batch.numbers.clone().all(|number| count(number) == first),
                "{}, but not whole",
                context()
            );
            ensure!(first <= batch.attempts, "{}", context());
            ensure!(first >= usize::from(batch.acknowledged), "{}", context());
            expected += usize::from(first > 0) * batch.length() as usize;
        }
        ensure!(found.len() == expected, "{step}: {receiver:?} has records that were not sent");
    }
    Ok(())
}

/// Counts how often each number is stored, by receiver.
async fn stored(engine: &EngineProcess) -> Result<HashMap<Receiver, HashMap<u64, usize>>> {
    let mut found: HashMap<Receiver, HashMap<u64, usize>> = HashMap::new();
    for (receiver, number) in
        values(engine, &[(NUMBERED_METRIC, Receiver::ALL[0]), (WRITTEN_METRIC, Receiver::RemoteWrite)])
            .await?
    {
        *found.entry(receiver).or_default().entry(number as u64).or_default() += 1;
    }
    for signal in [Signal::Logs, Signal::Spans] {
        let of_signal = found.entry(Receiver::Otlp(signal)).or_default();
        for line in export(engine, signal).await?.lines() {
            if let Some((_, rest)) = line.split_once(NUMBERED_MARK) {
                let number = rest.split(';').next().context("no number")?.parse()?;
                *of_signal.entry(number).or_default() += 1;
            }
        }
    }
    Ok(found)
}

/// Returns every stored value of the named metrics, each with the tag of its metric.
pub async fn values<T: Copy>(engine: &EngineProcess, metrics: &[(&str, T)]) -> Result<Vec<(T, f64)>> {
    let text = export(engine, Signal::Metrics).await?;
    let mut found = Vec::new();
    for line in text.lines() {
        // time, metric, kind, unit, service, value
        let mut fields = line.split(',').skip(1);
        let named = fields.next().and_then(|name| metrics.iter().find(|(metric, _)| *metric == name));
        if let Some((_, tag)) = named {
            found.push((*tag, fields.nth(3).context("no value")?.parse()?));
        }
    }
    Ok(found)
}

/// Exports a signal as CSV: the last hour, and the time ahead that numbers may reach.
async fn export(engine: &EngineProcess, signal: Signal) -> Result<String> {
    let now = otlp_load::now() as i64;
    let range = TimeRange::new(Timestamp(now - 3_600_000_000_000), Timestamp(now + MAX_AHEAD));
    let name = match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Spans => "spans",
    };
    let request = json!({ "signal": name, "range": range, "format": "csv" });
    Ok(String::from_utf8(engine.download("export", json!({ "request": request })).await?)?)
}
