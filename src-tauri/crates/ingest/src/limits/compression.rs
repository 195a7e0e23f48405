//! Decompression of request bodies within limits.

use std::io::{BufRead, BufReader, Read};

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::{
    body::{MAX_BODY_BYTES, too_large},
    buffer::Buffer,
};
use crate::rejection::Rejection;

/// Bytes that are decompressed at a time.
const DECOMPRESSED_CHUNK: usize = 64 << 10;
/// The largest window of zstd as a content encoding, as a power of two (RFC 9659, section 3).
const MAX_ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes that the decoder of zstd takes besides its window.
const ZSTD_DECODER_BYTES: usize = 512 << 10;

/// The names of the supported encodings, for messages.
pub(crate) const SUPPORTED: &str = "gzip, deflate, zstd or none";

/// The compression of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// None.
    Identity,
    /// Gzip (RFC 1952).
    Gzip,
    /// Deflate in the zlib format (RFC 1950), or without it, as some senders write it.
    Deflate,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// Returns the compression of this name in `Content-Encoding` or `grpc-encoding`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }
}

/// Decompresses a body up to [`MAX_BODY_BYTES`], and frees the compressed bytes. Blocking.
pub(crate) fn decompress(compressed: Buffer, compression: Compression) -> Result<Buffer, Rejection> {
    if compression == Compression::Identity {
        return Ok(compressed);
    }
    let Buffer { bytes, mut reservation } = compressed;
    let malformed = |error: std::io::Error| {
        Rejection::Malformed(format!("the request body is not valid {}: {error}", compression.name()))
    };
    let mut window = 0;
    let reader: Box<dyn Read + '_> = match compression {
        Compression::Identity => Box::new(&*bytes),
        Compression::Gzip => Box::new(MultiGzDecoder::new(&*bytes)),
        Compression::Deflate if is_zlib(&bytes) => Box::new(ZlibDecoder::new(&*bytes)),
        Compression::Deflate => Box::new(DeflateDecoder::new(&*bytes)),
        Compression::Zstd => {
            let window_log = zstd_window_log(&bytes).unwrap_or(MAX_ZSTD_WINDOW_LOG);
            window = (1 << window_log) + ZSTD_DECODER_BYTES;
            reservation.charge(window)?;
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&*bytes).map_err(malformed)?;
            decoder.window_log_max(window_log).map_err(malformed)?;
            Box::new(decoder)
        }
    };
    let mut decompressed = Buffer::new(reservation);
    let mut reader = BufReader::with_capacity(DECOMPRESSED_CHUNK, reader);
    loop {
        let chunk = reader.fill_buf().map_err(malformed)?;
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
    decompressed.reservation.release(bytes.capacity().saturating_add(window));
    Ok(decompressed)
}

/// Returns whether the bytes begin with a header of zlib (RFC 1950, section 2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [method, flags, ..] => {
            method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

/// Returns the window of the first frame as a power of two, at most the largest that is allowed
/// (RFC 8878, section 3.1.1.1). Returns none for another content.
fn zstd_window_log(bytes: &[u8]) -> Option<u32> {
    let frame = bytes.strip_prefix(&[0x28, 0xb5, 0x2f, 0xfd])?;
    let (descriptor, rest) = frame.split_first()?;
    let size = if descriptor & 0x20 == 0 {
        let window = rest.first()?;
        let base = 1_u64 << (10 + (window >> 3));
        base + base / 8 * u64::from(window & 7)
    } else {
        // A frame of a single segment has a window of the size of its content.
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
        let mut size = [0; 8];
        size[..length].copy_from_slice(rest.get(dictionary..dictionary + length)?);
        u64::from_le_bytes(size) + if length == 2 { 256 } else { 0 }
    };
    Some(size.clamp(1 << 10, 1 << MAX_ZSTD_WINDOW_LOG).next_power_of_two().trailing_zeros())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;
    use crate::limits::budget::IntakeBudget;

    /// A fuzzer found it: its header declares a content of nearly 2^64 bytes.
    #[test]
    fn a_zstd_frame_of_any_declared_size_is_refused() {
        let frame = b"\x28\xb5\x2f\xfd\xe5\xe5\xe5\xe5\xe5\x74\x65\xe3\x3d\xa2\x00";
        assert_eq!(zstd_window_log(frame), Some(MAX_ZSTD_WINDOW_LOG));
        let mut compressed = Buffer::new(IntakeBudget::default().reservation());
        compressed.extend(frame).unwrap();
        assert!(matches!(decompress(compressed, Compression::Zstd), Err(Rejection::Malformed(_))));
    }

    fn written(mut encoder: impl Write, bytes: &[u8]) {
        encoder.write_all(bytes).unwrap();
        encoder.flush().unwrap();
    }

    fn compressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let (mut output, level) = (Vec::new(), flate2::Compression::best());
        match compression {
            Compression::Identity => output.extend_from_slice(bytes),
            Compression::Gzip => written(GzEncoder::new(&mut output, level), bytes),
            Compression::Deflate => written(ZlibEncoder::new(&mut output, level), bytes),
            Compression::Zstd => output = zstd::encode_all(bytes, 19).unwrap(),
        }
        output
    }

    fn expand(compression: Compression, bytes: &[u8]) -> Result<Vec<u8>, Rejection> {
        let budget = IntakeBudget::default();
        let mut buffer = Buffer::new(budget.reservation());
        buffer.extend(bytes)?;
        let expanded = decompress(buffer, compression)?;
        assert!(budget.taken() <= expanded.bytes.capacity().next_multiple_of(64 << 10));
        Ok(expanded.bytes)
    }

    #[test]
    fn every_encoding_is_decompressed_and_bombs_and_truncation_are_rejected() {
        for name in ["gzip", "x-gzip", "Deflate", "zstd"] {
            let compression = Compression::from_name(name).unwrap();
            let hello = compressed(compression, b"hello");
            assert_eq!(expand(compression, &hello).unwrap(), b"hello", "{name}");
            let bomb = compressed(compression, &vec![0; MAX_BODY_BYTES + 1]);
            assert!(matches!(expand(compression, &bomb), Err(Rejection::TooLarge(_))), "{name}");
            let cut = expand(compression, &hello[..hello.len() - 5]);
            assert!(matches!(cut, Err(Rejection::Malformed(_))), "{name}: {cut:?}");
            let plain = expand(compression, b"hello");
            assert!(matches!(plain, Err(Rejection::Malformed(_))), "{name}: {plain:?}");
        }
        assert_eq!(Compression::from_name("br"), None);
    }

    #[test]
    fn deflate_without_the_zlib_format_is_read() {
        let mut raw = Vec::new();
        written(DeflateEncoder::new(&mut raw, flate2::Compression::default()), b"hello hello");
        assert_eq!(expand(Compression::Deflate, &raw).unwrap(), b"hello hello");
    }

    #[test]
    fn a_zstd_window_beyond_the_limit_is_rejected_and_smaller_ones_are_charged() {
        let text: Vec<u8> = (0..3_000_000_u32).flat_map(|number| (number % 7919).to_le_bytes()).collect();
        assert_eq!(expand(Compression::Zstd, &compressed(Compression::Zstd, &text)).unwrap(), text);
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(25).unwrap();
        written(&mut encoder, &text);
        let wide = encoder.finish().unwrap();
        assert!(matches!(expand(Compression::Zstd, &wide), Err(Rejection::Malformed(_))));

        let budget = IntakeBudget::default();
        budget.set_limit(4 << 20);
        let mut buffer = Buffer::new(budget.reservation());
        buffer.extend(&compressed(Compression::Zstd, &text)).unwrap();
        let refused = decompress(buffer, Compression::Zstd);
        assert!(matches!(refused, Err(Rejection::TooLarge(_))), "the window is part of the request");
        assert_eq!(budget.taken(), 0);
    }
}
