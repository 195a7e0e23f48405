//! Reading and decompressing of request bodies within limits.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use axum::body::Body;
use flate2::bufread::MultiGzDecoder;
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
/// Time that a body has to arrive.
const READ_DEADLINE: Duration = Duration::from_secs(30);
/// Time that the next bytes of a body have to arrive.
const IDLE_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes that are decompressed at a time.
const DECOMPRESSED_CHUNK: usize = 64 << 10;

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

/// Decompresses gzip up to [`MAX_BODY_BYTES`], and frees the compressed bytes. Blocking.
pub(crate) fn decompress_gzip(compressed: Buffer) -> Result<Buffer, Rejection> {
    let Buffer { bytes, reservation } = compressed;
    let mut decompressed = Buffer::new(reservation);
    let mut reader = BufReader::with_capacity(DECOMPRESSED_CHUNK, MultiGzDecoder::new(&*bytes));
    loop {
        let chunk = reader
            .fill_buf()
            .map_err(|error| Rejection::Malformed(format!("the request body is not valid gzip: {error}")))?;
        if chunk.is_empty() {
            break;
        }
        if decompressed.bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large("the decompressed request body"));
        }
        decompressed.extend(chunk)?;
        let length = chunk.len();
        reader.consume(length);
    }
    drop(reader);
    decompressed.reservation.release(bytes.capacity());
    Ok(decompressed)
}

fn too_large(subject: &str) -> Rejection {
    Rejection::TooLarge(format!("{subject} has more than {} MiB, send smaller batches", MAX_BODY_BYTES >> 20))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Rejection> {
        let mut buffer = Buffer::new(IntakeBudget::default().reservation());
        buffer.extend(bytes)?;
        decompress_gzip(buffer).map(|buffer| buffer.bytes)
    }

    #[test]
    fn decompresses_and_rejects_bombs_and_truncation() {
        assert_eq!(decompress(&gzip(b"hello")).unwrap(), b"hello");
        let bomb = gzip(&vec![0; MAX_BODY_BYTES + 1]);
        assert!(matches!(decompress(&bomb), Err(Rejection::TooLarge(_))));
        assert!(matches!(decompress(&gzip(b"hello")[..12]), Err(Rejection::Malformed(_))));
        assert!(matches!(decompress(b"hello"), Err(Rejection::Malformed(_))));
    }
}
