//! Limits that protect the engine from requests: body size, decoded memory, concurrency and origin.

pub(crate) mod body;
pub(crate) mod connections;
pub(crate) mod cross_origin;
pub(crate) mod memory;
