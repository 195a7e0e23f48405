//! Numbered records, sent by senders that know what was acknowledged, and held against what an engine keeps.

use std::{
    collections::HashMap,
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
use tonic::Code;

use crate::{
    engine_process::EngineProcess,
    otlp_load::{self, NUMBERED_MARK, NUMBERED_METRIC, OtlpConnection, Signal},
    written::{self, WRITTEN_METRIC, WriteConnection},
};

/// Longest pause before a refused batch is sent again; shorter than what exporters are asked for.
const PAUSE: Duration = Duration::from_millis(200);
/// Numbers may be told as milliseconds from half an hour ago on.
const LONGEST: i64 = 20 * 3600 * 1_000_000_000;

/// How numbered records get into an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// OTLP over gRPC.
    Otlp(Signal),
    /// Prometheus remote write.
    RemoteWrite,
}

impl Way {
    /// Every way that says what it keeps.
    pub const ALL: [Self; 4] =
        [Self::Otlp(Signal::Metrics), Self::Otlp(Signal::Logs), Self::Otlp(Signal::Spans), Self::RemoteWrite];

    /// Connects to an engine.
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
    /// The way it goes.
    pub fn way(&self) -> Way {
        match self {
            Self::Otlp(signal, _) => Way::Otlp(*signal),
            Self::RemoteWrite(_) => Way::RemoteWrite,
        }
    }

    /// Sends records. Success means that the engine acknowledged them.
    pub async fn send(&mut self, numbers: Range<u64>) -> Result<(), NotTaken> {
        match self {
            Self::Otlp(signal, connection) => {
                let Err(status) = connection.send(*signal, signal.numbered(numbers)).await else {
                    return Ok(());
                };
                let again = matches!(
                    status.code(),
                    Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled
                );
                Err(NotTaken { again, words: format!("{status:?}") })
            }
            Self::RemoteWrite(connection) => {
                let answer = connection.send(written::numbered(numbers)).await;
                let answer = answer.map_err(|error| NotTaken { again: true, words: error.to_string() })?;
                let status = answer.status();
                if status.is_success() {
                    return Ok(());
                }
                let words = format!("{status} {}", answer.text().await.unwrap_or_default());
                Err(NotTaken { again: written::is_repeated(status), words })
            }
        }
    }
}

/// Why records were not acknowledged.
#[derive(Debug)]
pub struct NotTaken {
    /// Whether a sender that keeps to the protocol sends them again.
    pub again: bool,
    /// What was answered.
    pub words: String,
}

/// What one sender knows of a batch it sent.
#[derive(Debug)]
pub struct Batch {
    /// How it was sent.
    pub way: Way,
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

/// Sends batches one after another until one is not acknowledged: the last one. `next` gives the pause before each and
/// its size.
pub async fn send_until_the_end(
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
        sent.push(Batch { way: connection.way(), numbers, acknowledged, attempts: 1 });
        if !acknowledged {
            return sent;
        }
    }
}

/// Sends batches of `size` one after another until `stop`, each again until it is acknowledged, as exporters do.
/// The last one may be given up.
pub async fn send_patiently(
    mut connection: Connection,
    numbers: Numbers,
    size: u64,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Batch>> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let numbers = numbers.take(size);
        let mut batch = Batch { way: connection.way(), numbers, acknowledged: false, attempts: 0 };
        loop {
            batch.attempts += 1;
            match connection.send(batch.numbers.clone()).await {
                Ok(()) => batch.acknowledged = true,
                Err(refused) => ensure!(refused.again, "a sender would drop this: {}", refused.words),
            }
            if batch.acknowledged || stop.load(Ordering::Relaxed) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        sent.push(batch);
    }
    Ok(sent)
}

/// Holds what the engine has against what the senders know: everything acknowledged is there, every batch is whole
/// or not there, no batch is there more often than it was sent, and there is nothing that nobody sent.
pub async fn check(engine: &EngineProcess, batches: &[Batch], moment: &str) -> Result<()> {
    let stored = stored(engine).await?;
    for way in Way::ALL {
        let nothing = HashMap::new();
        let found = stored.get(&way).unwrap_or(&nothing);
        let mut expected = 0;
        for batch in batches.iter().filter(|batch| batch.way == way) {
            let count = |number| found.get(&number).copied().unwrap_or_default();
            let first = count(batch.numbers.start);
            let context = || format!("{moment}, {batch:?}: found {first} times");
            ensure!(
                batch.numbers.clone().all(|number| count(number) == first),
                "{}, but not whole",
                context()
            );
            ensure!(first <= batch.attempts, "{}", context());
            ensure!(first >= usize::from(batch.acknowledged), "{}", context());
            expected += usize::from(first > 0) * batch.length() as usize;
        }
        ensure!(found.len() == expected, "{moment}: {way:?} that nobody sent");
    }
    Ok(())
}

/// How often each number is stored, by the way it came.
async fn stored(engine: &EngineProcess) -> Result<HashMap<Way, HashMap<u64, usize>>> {
    let mut found: HashMap<Way, HashMap<u64, usize>> = HashMap::new();
    for (way, number) in
        values(engine, &[(NUMBERED_METRIC, Way::ALL[0]), (WRITTEN_METRIC, Way::RemoteWrite)]).await?
    {
        *found.entry(way).or_default().entry(number as u64).or_default() += 1;
    }
    for signal in [Signal::Logs, Signal::Spans] {
        let of_signal = found.entry(Way::Otlp(signal)).or_default();
        for line in export(engine, signal).await?.lines() {
            if let Some((_, rest)) = line.split_once(NUMBERED_MARK) {
                let number = rest.split(';').next().context("no number")?.parse()?;
                *of_signal.entry(number).or_default() += 1;
            }
        }
    }
    Ok(found)
}

/// Every value of the named metrics that the engine keeps, each with what its metric stands for.
pub async fn values<T: Copy>(engine: &EngineProcess, metrics: &[(&str, T)]) -> Result<Vec<(T, f64)>> {
    let text = export(engine, Signal::Metrics).await?;
    let mut found = Vec::new();
    for line in text.lines() {
        // time, metric, kind, unit, service, value
        let mut fields = line.split(',').skip(1);
        let named = fields.next().and_then(|name| metrics.iter().find(|(metric, _)| *metric == name));
        if let Some((_, meaning)) = named {
            found.push((*meaning, fields.nth(3).context("no value")?.parse()?));
        }
    }
    Ok(found)
}

/// What the engine keeps of the last hour and of what numbers may reach into the future.
async fn export(engine: &EngineProcess, signal: Signal) -> Result<String> {
    let now = otlp_load::now() as i64;
    let range = TimeRange::new(Timestamp(now - 3_600_000_000_000), Timestamp(now + LONGEST));
    let name = match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Spans => "spans",
    };
    let request = json!({ "signal": name, "range": range, "format": "csv" });
    Ok(String::from_utf8(engine.download("export", json!({ "request": request })).await?)?)
}
