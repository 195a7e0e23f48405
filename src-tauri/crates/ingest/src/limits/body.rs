//! Reading of request bodies within limits.

use std::time::Duration;

use axum::body::Body;
use tokio_stream::StreamExt;

use super::{
    budget::{IntakeBudget, Reservation},
    buffer::Buffer,
};
use crate::rejection::Rejection;

/// Maximum size of a body, both compressed and decompressed.
pub const MAX_BODY_BYTES: usize = 32 << 20;
/// Bytes of an oversized body that are read and discarded, so that the sender reads the answer.
const MAX_DISCARDED_BYTES: usize = 64 << 20;
/// Bytes of a refused body that are read and discarded, for the same reason.
const MAX_REFUSED_BYTES: usize = 1 << 20;
/// Time that a refused body has to arrive.
const REFUSED_DEADLINE: Duration = Duration::from_secs(2);
/// Time that a body has to arrive.
const READ_DEADLINE: Duration = Duration::from_secs(30);
/// Time that the next bytes of a body have to arrive.
const IDLE_DEADLINE: Duration = Duration::from_secs(10);

/// Reads a whole body of at most [`MAX_BODY_BYTES`].
pub(crate) async fn read(body: Body, budget: &IntakeBudget) -> Result<Buffer, Rejection> {
    tokio::time::timeout(READ_DEADLINE, read_within_limit(body, budget.reservation()))
        .await
        .unwrap_or(Err(Rejection::TooSlow(READ_DEADLINE)))
}

async fn read_within_limit(body: Body, reservation: Reservation) -> Result<Buffer, Rejection> {
    let mut stream = body.into_data_stream();
    let mut buffer = Buffer::new(reservation);
    let mut rejection = None;
    let mut length = 0_usize;
    loop {
        let next = tokio::time::timeout(IDLE_DEADLINE, stream.next());
        let Some(chunk) = next.await.map_err(|_| Rejection::TooSlow(IDLE_DEADLINE))? else { break };
        let chunk =
            chunk.map_err(|error| Rejection::Malformed(format!("the request body ended early: {error}")))?;
        length = length.saturating_add(chunk.len());
        if rejection.is_none() {
            let extended = if length > MAX_BODY_BYTES {
                Err(too_large("the request body"))
            } else {
                buffer.extend_arriving(&chunk)
            };
            if let Err(reason) = extended {
                rejection = Some(reason);
                buffer.clear();
            }
        }
        if length > MAX_BODY_BYTES + MAX_DISCARDED_BYTES {
            break;
        }
    }
    rejection.map_or(Ok(buffer), Err)
}

/// Reads and discards the body of a refused request, so that its sender reads the answer.
pub(crate) async fn discard(body: Body) {
    let mut stream = body.into_data_stream();
    let reading = async {
        let mut length = 0_usize;
        while let Some(Ok(chunk)) = stream.next().await {
            length = length.saturating_add(chunk.len());
            if length > MAX_REFUSED_BYTES {
                break;
            }
        }
    };
    // At the deadline the answer is sent all the same.
    let _ = tokio::time::timeout(REFUSED_DEADLINE, reading).await;
}

/// Returns the rejection of a body that exceeds [`MAX_BODY_BYTES`].
pub(super) fn too_large(subject: &str) -> Rejection {
    Rejection::TooLarge(format!("{subject} has more than {} MiB, send smaller batches", MAX_BODY_BYTES >> 20))
}
