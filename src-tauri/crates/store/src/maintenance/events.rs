//! Events of sealing, compaction and deletion, for observers.

use std::{path::PathBuf, sync::Arc};

use parking_lot::RwLock;

/// One step of sealing, compaction or deletion. Observers are called before the step: the files on
/// disk are then those that a crash at this point leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaintenanceEvent {
    /// A new head is added for new points.
    Rotate,
    /// A file is being written.
    Write {
        /// Its name once it is finished.
        path: PathBuf,
        /// Windows already written.
        done: usize,
        /// Windows to write.
        of: usize,
    },
    /// The roll-ups of finished files are being written.
    RollUp,
    /// The folder is synced.
    Name,
    /// The segment table is being changed.
    Commit,
    /// Replaced files are no longer in the table. Each is deleted with its last reader.
    Clean,
}

type Observer = Arc<dyn Fn(MaintenanceEvent) + Send + Sync>;

/// The registered observer, if any.
#[derive(Clone, Default)]
pub(crate) struct MaintenanceObserver(Arc<RwLock<Option<Observer>>>);

impl std::fmt::Debug for MaintenanceObserver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MaintenanceObserver")
    }
}

impl MaintenanceObserver {
    /// Registers an observer in place of the previous one.
    pub(crate) fn watch(&self, observer: impl Fn(MaintenanceEvent) + Send + Sync + 'static) {
        *self.0.write() = Some(Arc::new(observer));
    }

    /// Calls the observer.
    pub(crate) fn notify(&self, event: MaintenanceEvent) {
        let observer = self.0.read().clone();
        if let Some(observer) = observer {
            observer(event);
        }
    }
}
