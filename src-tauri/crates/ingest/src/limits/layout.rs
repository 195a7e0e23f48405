//! The messages of OTLP with the memory that each takes.

use std::mem::size_of;

use model::AttributeValue;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue},
    logs::v1 as logs,
    metrics::v1 as metrics,
    trace::v1 as trace,
};

/// The memory layout of one message type.
pub(crate) struct MessageLayout {
    /// Bytes of the decoded message.
    pub(super) wire_bytes: usize,
    /// Bytes of what it becomes in a record.
    pub(super) record_bytes: usize,
    /// Meaning of the message for the records below it.
    pub(super) role: Role,
    /// Fields that hold messages, by field number.
    pub(super) nested: &'static [(u64, &'static MessageLayout)],
}

/// The meaning of a message for the records below it.
pub(super) enum Role {
    /// None.
    Plain,
    /// A record.
    Record,
    /// These fields, which describe a scope, are copied to each record.
    Scoped(&'static [u64]),
    /// These fields, which describe a metric, are copied to each record.
    Described(&'static [u64]),
    /// Packed numbers of variable length.
    Numbers,
}

/// Bytes of a node of a map of attributes, even if it holds one.
const MAP_BYTES: usize = 11 * (size_of::<String>() + size_of::<AttributeValue>()) + 16;

/// Returns the layout of a message of which lists are decoded. A list grows by doubling.
const fn message<Wire>(
    record_bytes: usize,
    nested: &'static [(u64, &'static MessageLayout)],
) -> MessageLayout {
    MessageLayout { wire_bytes: 2 * size_of::<Wire>(), record_bytes, role: Role::Plain, nested }
}

/// Returns the layout of a message that has attributes.
const fn attributed<Wire>(
    record_bytes: usize,
    nested: &'static [(u64, &'static MessageLayout)],
) -> MessageLayout {
    message::<Wire>(record_bytes + MAP_BYTES, nested)
}

/// Returns the layout of a record, which has attributes.
const fn record<Wire>(
    record_bytes: usize,
    nested: &'static [(u64, &'static MessageLayout)],
) -> MessageLayout {
    let record_bytes = record_bytes + MAP_BYTES;
    MessageLayout { wire_bytes: 2 * size_of::<Wire>(), record_bytes, role: Role::Record, nested }
}

/// Returns the layout of a message of which there is one, or that has the size of its children.
const fn single(nested: &'static [(u64, &'static MessageLayout)]) -> MessageLayout {
    MessageLayout { wire_bytes: 0, record_bytes: 0, role: Role::Plain, nested }
}

/// Returns the layout of a group of records with a scope.
const fn scoped<Wire>(nested: &'static [(u64, &'static MessageLayout)]) -> MessageLayout {
    let role = Role::Scoped(&[1]);
    MessageLayout { wire_bytes: 2 * size_of::<Wire>(), record_bytes: 0, role, nested }
}

/// Bytes of an attribute in its map, whose nodes are two thirds full.
const PAIR_BYTES: usize = (size_of::<String>() + size_of::<AttributeValue>()) * 3 / 2;
/// Bytes of a point and of the descriptor of its series.
const POINT_BYTES: usize = size_of::<model::Sample>() + size_of::<model::Series>();
/// Bytes of a point of a histogram and of the descriptor of its series.
const HISTOGRAM_BYTES: usize = size_of::<model::HistogramPoint>() + size_of::<model::Series>();

static ANY_VALUE: MessageLayout =
    message::<AnyValue>(size_of::<AttributeValue>(), &[(5, &ARRAY), (6, &PAIRS)]);
static ARRAY: MessageLayout = single(&[(1, &ANY_VALUE)]);
static PAIRS: MessageLayout =
    MessageLayout { wire_bytes: 0, record_bytes: MAP_BYTES, role: Role::Plain, nested: &[(1, &PAIR)] };
static PAIR: MessageLayout = message::<KeyValue>(PAIR_BYTES, &[(2, &VALUE)]);
/// The value of a pair, which is a part of it.
static VALUE: MessageLayout = single(&[(5, &ARRAY), (6, &PAIRS)]);
static RESOURCE: MessageLayout = single(&[(1, &PAIR)]);
static SCOPE: MessageLayout = single(&[(3, &PAIR)]);

/// The layout of a request with spans.
pub(crate) static TRACES: MessageLayout = single(&[(1, &RESOURCE_SPANS)]);
static RESOURCE_SPANS: MessageLayout =
    attributed::<trace::ResourceSpans>(size_of::<model::Resource>(), &[(1, &RESOURCE), (2, &SCOPE_SPANS)]);
static SCOPE_SPANS: MessageLayout = scoped::<trace::ScopeSpans>(&[(1, &SCOPE), (2, &SPAN)]);
static SPAN: MessageLayout =
    record::<trace::Span>(size_of::<model::Span>(), &[(9, &PAIR), (11, &EVENT), (13, &LINK)]);
static EVENT: MessageLayout = attributed::<trace::span::Event>(size_of::<model::SpanEvent>(), &[(3, &PAIR)]);
static LINK: MessageLayout = attributed::<trace::span::Link>(size_of::<model::SpanLink>(), &[(4, &PAIR)]);

/// The layout of a request with log records.
pub(crate) static LOGS: MessageLayout = single(&[(1, &RESOURCE_LOGS)]);
static RESOURCE_LOGS: MessageLayout =
    attributed::<logs::ResourceLogs>(size_of::<model::Resource>(), &[(1, &RESOURCE), (2, &SCOPE_LOGS)]);
static SCOPE_LOGS: MessageLayout = scoped::<logs::ScopeLogs>(&[(1, &SCOPE), (2, &LOG_RECORD)]);
static LOG_RECORD: MessageLayout =
    record::<logs::LogRecord>(size_of::<model::LogRecord>(), &[(5, &ANY_VALUE), (6, &PAIR)]);

/// The layout of a request with metrics.
pub(crate) static METRICS: MessageLayout = single(&[(1, &RESOURCE_METRICS)]);
static RESOURCE_METRICS: MessageLayout = attributed::<metrics::ResourceMetrics>(
    size_of::<model::Resource>(),
    &[(1, &RESOURCE), (2, &SCOPE_METRICS)],
);
static SCOPE_METRICS: MessageLayout = scoped::<metrics::ScopeMetrics>(&[(1, &SCOPE), (2, &METRIC)]);
static METRIC: MessageLayout = MessageLayout {
    wire_bytes: 2 * size_of::<metrics::Metric>(),
    record_bytes: 0,
    role: Role::Described(&[1, 2, 3]),
    nested: &[(5, &NUMBERS), (7, &NUMBERS), (9, &HISTOGRAM), (10, &EXPONENTIAL), (11, &SUMMARY), (12, &PAIR)],
};
static NUMBERS: MessageLayout = single(&[(1, &NUMBER)]);
static NUMBER: MessageLayout = record::<metrics::NumberDataPoint>(POINT_BYTES, &[(5, &EXEMPLAR), (7, &PAIR)]);
static HISTOGRAM: MessageLayout = single(&[(1, &HISTOGRAM_POINT)]);
static HISTOGRAM_POINT: MessageLayout =
    record::<metrics::HistogramDataPoint>(HISTOGRAM_BYTES, &[(8, &EXEMPLAR), (9, &PAIR)]);
static EXPONENTIAL: MessageLayout = single(&[(1, &EXPONENTIAL_POINT)]);
static EXPONENTIAL_POINT: MessageLayout = record::<metrics::ExponentialHistogramDataPoint>(
    HISTOGRAM_BYTES,
    &[(1, &PAIR), (8, &EXPONENTIAL_BUCKETS), (9, &EXPONENTIAL_BUCKETS), (11, &EXEMPLAR)],
);
static EXPONENTIAL_BUCKETS: MessageLayout = single(&[(2, &PACKED_COUNTS)]);
/// Counts have variable length: one byte on the wire becomes eight in memory.
static PACKED_COUNTS: MessageLayout =
    MessageLayout { wire_bytes: 0, record_bytes: 0, role: Role::Numbers, nested: &[] };
static SUMMARY: MessageLayout = single(&[(1, &SUMMARY_POINT)]);
static SUMMARY_POINT: MessageLayout =
    record::<metrics::SummaryDataPoint>(HISTOGRAM_BYTES, &[(6, &QUANTILE), (7, &PAIR)]);
static QUANTILE: MessageLayout =
    message::<metrics::summary_data_point::ValueAtQuantile>(size_of::<(f64, f64)>(), &[]);
static EXEMPLAR: MessageLayout = attributed::<metrics::Exemplar>(size_of::<model::Exemplar>(), &[(7, &PAIR)]);
