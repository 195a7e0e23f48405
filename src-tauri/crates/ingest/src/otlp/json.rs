//! OTLP's JSON mapping (specification, "JSON Protobuf Encoding").
//!
//! Names are in lowerCamelCase or as in the protobuf files. Trace and span ids are in hexadecimal,
//! enums are numbers or names. Numbers may be strings. Unknown names are ignored. A body is read as
//! a stream, without a document in between. A value of a wrong type costs one record.

mod body;
mod common;
mod context;
mod fields;
mod logs;
mod metrics;
mod points;
mod scalar;
mod traces;

pub(super) use body::read_message;
pub(super) use fields::JsonMessage;
