//! OTLP's JSON mapping (specification, "JSON Protobuf Encoding"): names in lowerCamelCase, trace and span ids
//! in hexadecimal, 64-bit numbers as text or numbers, enums as numbers, unknown names ignored.

mod common;
mod fields;
mod logs;
mod metrics;
mod traces;

pub(crate) use fields::Fault;
pub(crate) use logs::logs_request;
pub(crate) use metrics::metrics_request;
pub(crate) use traces::traces_request;
