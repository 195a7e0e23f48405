//! Request bodies: read and unpacked within limits.

use std::{io::Read, time::Duration};

use axum::body::Body;
use flate2::bufread::MultiGzDecoder;
use tokio_stream::StreamExt;

use crate::refusal::Refusal;

/// Bytes that a body may have, as it travels and unpacked.
pub const MAX_BODY_BYTES: usize = 32 << 20;
/// How much of a body that is too large is still read, so that the sender gets to read the answer.
const MAX_DISCARDED_BYTES: usize = 64 << 20;
/// How long a body may take to arrive.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// Reads a whole body.
pub(crate) async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    tokio::time::timeout(READ_DEADLINE, read_within_limit(body))
        .await
        .unwrap_or(Err(Refusal::TooSlow(READ_DEADLINE)))
}

async fn read_within_limit(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|error| Refusal::Malformed(format!("the request body broke off: {error}")))?;
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

/// Unpacks gzip, and no more than the limit of it. Blocking.
pub(crate) fn unpack_gzip(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed)
        .take(MAX_BODY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Refusal::Malformed(format!("the request body is not valid gzip: {error}")))?;
    if bytes.len() > MAX_BODY_BYTES { Err(too_large("the unpacked request body")) } else { Ok(bytes) }
}

fn too_large(what: &str) -> Refusal {
    Refusal::TooLarge(format!("{what} has more than {} MiB, send smaller batches", MAX_BODY_BYTES >> 20))
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
    fn unpacks_and_refuses_bombs_and_truncation() {
        assert_eq!(unpack_gzip(&gzip(b"hello")).unwrap(), b"hello");
        let bomb = gzip(&vec![0; MAX_BODY_BYTES + 1]);
        assert!(matches!(unpack_gzip(&bomb), Err(Refusal::TooLarge(_))));
        assert!(matches!(unpack_gzip(&gzip(b"hello")[..12]), Err(Refusal::Malformed(_))));
        assert!(matches!(unpack_gzip(b"hello"), Err(Refusal::Malformed(_))));
    }
}
