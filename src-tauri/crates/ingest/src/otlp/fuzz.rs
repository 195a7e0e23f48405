//! Reading of a request without a server and a store, for the crate `fuzz`.

use model::Timestamp;

use super::{
    pipeline::{Encoding, decode},
    signal::{Logs, Metrics, Signal, Traces},
};
use crate::limits::buffer::Buffer;

/// A signal of OTLP.
#[derive(Debug, Clone, Copy)]
pub enum OtlpSignal {
    /// Log records.
    Logs,
    /// Metric points.
    Metrics,
    /// Spans.
    Traces,
}

/// Reads a request and converts its records.
pub(crate) fn read(signal: OtlpSignal, is_json: bool, body: Buffer, now: Timestamp) {
    let encoding = if is_json { Encoding::Json } else { Encoding::Protobuf };
    match signal {
        OtlpSignal::Logs => read_as::<Logs>(encoding, body, now),
        OtlpSignal::Metrics => read_as::<Metrics>(encoding, body, now),
        OtlpSignal::Traces => read_as::<Traces>(encoding, body, now),
    }
}

fn read_as<S: Signal>(encoding: Encoding, mut body: Buffer, now: Timestamp) {
    if let Ok((request, faults, _)) = decode::<S>(&mut body, encoding) {
        let _ = S::convert(request, faults, now);
    }
}
