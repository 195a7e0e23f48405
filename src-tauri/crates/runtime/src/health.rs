//! Health reports of components.

use std::sync::Arc;

use model::{ComponentStatus, HealthState};
use parking_lot::Mutex;

/// The end of a health report that a component writes. Clones share the report.
#[derive(Debug, Clone)]
pub struct HealthReporter {
    name: Arc<str>,
    report: Arc<Mutex<(HealthState, String)>>,
}

impl HealthReporter {
    /// Creates the report of the component `name`. Its state is unknown until the first report.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), report: Arc::new(Mutex::new((HealthState::Unknown, String::new()))) }
    }

    /// Reports that the component works.
    pub fn healthy(&self) {
        self.report(HealthState::Healthy, String::new());
    }

    /// Replaces the state and the message. The message says what is wrong and may be empty.
    pub fn report(&self, state: HealthState, message: String) {
        *self.report.lock() = (state, message);
    }

    /// Returns the latest report.
    pub fn status(&self) -> ComponentStatus {
        let (state, message) = self.report.lock().clone();
        ComponentStatus { name: self.name.to_string(), state, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_latest_report() {
        let reporter = HealthReporter::new("tail");
        assert_eq!(reporter.status().state, HealthState::Unknown);
        reporter.clone().report(HealthState::Degraded, "file is gone".to_owned());
        let status = reporter.status();
        assert_eq!((status.name.as_str(), status.state), ("tail", HealthState::Degraded));
        assert_eq!(status.message, "file is gone");
        reporter.healthy();
        assert_eq!(
            (reporter.status().state, reporter.status().message),
            (HealthState::Healthy, String::new())
        );
    }
}
