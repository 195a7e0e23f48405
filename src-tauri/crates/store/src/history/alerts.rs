//! Reading and writing of history/alerts.

use model::{Alert, AlertEvidence, AlertRule, AlertTransition, Notification, Silence, TimeRange, Timestamp};

use crate::{Store, StoreError};

impl Store {
    pub async fn rules(&self) -> Result<Vec<AlertRule>, StoreError> {
        Err(StoreError::Closed)
    }
    pub async fn put_rule(&self, rule: AlertRule) -> Result<(), StoreError> {
        let _ = (rule,);
        Err(StoreError::Closed)
    }
    pub async fn delete_rule(&self, id: &str) -> Result<bool, StoreError> {
        let _ = (id,);
        Err(StoreError::Closed)
    }
    pub async fn record_alerts(
        &self,
        alerts: Vec<Alert>,
        transitions: Vec<AlertTransition>,
    ) -> Result<(), StoreError> {
        let _ = (alerts, transitions);
        Err(StoreError::Closed)
    }
    pub async fn alerts(&self) -> Result<Vec<Alert>, StoreError> {
        Err(StoreError::Closed)
    }
    pub async fn transitions(
        &self,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<AlertTransition>, StoreError> {
        let _ = (range, limit);
        Err(StoreError::Closed)
    }
    pub async fn put_evidence(&self, evidence: AlertEvidence) -> Result<(), StoreError> {
        let _ = (evidence,);
        Err(StoreError::Closed)
    }
    pub async fn evidence(
        &self,
        fingerprint: &str,
        fired_at: Option<Timestamp>,
    ) -> Result<Option<AlertEvidence>, StoreError> {
        let _ = (fingerprint, fired_at);
        Err(StoreError::Closed)
    }
    pub async fn record_notification(&self, notification: Notification) -> Result<(), StoreError> {
        let _ = (notification,);
        Err(StoreError::Closed)
    }
    pub async fn set_notification_action(&self, id: &str, action: &str) -> Result<bool, StoreError> {
        let _ = (id, action);
        Err(StoreError::Closed)
    }
    pub async fn notifications(&self, range: TimeRange, limit: u32) -> Result<Vec<Notification>, StoreError> {
        let _ = (range, limit);
        Err(StoreError::Closed)
    }
    pub async fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        Err(StoreError::Closed)
    }
    pub async fn put_silence(&self, silence: Silence) -> Result<(), StoreError> {
        let _ = (silence,);
        Err(StoreError::Closed)
    }
    pub async fn delete_silence(&self, id: &str) -> Result<bool, StoreError> {
        let _ = (id,);
        Err(StoreError::Closed)
    }
}
