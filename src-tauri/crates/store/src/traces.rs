//! Spans, traces and the services that they come from.

pub(crate) mod append;
pub(crate) mod identity;
pub(crate) mod read;
pub(crate) mod requests;
pub(crate) mod service_summary;
pub(crate) mod services;
