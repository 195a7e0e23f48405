//! What can be watched while partitions are made.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

/// One step of sealing, compaction or dropping. It is told before the step is taken: what lies on disk then is
/// what a crash at this place leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaintenanceStep {
    /// A new head takes what comes from now on.
    Rotate,
    /// A file is begun.
    Write {
        /// Its name once it is finished.
        path: PathBuf,
        /// Windows already written.
        done: usize,
        /// Windows to write.
        of: usize,
    },
    /// What the points in finished files come to by the minute and by the hour is written to files beside them.
    RollUp,
    /// The finished files' names are made safe.
    Name,
    /// The partition table is changed.
    Commit,
    /// Files are no longer named by the table; they go when their last reader ends.
    Clean,
}

type Observer = Arc<dyn Fn(MaintenanceStep) + Send + Sync>;

/// Who watches.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<RwLock<Option<Observer>>>);

impl std::fmt::Debug for Steps {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Steps")
    }
}

impl Steps {
    pub(crate) fn watch(&self, observer: impl Fn(MaintenanceStep) + Send + Sync + 'static) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(observer));
    }

    pub(crate) fn tell(&self, step: MaintenanceStep) {
        let observer = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(observer) = observer {
            observer(step);
        }
    }
}
