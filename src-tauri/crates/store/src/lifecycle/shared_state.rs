//! The state that outlives one opening of the database.

use std::sync::{Arc, atomic::AtomicU64};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::{Commit, maintenance::events::MaintenanceObserver, write::cardinality::CardinalityLimiter};

/// The state that all sessions of a store share.
#[derive(Debug, Clone)]
pub(crate) struct SharedState {
    pub(crate) limiter: Arc<Mutex<CardinalityLimiter>>,
    pub(crate) commits: broadcast::Sender<Commit>,
    /// Snapshots opened, with those of single reads.
    pub(crate) snapshots: Arc<AtomicU64>,
    pub(crate) observer: MaintenanceObserver,
}

impl SharedState {
    /// Creates the state of a store that publishes its commits to a channel.
    pub(crate) fn new(commits: broadcast::Sender<Commit>) -> Self {
        Self {
            limiter: Arc::default(),
            commits,
            snapshots: Arc::default(),
            observer: MaintenanceObserver::default(),
        }
    }
}
