//! The path of an OTLP request from its bytes to the store, the same for both transports.

use model::Timestamp;
use prost::Message;
use store::Accepted;

use super::{conversion::Conversion, json, signal::Signal};
use crate::{
    counters::records,
    intake::Intake,
    limits::{
        body,
        budget::Reservation,
        buffer::Buffer,
        memory::{self, Estimate},
    },
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
    pub(super) body: Buffer,
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
    let Payload { body, is_gzip } = read.await?;
    let permit = intake.connections().decoder().await?;
    let now = intake.now();
    let (conversion, reservation) = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut body = if is_gzip { body::decompress_gzip(body)? } else { body };
        let (request, estimate) = decode::<S>(&mut body, encoding)?;
        body.clear();
        let conversion = S::convert(request, now);
        body.reservation.release_all_but(estimate.records);
        Ok::<_, Rejection>((conversion, body.reservation))
    })
    .await
    .map_err(|_| Rejection::Internal)??;
    store(intake, conversion, reservation, now).await
}

async fn store(
    intake: &Intake,
    mut conversion: Conversion,
    reservation: Reservation,
    now: Timestamp,
) -> Result<Receipt, Rejection> {
    let mut receipt = Receipt { rejected: conversion.rejected, message: conversion.message() };
    let mut counts = records(&conversion.batch);
    if !conversion.batch.is_empty() {
        let accepted = intake.commit(std::mem::take(&mut conversion.batch), reservation).await?;
        receipt.add_dropped(&accepted);
        counts.samples = counts.samples.saturating_sub(accepted.dropped);
    }
    let counters = intake.counters();
    counters.count_stored(counts, now);
    counters.count_rejected_records(receipt.rejected);
    counters.count_trimmed(conversion.trimmed.total());
    Ok(receipt)
}

/// Decodes a request, with the memory of its records. It is taken from the budget before. Blocking.
pub(super) fn decode<S: Signal>(
    body: &mut Buffer,
    encoding: Encoding,
) -> Result<(S::Request, Estimate), Rejection> {
    match encoding {
        Encoding::Protobuf => {
            let estimate = estimate::<S>(&body.bytes, &body.reservation);
            body.reservation.charge(estimate.decoding.saturating_add(estimate.records))?;
            let request = S::Request::decode(&*body.bytes)
                .map_err(|error| Rejection::Malformed(format!("invalid protobuf: {error}")))?;
            Ok((request, estimate))
        }
        Encoding::Json => {
            // Texts take no more than in the body.
            body.reservation.charge(body.bytes.len())?;
            let request = json::read_message::<S::Request>(&body.bytes, &mut body.reservation)?;
            body.clear();
            let length = request.encoded_len();
            body.reservation.charge(length)?;
            let estimate = estimate::<S>(&request.encode_to_vec(), &body.reservation);
            body.reservation.release(length);
            body.reservation.charge(estimate.records)?;
            Ok((request, estimate))
        }
    }
}

fn estimate<S: Signal>(bytes: &[u8], reservation: &Reservation) -> Estimate {
    memory::estimate_protobuf(bytes, S::layout(), reservation.remaining())
}
