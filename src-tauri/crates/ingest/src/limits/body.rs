//! Reading and decompressing of request bodies within limits.

use std::{io::Read, time::Duration};

use axum::body::Body;
use flate2::bufread::MultiGzDecoder;
use tokio_stream::StreamExt;

use crate::rejection::Rejection;

/// Maximum size of a body, both compressed and decompressed.
pub const MAX_BODY_BYTES: usize = 32 << 20;
/// Bytes of an oversized body that are read and discarded, so that the sender reads the answer.
const MAX_DISCARDED_BYTES: usize = 64 << 20;
/// Time that a body has to arrive.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// Reads a whole body of at most [`MAX_BODY_BYTES`].
pub(crate) async fn read(body: Body) -> Result<Vec<u8>, Rejection> {
    tokio::time::timeout(READ_DEADLINE, read_within_limit(body))
        .await
        .unwrap_or(Err(Rejection::TooSlow(READ_DEADLINE)))
}

async fn read_within_limit(body: Body) -> Result<Vec<u8>, Rejection> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|error| Rejection::Malformed(format!("the request body ended early: {error}")))?;
        length = length.saturating_add(chunk.len());
        if length <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
        if length > MAX_BODY_BYTES + MAX_DISCARDED_BYTES {
            break;
        }
    }
    if length > MAX_BODY_BYTES { Err(too_large("the request body")) } else { Ok(bytes) }
}

/// Decompresses gzip up to [`MAX_BODY_BYTES`]. Blocking.
pub(crate) fn decompress_gzip(compressed: &[u8]) -> Result<Vec<u8>, Rejection> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(compressed)
        .take(MAX_BODY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Rejection::Malformed(format!("the request body is not valid gzip: {error}")))?;
    if bytes.len() > MAX_BODY_BYTES { Err(too_large("the decompressed request body")) } else { Ok(bytes) }
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

    #[test]
    fn decompresses_and_rejects_bombs_and_truncation() {
        assert_eq!(decompress_gzip(&gzip(b"hello")).unwrap(), b"hello");
        let bomb = gzip(&vec![0; MAX_BODY_BYTES + 1]);
        assert!(matches!(decompress_gzip(&bomb), Err(Rejection::TooLarge(_))));
        assert!(matches!(decompress_gzip(&gzip(b"hello")[..12]), Err(Rejection::Malformed(_))));
        assert!(matches!(decompress_gzip(b"hello"), Err(Rejection::Malformed(_))));
    }
}
