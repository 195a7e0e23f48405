//! Reading of one body.

use serde::de::DeserializeSeed as _;

use super::{
    context::Context,
    fields::{JsonMessage, MessageSeed},
};
use crate::{limits::budget::Reservation, otlp::faults::Faults, rejection::Rejection};

/// Reads a body as one message, whose memory is taken from the budget as it is read.
///
/// Returns the faults of its records beside it. Fails if the body is not JSON, or if nothing in it
/// belongs to the message, whose groups are in the field `groups`.
pub(in crate::otlp) fn read_message<M: JsonMessage>(
    body: &[u8],
    groups: &str,
    reservation: &mut Reservation,
) -> Result<(M, Faults), Rejection> {
    let context = Context::new(reservation);
    let mut document = serde_json::Deserializer::from_slice(body);
    let read = MessageSeed::<M>::new(&context).deserialize(&mut document);
    match read.and_then(|message| document.end().and(Ok(message))) {
        Err(error) => Err(context.interrupted(&error)),
        Ok(None) => Err(context.not_an_object()),
        Ok(Some(message)) => context.finish(groups).map(|faults| (message, faults)),
    }
}
