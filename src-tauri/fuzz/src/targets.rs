//! The list of targets. A new parser is one more entry.

use chrono::FixedOffset;
use ingest::fuzz::OtlpSignal::{Logs, Metrics, Traces};
use model::Timestamp;

use crate::seeds;

/// The time of every run, so that a run can be repeated.
const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);
/// Samples that a parser of an exposition accepts.
const MAX_SAMPLES: usize = 10_000;

/// A parser under test.
#[derive(Debug)]
pub struct Target {
    /// The name on the command line.
    pub name: &'static str,
    /// Valid inputs.
    pub seeds: &'static [&'static [u8]],
    /// Parses bytes. Any bytes give a value or an error; a panic is a fault.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "prometheus_text",
        seeds: seeds::EXPOSITIONS,
        run: |bytes| drop(prometheus::parse_text(bytes, MAX_SAMPLES)),
    },
    Target {
        name: "openmetrics",
        seeds: seeds::EXPOSITIONS,
        run: |bytes| drop(prometheus::parse_openmetrics(bytes, MAX_SAMPLES)),
    },
    Target {
        name: "prometheus_protobuf",
        seeds: seeds::PROTOBUF,
        run: |bytes| drop(prometheus::parse_protobuf(bytes, MAX_SAMPLES, true)),
    },
    Target {
        name: "otlp_json_logs",
        seeds: seeds::OTLP_JSON_LOGS,
        run: |bytes| ingest::fuzz::otlp_json(Logs, bytes, NOW),
    },
    Target {
        name: "otlp_json_metrics",
        seeds: seeds::OTLP_JSON_METRICS,
        run: |bytes| ingest::fuzz::otlp_json(Metrics, bytes, NOW),
    },
    Target {
        name: "otlp_json_traces",
        seeds: seeds::OTLP_JSON_TRACES,
        run: |bytes| ingest::fuzz::otlp_json(Traces, bytes, NOW),
    },
    Target {
        name: "otlp_protobuf_logs",
        seeds: seeds::PROTOBUF,
        run: |bytes| ingest::fuzz::otlp_protobuf(Logs, bytes, NOW),
    },
    Target {
        name: "otlp_protobuf_metrics",
        seeds: seeds::PROTOBUF,
        run: |bytes| ingest::fuzz::otlp_protobuf(Metrics, bytes, NOW),
    },
    Target {
        name: "otlp_protobuf_traces",
        seeds: seeds::PROTOBUF,
        run: |bytes| ingest::fuzz::otlp_protobuf(Traces, bytes, NOW),
    },
    Target { name: "gzip_body", seeds: seeds::GZIP, run: ingest::fuzz::gzip_body },
    Target { name: "zstd_body", seeds: seeds::ZSTD, run: ingest::fuzz::zstd_body },
    Target {
        name: "remote_write_1",
        seeds: seeds::SNAPPY,
        run: |bytes| ingest::fuzz::remote_write(false, bytes),
    },
    Target {
        name: "remote_write_2",
        seeds: seeds::SNAPPY,
        run: |bytes| ingest::fuzz::remote_write(true, bytes),
    },
    Target { name: "statsd", seeds: seeds::STATSD, run: ingest::fuzz::statsd_datagram },
    Target {
        name: "log_record",
        seeds: seeds::LOG_RECORDS,
        run: |bytes| {
            let zone = FixedOffset::east_opt(3600);
            let context = zone.map(|zone| log_formats::Context { now: NOW, zone });
            if let Some(context) = context {
                drop(log_formats::parse(&String::from_utf8_lossy(bytes), &context));
            }
        },
    },
    Target {
        name: "log_search",
        seeds: seeds::SEARCHES,
        run: |bytes| on_text(bytes, |text| drop(query::parse_log_search(text))),
    },
    Target {
        name: "trace_search",
        seeds: seeds::SEARCHES,
        run: |bytes| on_text(bytes, |text| drop(query::parse_trace_search(text))),
    },
    Target {
        name: "settings",
        seeds: seeds::SETTINGS,
        run: |bytes| on_text(bytes, |text| drop(config::parse(text))),
    },
    Target {
        name: "prometheus_config",
        seeds: seeds::PROMETHEUS_CONFIG,
        run: |bytes| on_text(bytes, collect::fuzz::prometheus_config),
    },
    Target { name: "import_csv", seeds: seeds::CSV, run: |bytes| collect::fuzz::imported_csv(bytes, NOW) },
    Target {
        name: "import_prometheus",
        seeds: seeds::EXPOSITIONS,
        run: |bytes| collect::fuzz::imported_exposition(false, bytes, NOW),
    },
    Target {
        name: "import_openmetrics",
        seeds: seeds::EXPOSITIONS,
        run: |bytes| collect::fuzz::imported_exposition(true, bytes, NOW),
    },
    Target { name: "certificates", seeds: seeds::PEM, run: |bytes| drop(tls::certificates(bytes)) },
    Target {
        name: "duration",
        seeds: seeds::DURATIONS,
        run: |bytes| on_text(bytes, |text| _ = model::parse_duration(text)),
    },
];

/// Returns the target with a name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Parsers of texts are never given anything but UTF-8.
fn on_text(bytes: &[u8], parse: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        parse(text);
    }
}
