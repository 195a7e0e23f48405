//! Storage of telemetry and history: one DuckDB file, and sealed metrics in Parquet files beside
//! it.
//!
//! This is the only crate with SQL in it. Its arguments and results are the nouns of `model`.

mod admin;
mod catalog;
mod database;
mod history;
mod integrity;
mod lifecycle;
mod logs;
mod maintenance;
mod metrics;
mod read;
mod retention;
mod segment;
mod signals;
mod store;
mod traces;
mod transfer;
mod write;

pub use admin::{Admin, StoreStatistics};
pub use database::{error::StoreError, options::StoreOptions};
pub use history::{reader::HistoryReader, writer::History};
pub use integrity::{
    folder_state::DataNotice,
    report::{RepairReport, RepairStep},
    verify::SegmentFault,
};
pub use logs::read::Logs;
pub use maintenance::events::MaintenanceEvent;
pub use metrics::read::{
    metrics_view::Metrics,
    series_set::{SelectHints, SeriesSet},
};
pub use read::snapshot::Snapshot;
pub use retention::RetentionPlan;
pub use segment::{
    info::{Segment, SegmentShare},
    signal::SegmentSignal,
};
pub use store::{Accepted, Store};
pub use traces::{read::Traces, services::ServiceStep};
pub use transfer::{
    export::ExportedFile,
    parquet_import::{TableRows, TableVisitor, read_parquet},
};
pub use write::{
    commit::{Changed, Commit},
    disk_space::DiskSpace,
    dropped::{CardinalityLimit, CardinalityLimits, DroppedSeries},
};
