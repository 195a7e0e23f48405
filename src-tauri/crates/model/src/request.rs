//! Requests and their responses. Every list has a limit, every range an end.

mod analysis;
mod buckets;
mod filter;
mod import;
mod limits;
mod logs;
mod metrics;
mod report;
mod services;
mod traces;

pub use analysis::*;
pub use buckets::*;
pub use filter::*;
pub use import::*;
pub use limits::*;
pub use logs::*;
pub use metrics::*;
pub use report::*;
pub use services::*;
pub use traces::*;
