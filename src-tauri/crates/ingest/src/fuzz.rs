//! Entry points of the crate `fuzz`: the readers behind the receivers, without a server or a store.

use model::Timestamp;

pub use crate::otlp::fuzz::OtlpSignal;
use crate::{
    limits::{
        budget::IntakeBudget,
        buffer::Buffer,
        compression::{self, Compression},
    },
    otlp, remote_write, statsd,
};

/// Reads a protobuf request and converts its records.
pub fn otlp_protobuf(signal: OtlpSignal, bytes: &[u8], now: Timestamp) {
    otlp::fuzz::read(signal, false, buffer(bytes), now);
}

/// Reads a JSON request and converts its records.
pub fn otlp_json(signal: OtlpSignal, bytes: &[u8], now: Timestamp) {
    otlp::fuzz::read(signal, true, buffer(bytes), now);
}

/// Decompresses a gzip body.
pub fn gzip_body(bytes: &[u8]) {
    let _ = compression::decompress(buffer(bytes), Compression::Gzip);
}

/// Decompresses a zstd body.
pub fn zstd_body(bytes: &[u8]) {
    let _ = compression::decompress(buffer(bytes), Compression::Zstd);
}

/// Decompresses a remote-write body and reads its series.
pub fn remote_write(is_second: bool, bytes: &[u8]) {
    remote_write::read_only(is_second, bytes, &IntakeBudget::default());
}

/// Parses the lines of a StatsD datagram.
pub fn statsd_datagram(bytes: &[u8]) {
    statsd::parse_only(bytes);
}

/// Returns a body. The budget has its default size, which a fuzzer's input never reaches.
fn buffer(bytes: &[u8]) -> Buffer {
    let mut whole = Buffer::new(IntakeBudget::default().reservation());
    let _ = whole.extend(bytes);
    whole
}
