//! The kinds of health checks, one module each.

pub(crate) mod http;
pub(crate) mod postgres;
pub(crate) mod redis;
