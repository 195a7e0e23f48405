//! The state the tray shows.

use model::{Alert, AlertState, CheckCounts, EngineStatus};
use serde_json::json;

use super::icon::Mark;
use crate::source::Source;

/// The state the tray shows. Icon and menu are rebuilt only when it changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Summary {
    /// Fingerprint and title of every firing alert.
    pub(super) firing: Vec<(String, String)>,
    pub(super) pending: u32,
    pub(super) checks: CheckCounts,
    pub(super) paused: bool,
    pub(super) muted: bool,
    /// True if the engine runs in this process and ends with it.
    pub(super) owns_engine: bool,
}

impl Summary {
    /// Reads the firing alerts and combines them with a status.
    pub(super) async fn read(source: &Source, status: &EngineStatus) -> Self {
        let alerts = match source.backend().call("alerts", json!({})).await {
            Ok(api::Reply::Json(value)) => serde_json::from_value::<Vec<Alert>>(value).unwrap_or_default(),
            _ => Vec::new(),
        };
        let firing = alerts
            .iter()
            .filter(|alert| alert.state == AlertState::Firing)
            .map(|alert| (alert.fingerprint.clone(), title(alert)))
            .collect();
        Self {
            firing,
            pending: status.alerts.pending,
            checks: status.checks,
            paused: status.paused,
            muted: status.muted_until.is_some(),
            owns_engine: source.engine().is_some(),
        }
    }

    /// Returns the mark of the icon.
    pub(super) fn mark(&self) -> Mark {
        if self.paused {
            Mark::Unknown
        } else if !self.firing.is_empty() || self.checks.unhealthy > 0 {
            Mark::Unhealthy
        } else if self.checks.degraded > 0 {
            Mark::Degraded
        } else {
            Mark::Healthy
        }
    }

    /// Returns the state in words.
    pub(super) fn text(&self) -> String {
        let failing = self.checks.degraded + self.checks.unhealthy;
        match (self.firing.len(), failing) {
            _ if self.paused => "collection paused".to_owned(),
            (0, 0) => "no alerts firing".to_owned(),
            (0, 1) => "1 check failing".to_owned(),
            (0, failing) => format!("{failing} checks failing"),
            (1, _) => "1 alert firing".to_owned(),
            (firing, _) => format!("{firing} alerts firing"),
        }
    }
}

fn title(alert: &Alert) -> String {
    let labels: Vec<&str> = alert.labels.values().map(String::as_str).collect();
    if labels.is_empty() {
        alert.rule_name.clone()
    } else {
        format!("{} - {}", alert.rule_name, labels.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firing_alerts_take_precedence_over_checks_and_a_pause_over_both() {
        let mut summary = Summary::default();
        assert_eq!((summary.mark(), summary.text()), (Mark::Healthy, "no alerts firing".to_owned()));
        summary.checks.degraded = 2;
        assert_eq!((summary.mark(), summary.text()), (Mark::Degraded, "2 checks failing".to_owned()));
        summary.firing = vec![("one".to_owned(), "Latency".to_owned())];
        assert_eq!((summary.mark(), summary.text()), (Mark::Unhealthy, "1 alert firing".to_owned()));
        summary.paused = true;
        assert_eq!((summary.mark(), summary.text()), (Mark::Unknown, "collection paused".to_owned()));
    }
}
