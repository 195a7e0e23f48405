//! The path of an OTLP request from its bytes to the store, the same for both transports.

use model::Timestamp;
use prost::Message;
use store::Accepted;

use super::{conversion::Conversion, signal::Signal};
use crate::{
    counters::records,
    intake::Intake,
    limits::{body, memory},
    problems::MAX_LISTED,
    rejection::Rejection,
};

/// The encoding of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Protobuf.
    Protobuf,
    /// OTLP's JSON mapping.
    Json,
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct Payload {
    /// The bytes as they arrived.
    pub(super) bytes: Vec<u8>,
    /// True if they are compressed with gzip.
    pub(super) is_gzip: bool,
}

/// The answer to the sender of a stored request.
#[derive(Debug)]
pub(super) struct Receipt {
    /// Number of rejected records.
    pub(super) rejected: u64,
    /// The reasons, or warnings; empty if there are none.
    pub(super) message: String,
}

impl Receipt {
    /// Returns whether the sender gets a partial success.
    pub(super) fn is_partial(&self) -> bool {
        self.rejected > 0 || !self.message.is_empty()
    }

    fn add_dropped(&mut self, accepted: &Accepted) {
        if accepted.dropped == 0 {
            return;
        }
        self.rejected = self.rejected.saturating_add(accepted.dropped);
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        let reasons: Vec<String> =
            accepted.reasons.iter().take(MAX_LISTED).map(ToString::to_string).collect();
        self.message.push_str(&format!(
            "{} points of new series were dropped: {}",
            accepted.dropped,
            reasons.join("; ")
        ));
    }
}

/// Runs one request, whose body `read` returns, and counts its outcome.
pub(super) async fn receive<S: Signal>(
    intake: &Intake,
    encoding: Encoding,
    read: impl Future<Output = Result<Payload, Rejection>>,
) -> Result<Receipt, Rejection> {
    let outcome = intake.connections().until_ended(process::<S>(intake, encoding, read)).await;
    if let Err(rejection) = &outcome {
        intake.reject(rejection);
    }
    outcome
}

async fn process<S: Signal>(
    intake: &Intake,
    encoding: Encoding,
    read: impl Future<Output = Result<Payload, Rejection>>,
) -> Result<Receipt, Rejection> {
    let Payload { bytes, is_gzip } = read.await?;
    let permit = intake.connections().decoder().await?;
    let now = intake.now();
    let conversion = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let bytes = if is_gzip { body::decompress_gzip(&bytes)? } else { bytes };
        Ok::<_, Rejection>(S::convert(decode::<S>(&bytes, encoding)?, now))
    })
    .await
    .map_err(|_| Rejection::Internal)??;
    store(intake, conversion, now).await
}

async fn store(intake: &Intake, conversion: Conversion, now: Timestamp) -> Result<Receipt, Rejection> {
    let mut receipt = Receipt { rejected: conversion.rejected, message: conversion.message() };
    let mut counts = records(&conversion.batch);
    if !conversion.batch.is_empty() {
        let accepted = intake.store().accept(conversion.batch).await?;
        receipt.add_dropped(&accepted);
        counts.samples = counts.samples.saturating_sub(accepted.dropped);
    }
    let counters = intake.counters();
    counters.count_stored(counts, now);
    counters.count_rejected_records(receipt.rejected);
    counters.count_trimmed(conversion.trimmed.total());
    Ok(receipt)
}

/// Decodes a request. Blocking.
fn decode<S: Signal>(bytes: &[u8], encoding: Encoding) -> Result<S::Request, Rejection> {
    let too_large = || {
        Rejection::TooLarge(
            "the request holds too many records for one batch, send smaller batches".to_owned(),
        )
    };
    match encoding {
        Encoding::Protobuf => {
            if !memory::fits_protobuf(bytes, S::layout()) {
                return Err(too_large());
            }
            S::Request::decode(bytes)
                .map_err(|error| Rejection::Malformed(format!("invalid protobuf: {error}")))
        }
        Encoding::Json => {
            if !memory::fits_json(bytes) {
                return Err(too_large());
            }
            let value: serde_json::Value = serde_json::from_slice(bytes)
                .map_err(|error| Rejection::Malformed(format!("invalid JSON: {error}")))?;
            S::from_json(&value).map_err(|error| Rejection::Malformed(format!("invalid OTLP: {error}")))
        }
    }
}
