//! Import from memory without a store, for the crate `fuzz`.

use model::Timestamp;
use tokio::sync::mpsc;

use super::{exposition, file_format::Dialect, sink::BatchSink, table};

/// Batches that wait without a receiver: more than the inputs of a fuzzer fill.
const BATCHES: usize = 64;

/// Imports an exposition.
pub(crate) fn exposition(is_openmetrics: bool, bytes: &[u8], now: Timestamp) {
    let dialect = if is_openmetrics { Dialect::OpenMetrics } else { Dialect::Prometheus };
    with_sink(bytes, |sink| drop(exposition::read(bytes, dialect, "fuzz", now, sink)));
}

/// Imports a CSV file.
pub(crate) fn csv(bytes: &[u8], now: Timestamp) {
    with_sink(bytes, |sink| drop(table::read_csv(bytes, "fuzz", now, sink)));
}

fn with_sink(bytes: &[u8], read: impl FnOnce(&mut BatchSink)) {
    let (batches, _filled) = mpsc::channel(BATCHES);
    let mut sink = BatchSink::new(batches, bytes.len() as u64);
    read(&mut sink);
    let _ = sink.finish();
}
