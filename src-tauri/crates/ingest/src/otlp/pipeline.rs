//! The path of an OTLP request from its bytes to the store, the same for both transports.

use prost::Message;
use store::Accepted;

use super::{conversion::Conversion, faults::Faults, invalid_text, json, signal::Signal};
use crate::{
    counters::records,
    intake::Intake,
    limits::{
        budget::Reservation,
        buffer::Buffer,
        compression::{self, Compression},
        memory::{self, Estimate},
    },
    problems::MAX_LISTED,
    recent_requests::{Arrival, RequestId},
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
    /// Their compression.
    pub(super) compression: Compression,
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
    let Payload { body, compression } = read.await?;
    let permit = intake.connections().decoder().await?;
    let now = intake.now();
    let (id, conversion, reservation) = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut body = compression::decompress(body, compression)?;
        let id = RequestId::new(S::GROUPS, &body.bytes);
        let (request, faults, estimate) = decode::<S>(&mut body, encoding)?;
        body.clear();
        let conversion = S::convert(request, faults, now);
        body.reservation.release_all_but(estimate.records);
        Ok::<_, Rejection>((id, conversion, body.reservation))
    })
    .await
    .map_err(|_| Rejection::Internal)??;
    store(intake, id, conversion, reservation).await
}

async fn store(
    intake: &Intake,
    id: RequestId,
    mut conversion: Conversion,
    reservation: Reservation,
) -> Result<Receipt, Rejection> {
    let mut receipt = Receipt { rejected: conversion.rejected, message: conversion.message() };
    let mut counts = records(&conversion.batch);
    if !conversion.batch.is_empty() {
        let storing = match (!conversion.undated).then(|| intake.begin(id)) {
            None => None,
            Some(Arrival::New(storing)) => Some(storing),
            Some(Arrival::Stored) => return Ok(receipt),
            Some(Arrival::InProgress) => return Err(Rejection::InProgress),
        };
        let accepted = intake.commit(std::mem::take(&mut conversion.batch), reservation, storing).await?;
        receipt.add_dropped(&accepted);
        counts.samples = counts.samples.saturating_sub(accepted.dropped);
    }
    let counters = intake.counters();
    counters.count_stored(counts, intake.now());
    counters.count_rejected_records(receipt.rejected);
    counters.count_trimmed(conversion.trimmed.total());
    Ok(receipt)
}

/// Decodes a request with its faults, and the memory of its records, which is taken from the budget
/// before. Blocking.
pub(super) fn decode<S: Signal>(
    body: &mut Buffer,
    encoding: Encoding,
) -> Result<(S::Request, Faults, Estimate), Rejection> {
    match encoding {
        Encoding::Protobuf => {
            let estimate = estimate::<S>(&body.bytes, &body.reservation);
            body.reservation.charge(estimate.decoding.saturating_add(estimate.records))?;
            let (request, faults) = match S::Request::decode(&*body.bytes) {
                Ok(request) => (request, Faults::default()),
                Err(error) => decode_replaced::<S>(body)?
                    .ok_or_else(|| Rejection::Malformed(format!("invalid protobuf: {error}")))?,
            };
            Ok((request, faults, estimate))
        }
        Encoding::Json => {
            // Texts take no more than in the body.
            body.reservation.charge(body.bytes.len())?;
            let (text, replaced) = invalid_text::replaced_json(&body.bytes);
            body.reservation.charge(if replaced > 0 { text.len() } else { 0 })?;
            let (request, mut faults) =
                json::read_message::<S::Request>(&text, S::GROUPS, &mut body.reservation)?;
            if replaced > 0 {
                faults.outside.get_or_insert(invalid_text::warning(replaced, "character"));
            }
            drop(text);
            body.clear();
            let length = request.encoded_len();
            body.reservation.charge(length)?;
            let estimate = estimate::<S>(&request.encode_to_vec(), &body.reservation);
            body.reservation.release(length);
            body.reservation.charge(estimate.records)?;
            Ok((request, faults, estimate))
        }
    }
}

/// Decodes a request with replaced texts, none if that does not help.
fn decode_replaced<S: Signal>(body: &mut Buffer) -> Result<Option<(S::Request, Faults)>, Rejection> {
    let before = body.bytes.len();
    body.reservation.charge(before)?;
    let (replaced, count) = invalid_text::replaced(&body.bytes, S::texts());
    let grown = replaced.len().saturating_sub(before);
    body.reservation.charge(grown)?;
    let request = if count > 0 { S::Request::decode(&*replaced).ok() } else { None };
    body.reservation.release(before + grown);
    let faults = Faults { outside: Some(invalid_text::warning(count, "text")), ..Faults::default() };
    Ok(request.map(|request| (request, faults)))
}

fn estimate<S: Signal>(bytes: &[u8], reservation: &Reservation) -> Estimate {
    memory::estimate_protobuf(bytes, S::layout(), reservation.remaining())
}
