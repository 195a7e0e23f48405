//! Limits that protect the engine from requests: body size, memory, concurrency and origin.

pub(crate) mod body;
pub(crate) mod budget;
pub(crate) mod buffer;
pub(crate) mod compression;
pub(crate) mod connections;
pub(crate) mod cross_origin;
pub(crate) mod layout;
pub(crate) mod memory;
pub(crate) mod open_connections;
mod running_requests;
pub(crate) mod server;
