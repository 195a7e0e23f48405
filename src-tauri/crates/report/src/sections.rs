//! The sections of the report. Each converts report data to markup.

mod alerts;
mod checks;
mod gaps;
mod host;
mod logs;
mod method;
mod number;
mod service;
mod services;
mod summary;

pub(crate) use alerts::alerts;
pub(crate) use checks::checks;
pub(crate) use gaps::gaps;
pub(crate) use host::host;
pub(crate) use logs::logs;
pub(crate) use method::method;
pub(crate) use service::service;
pub(crate) use services::services;
pub(crate) use summary::summary;
