//! The status of the engine, published once a second.

mod data_diagnostics;
mod diagnostics;
mod health;
pub(crate) mod ledger;
mod log;
mod publisher;
mod rates;
mod receivers;

pub(crate) use health::ComponentHealth;
pub use log::Log;
pub(crate) use publisher::{StatusHandles, StatusPublisher};
pub use receivers::{Protocol, Receivers};
