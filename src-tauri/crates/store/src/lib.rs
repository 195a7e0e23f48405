//! Keeps telemetry and history in one DuckDB file, and sealed metrics in Parquet files beside it. The only crate with SQL in it: what comes in and
//! goes out are the nouns of `model`.

mod append;
mod commit;
mod condition;
mod dictionary;
mod distinct;
mod error;
mod export;
mod head;
mod histogram;
mod history;
mod layout;
mod maintain;
mod matcher;
mod open;
mod options;
mod partition;
mod parts;
mod read;
mod reader;
mod recover;
mod reduce;
mod retention;
mod room;
mod schema;
mod series_limit;
mod shrink;
mod sql;
mod store;
mod table_file;
mod verify;
mod weight;
mod workings;
mod writer;

pub use commit::{Changed, Commit};
pub use error::StoreError;
pub use layout::{Partition, PartitionShare, PartitionSignal};
pub use maintain::MaintenanceStep;
pub use options::StoreOptions;
pub use read::ServiceStep;
pub use retention::RetentionPlan;
pub use room::DiskRoom;
pub use series_limit::{HeldBack, SeriesLimit, SeriesLimits};
pub use store::{Accepted, Store, StoreStatistics};
pub use table_file::{TableRows, TableVisitor, read_parquet};
pub use verify::PartitionFault;
