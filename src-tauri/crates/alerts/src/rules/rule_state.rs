//! One rule in memory, with its alerts and the result of its last evaluation.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use model::{Alert, AlertState, HealthState, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use crate::AlertRule;

/// A rule, its status, and the locks that order changes to it.
pub(crate) struct RuleState {
    /// Held while the alerts of the rule change.
    pub(crate) evaluation_lock: tokio::sync::Mutex<()>,
    /// Held while the notifications of the rule are sent.
    pub(crate) notify_lock: tokio::sync::Mutex<()>,
    /// True if notifications of the current alerts are queued.
    is_notify_queued: AtomicBool,
    status: Mutex<RuleStatus>,
}

/// The current status of a rule.
pub(crate) struct RuleStatus {
    pub(crate) rule: AlertRule,
    /// Its alerts, including recently resolved ones.
    pub(crate) alerts: Arc<Vec<Alert>>,
    /// Unit of the values, may be empty.
    pub(crate) unit: String,
    pub(crate) health: HealthState,
    /// The last error of its evaluation, may be empty.
    pub(crate) error: String,
    pub(crate) evaluated_at: Option<Timestamp>,
    /// Time of the next evaluation.
    pub(crate) next: Timestamp,
    /// True if an evaluation is queued or running.
    pub(crate) running: bool,
}

/// Numbers of alerts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ActiveCounts {
    pub(crate) pending: usize,
    pub(crate) firing: usize,
    /// Firing alerts that a user acknowledged.
    pub(crate) acknowledged: usize,
}

impl RuleState {
    pub(crate) fn new(rule: AlertRule, alerts: Vec<Alert>, next: Timestamp) -> Arc<Self> {
        let status = RuleStatus {
            unit: alerts.first().map_or_else(String::new, |alert| alert.unit.clone()),
            rule,
            alerts: Arc::new(alerts),
            health: HealthState::Unknown,
            error: String::new(),
            evaluated_at: None,
            next,
            running: false,
        };
        Arc::new(Self {
            evaluation_lock: Default::default(),
            notify_lock: Default::default(),
            is_notify_queued: AtomicBool::new(false),
            status: Mutex::new(status),
        })
    }

    /// Records that notifications are to be sent. Returns false if they are queued already.
    pub(crate) fn request_notify(&self) -> bool {
        !self.is_notify_queued.swap(true, Ordering::AcqRel)
    }

    /// Records that the notifications of all alerts up to now are being sent.
    pub(crate) fn begin_notify(&self) {
        self.is_notify_queued.store(false, Ordering::Release);
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, RuleStatus> {
        self.status.lock()
    }

    /// Returns the rule and its alerts as of the same time.
    pub(crate) fn rule_and_alerts(&self) -> (AlertRule, Arc<Vec<Alert>>) {
        let status = self.status();
        (status.rule.clone(), Arc::clone(&status.alerts))
    }

    /// Returns the pending and firing alerts.
    pub(crate) fn active(&self) -> Vec<Alert> {
        let alerts = Arc::clone(&self.status().alerts);
        alerts.iter().filter(|alert| alert.state != AlertState::Inactive).cloned().collect()
    }

    /// Returns the numbers of pending and firing alerts.
    pub(crate) fn count_active(&self) -> ActiveCounts {
        let alerts = Arc::clone(&self.status().alerts);
        let in_state = |state| alerts.iter().filter(move |alert| alert.state == state);
        let is_acknowledged = |alert: &&Alert| alert.acknowledged_at.is_some();
        ActiveCounts {
            pending: in_state(AlertState::Pending).count(),
            firing: in_state(AlertState::Firing).count(),
            acknowledged: in_state(AlertState::Firing).filter(is_acknowledged).count(),
        }
    }
}
