//! OTLP's JSON mapping (specification, "JSON Protobuf Encoding").
//!
//! Names are in lowerCamelCase, trace and span ids in hexadecimal, enums are numbers. 64-bit
//! numbers are strings or numbers. Unknown names are ignored.

mod common;
mod fields;
mod logs;
mod metrics;
mod traces;

pub(super) use fields::JsonError;
pub(super) use logs::logs_request;
pub(super) use metrics::metrics_request;
pub(super) use traces::traces_request;
