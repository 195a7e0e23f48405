//! Keeps telemetry and history in one DuckDB file. The only crate with SQL in it: what comes in and
//! goes out are the nouns of `model`.

mod commit;
mod error;
mod export;
mod history;
mod options;
mod read;
mod store;

pub use commit::{Changed, Commit};
pub use error::StoreError;
pub use options::StoreOptions;
pub use store::{Store, StoreStatistics};
