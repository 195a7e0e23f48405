//! The parts of the report, each from the contents to markup.

mod alerts;
mod checks;
mod machine;
mod method;
mod overview;
mod service;

pub(crate) use alerts::alerts;
pub(crate) use checks::checks;
pub(crate) use machine::{gaps, logs, vitals};
pub(crate) use method::method;
pub(crate) use overview::{services, summary};
pub(crate) use service::service;
