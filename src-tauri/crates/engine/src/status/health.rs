//! The health of the components, in the order they were started.

use std::sync::Arc;

use model::ComponentStatus;
use parking_lot::Mutex;
use runtime::HealthReporter;

/// The reporters of the components. Clones share the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct ComponentHealth {
    reporters: Arc<Mutex<Vec<HealthReporter>>>,
}

impl ComponentHealth {
    /// Adds a reporter for a component. It replaces the reporter of the same name.
    pub(crate) fn reporter(&self, name: &str) -> HealthReporter {
        let reporter = HealthReporter::new(name);
        let mut reporters = self.reporters.lock();
        match reporters.iter_mut().find(|other| other.status().name == name) {
            Some(slot) => *slot = reporter.clone(),
            None => reporters.push(reporter.clone()),
        }
        reporter
    }

    /// Removes a component from the list.
    pub(crate) fn remove(&self, name: &str) {
        self.reporters.lock().retain(|reporter| reporter.status().name != name);
    }

    /// Returns the status of every component.
    pub(crate) fn statuses(&self) -> Vec<ComponentStatus> {
        self.reporters.lock().iter().map(HealthReporter::status).collect()
    }
}
