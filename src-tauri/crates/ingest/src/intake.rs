//! What both protocols share: from the bytes of a request to records in the store.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use model::Timestamp;
use prost::Message;
use store::{Accepted, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    IngestError, body,
    conversion::Conversion,
    counters::{IntakeCounters, records},
    refusal::Refusal,
    signal::Signal,
    weight,
};

/// How many requests are decoded at the same time; each may take some hundred MiB at worst.
const CONCURRENT_DECODERS: usize = 2;
/// How long requests may go on after the listener was told to stop.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// Limits that are told to the sender of one request.
const TOLD_REASONS: usize = 5;

/// How the bytes of a request are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Protobuf.
    Protobuf,
    /// OTLP's JSON mapping.
    Json,
}

/// What is told to the sender of a stored request.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// How many records were rejected.
    pub(crate) rejected: u64,
    /// Why, or a warning; empty if all is well.
    pub(crate) message: String,
}

impl Receipt {
    fn add_held_back(&mut self, accepted: &Accepted) {
        if accepted.held_back == 0 {
            return;
        }
        self.rejected = self.rejected.saturating_add(accepted.held_back);
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        let reasons: Vec<String> =
            accepted.reasons.iter().take(TOLD_REASONS).map(ToString::to_string).collect();
        self.message.push_str(&format!(
            "{} points of new series were left out: {}",
            accepted.held_back,
            reasons.join("; ")
        ));
    }
}

/// The way of a listener to the store.
#[derive(Clone)]
pub(crate) struct Intake {
    store: Store,
    counters: Arc<IntakeCounters>,
    decoders: Arc<Semaphore>,
    ended: CancellationToken,
    requests: TaskTracker,
}

impl Intake {
    pub(crate) fn new(store: Store, counters: Arc<IntakeCounters>) -> Self {
        Self {
            store,
            counters,
            decoders: Arc::new(Semaphore::new(CONCURRENT_DECODERS)),
            ended: CancellationToken::new(),
            requests: TaskTracker::new(),
        }
    }

    /// Runs one request: `read` gives its bytes and whether they are packed with gzip. Counts the outcome.
    pub(crate) async fn receive<S: Signal>(
        &self,
        format: Format,
        read: impl Future<Output = Result<(Vec<u8>, bool), Refusal>>,
    ) -> Result<Receipt, Refusal> {
        let outcome = self.until_ended(self.process::<S>(format, read)).await;
        if let Err(refusal) = &outcome {
            self.refuse(refusal);
        }
        outcome
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn counters(&self) -> &IntakeCounters {
        &self.counters
    }

    /// Waits for a place among the requests that are decoded at the same time.
    pub(crate) async fn decoder(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.decoders.clone().acquire_owned().await.map_err(|_| Refusal::Internal)
    }

    /// Runs what a request asks for, but no further once the server has ended: then nothing is given to the store any
    /// more.
    pub(crate) async fn until_ended<T>(
        &self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let _running = self.requests.token();
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(Refusal::Unavailable("Binnacle is stopping".to_owned())),
            outcome = work => outcome,
        }
    }

    /// Counts a refused request.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        tracing::debug!(reason = %refusal, "refused a request");
        self.counters.count_refused();
    }

    async fn process<S: Signal>(
        &self,
        format: Format,
        read: impl Future<Output = Result<(Vec<u8>, bool), Refusal>>,
    ) -> Result<Receipt, Refusal> {
        let (bytes, packed) = read.await?;
        let permit = self.decoder().await?;
        let now = now();
        let conversion = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let bytes = if packed { body::unpack_gzip(&bytes)? } else { bytes };
            Ok::<_, Refusal>(S::convert(decode::<S>(&bytes, format)?, now))
        })
        .await
        .map_err(|_| Refusal::Internal)??;
        self.keep(conversion, now).await
    }

    async fn keep(&self, conversion: Conversion, now: Timestamp) -> Result<Receipt, Refusal> {
        let mut receipt = Receipt { rejected: conversion.rejected, message: conversion.message() };
        let mut counts = records(&conversion.batch);
        if !conversion.batch.is_empty() {
            let accepted = self.store.accept(conversion.batch).await?;
            receipt.add_held_back(&accepted);
            counts.samples = counts.samples.saturating_sub(accepted.held_back);
        }
        self.counters.count_stored(counts, now);
        self.counters.count_rejected(receipt.rejected, conversion.trimmed);
        Ok(receipt)
    }

    /// Runs a server until it ends, but not longer than [`DRAIN_DEADLINE`] after `stop`; requests that still
    /// run then are told to come again. A request may outlive its connection, so they are waited for.
    pub(crate) async fn serve_until(
        &self,
        stop: CancellationToken,
        server: impl Future<Output = Result<(), IngestError>>,
    ) -> Result<(), IngestError> {
        let deadline = async {
            stop.cancelled().await;
            tokio::time::sleep(DRAIN_DEADLINE).await;
        };
        let outcome = tokio::select! {
            outcome = server => outcome,
            () = deadline => Ok(()),
        };
        self.ended.cancel();
        self.requests.close();
        self.requests.wait().await;
        outcome
    }
}

/// Reads a request. Blocking.
fn decode<S: Signal>(bytes: &[u8], format: Format) -> Result<S::Request, Refusal> {
    let too_heavy = || {
        Refusal::TooLarge("the request holds too many records for one batch, send smaller batches".to_owned())
    };
    match format {
        Format::Protobuf => {
            if !weight::is_bearable(bytes, S::shape()) {
                return Err(too_heavy());
            }
            S::Request::decode(bytes)
                .map_err(|error| Refusal::Malformed(format!("invalid protobuf: {error}")))
        }
        Format::Json => {
            if !weight::is_bearable_json(bytes) {
                return Err(too_heavy());
            }
            let value: serde_json::Value = serde_json::from_slice(bytes)
                .map_err(|error| Refusal::Malformed(format!("invalid JSON: {error}")))?;
            S::from_json(&value).map_err(|fault| Refusal::Malformed(format!("invalid OTLP: {fault}")))
        }
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}
