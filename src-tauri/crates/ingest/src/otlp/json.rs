//! OTLP's JSON mapping (specification, "JSON Protobuf Encoding").
//!
//! Names are in lowerCamelCase, trace and span ids in hexadecimal, enums are numbers. 64-bit
//! numbers are strings or numbers. Unknown names are ignored. A body is read as a stream, without a
//! document in between.

mod common;
mod context;
mod fields;
mod logs;
mod metrics;
mod points;
mod scalar;
mod traces;

pub(super) use context::read_message;
pub(super) use fields::JsonMessage;
