//! Alert rules, alerts, notifications and silences.

use model::{Alert, AlertEvidence, AlertTransition, Notification, Silence, TimeRange, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    reader::HistoryReader,
    writer::{History, document},
};
use crate::{Changed, StoreError, database::sql::Parameter};

fn alerts_changed() -> Changed {
    Changed { alerts: true, ..Changed::default() }
}

fn rules_changed() -> Changed {
    Changed { rules: true, alerts: true, ..Changed::default() }
}

fn notifications_changed() -> Changed {
    Changed { notifications: true, ..Changed::default() }
}

impl HistoryReader {
    /// Returns every rule.
    pub async fn rules<Rule: DeserializeOwned + Send + 'static>(&self) -> Result<Vec<Rule>, StoreError> {
        self.documents("SELECT document FROM rules", Vec::new()).await
    }

    /// Returns the state of every alert.
    pub async fn alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.documents("SELECT document FROM alerts ORDER BY fingerprint", Vec::new()).await
    }

    /// Returns the transitions in the range, newest first.
    pub async fn transitions(
        &self,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<AlertTransition>, StoreError> {
        self.documents(
            "SELECT document FROM transitions WHERE time >= ? AND time < ? ORDER BY time DESC LIMIT ?",
            vec![range.start.0.into(), range.end.0.into(), i64::from(limit).into()],
        )
        .await
    }

    /// Returns the evidence of a firing, or of the latest one without a time.
    pub async fn evidence(
        &self,
        fingerprint: &str,
        fired_at: Option<Timestamp>,
    ) -> Result<Option<AlertEvidence>, StoreError> {
        let fired_at = fired_at.map_or(Parameter::Null, |time| time.0.into());
        let found = self
            .documents(
                "SELECT document FROM evidence WHERE fingerprint = $1 \
                 AND ($2 IS NULL OR fired_at = CAST($2 AS BIGINT)) ORDER BY fired_at DESC LIMIT 1",
                vec![fingerprint.into(), fired_at],
            )
            .await?;
        Ok(found.into_iter().next())
    }

    /// Returns the notifications of the range, newest first.
    pub async fn notifications(&self, range: TimeRange, limit: u32) -> Result<Vec<Notification>, StoreError> {
        self.documents(
            "SELECT document FROM notifications WHERE time >= ? AND time < ? ORDER BY time DESC, id LIMIT ?",
            vec![range.start.0.into(), range.end.0.into(), i64::from(limit).into()],
        )
        .await
    }

    /// Returns every silence, also past ones, in order of their end.
    pub async fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        let mut silences: Vec<Silence> = self.documents("SELECT document FROM silences", Vec::new()).await?;
        silences.sort_by_key(|silence| silence.range.end);
        Ok(silences)
    }
}

impl History {
    /// Saves a rule in place of the one with its id.
    pub async fn put_rule(&self, id: &str, rule: &impl Serialize) -> Result<(), StoreError> {
        let (id, document) = (Parameter::from(id), document(rule)?);
        let statements = vec![
            ("DELETE FROM rules WHERE id = ?", vec![id.clone()]),
            ("INSERT INTO rules VALUES (?, ?)", vec![id, document]),
        ];
        self.define(rules_changed(), statements).await.map(|_| ())
    }

    /// Deletes a rule and its alerts, but not their history. Returns false if there is none.
    pub async fn delete_rule(&self, id: &str) -> Result<bool, StoreError> {
        let id = Parameter::from(id);
        let statements = vec![
            ("DELETE FROM alerts WHERE rule_id = ?", vec![id.clone()]),
            ("DELETE FROM rules WHERE id = ?", vec![id]),
        ];
        Ok(self.define(rules_changed(), statements).await? > 0)
    }

    /// Stores the states of alerts, each in place of the one with its fingerprint, and their
    /// transitions.
    pub async fn record_alerts(
        &self,
        alerts: Vec<Alert>,
        transitions: Vec<AlertTransition>,
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(alerts.len() * 2 + transitions.len());
        for mut alert in alerts {
            alert.value = alert.value.filter(|value| value.is_finite());
            let fingerprint = Parameter::from(alert.fingerprint.as_str());
            statements.push(("DELETE FROM alerts WHERE fingerprint = ?", vec![fingerprint.clone()]));
            statements.push((
                "INSERT INTO alerts VALUES (?, ?, ?)",
                vec![fingerprint, alert.rule_id.as_str().into(), document(&alert)?],
            ));
        }
        for transition in transitions {
            statements.push((
                "INSERT INTO transitions VALUES (?, ?, ?, ?)",
                vec![
                    transition.time.0.into(),
                    transition.fingerprint.as_str().into(),
                    transition.rule_id.as_str().into(),
                    document(&transition)?,
                ],
            ));
        }
        if statements.is_empty() {
            return Ok(());
        }
        self.run(alerts_changed(), statements).await.map(|_| ())
    }

    /// Stores the evidence of a firing, without values that are not finite.
    pub async fn put_evidence(&self, mut evidence: AlertEvidence) -> Result<(), StoreError> {
        for series in &mut evidence.series {
            let finite: Vec<_> = series
                .times
                .iter()
                .copied()
                .zip(series.values.iter().copied())
                .filter(|(_, value)| value.is_finite())
                .collect();
            (series.times, series.values) = finite.into_iter().unzip();
        }
        let key = vec![evidence.fingerprint.as_str().into(), evidence.fired_at.0.into()];
        let mut row = key.clone();
        row.push(document(&evidence)?);
        let statements = vec![
            ("DELETE FROM evidence WHERE fingerprint = ? AND fired_at = ?", key),
            ("INSERT INTO evidence VALUES (?, ?, ?)", row),
        ];
        self.run(alerts_changed(), statements).await.map(|_| ())
    }

    /// Stores a notification in place of the one with its id.
    pub async fn record_notification(&self, notification: Notification) -> Result<(), StoreError> {
        let id = Parameter::from(notification.id.as_str());
        let statements = vec![
            ("DELETE FROM notifications WHERE id = ?", vec![id.clone()]),
            (
                "INSERT INTO notifications VALUES (?, ?, ?, ?)",
                vec![
                    id,
                    notification.time.0.into(),
                    notification.fingerprint.as_deref().map_or(Parameter::Null, Parameter::from),
                    document(&notification)?,
                ],
            ),
        ];
        self.run(notifications_changed(), statements).await.map(|_| ())
    }

    /// Stores the action chosen on a notification. Returns false if there is none with this id.
    pub async fn set_notification_action(&self, id: &str, action: &str) -> Result<bool, StoreError> {
        let found: Vec<Notification> =
            self.documents("SELECT document FROM notifications WHERE id = ?", vec![id.into()]).await?;
        let Some(mut notification) = found.into_iter().next() else { return Ok(false) };
        notification.action = Some(action.to_owned());
        self.record_notification(notification).await?;
        Ok(true)
    }

    /// Saves a silence in place of the one with its id.
    pub async fn put_silence(&self, silence: Silence) -> Result<(), StoreError> {
        let (id, document) = (Parameter::from(silence.id.as_str()), document(&silence)?);
        let statements = vec![
            ("DELETE FROM silences WHERE id = ?", vec![id.clone()]),
            ("INSERT INTO silences VALUES (?, ?)", vec![id, document]),
        ];
        self.define(alerts_changed(), statements).await.map(|_| ())
    }

    /// Deletes a silence. Returns false if there is none.
    pub async fn delete_silence(&self, id: &str) -> Result<bool, StoreError> {
        let statements = vec![("DELETE FROM silences WHERE id = ?", vec![id.into()])];
        Ok(self.define(alerts_changed(), statements).await? > 0)
    }
}
