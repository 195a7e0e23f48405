//! Analysis over stored data: analysis targets, anomaly detection, findings and service health.
//!
//! Every function takes the store and the current time. The crate reads no clock and runs no task.

mod analysis;
mod analysis_target;
mod anomaly_detection;
mod error;
mod findings;
mod resolution;
mod service_health;
mod training_range;

pub use analysis::{analyze, compare};
pub use anomaly_detection::detect_anomalies;
pub use error::InsightError;
pub use service_health::{service, service_names, services};
