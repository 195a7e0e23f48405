//! Alert rules, alerts, notifications and silences.

use duckdb::Connection;
use model::{Alert, AlertEvidence, AlertTransition, Notification, Silence, TimeRange, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    reader::HistoryReader,
    writer::{History, document, document_text},
};
use crate::{
    Changed, StoreError,
    database::{
        columns::{Columns, append_rows, optional_text, signed, text},
        sql::{Parameter, quote},
    },
};

fn alerts_changed() -> Changed {
    Changed { alerts: true, ..Changed::default() }
}

fn rules_changed() -> Changed {
    Changed { rules: true, alerts: true, ..Changed::default() }
}

fn notifications_changed() -> Changed {
    Changed { notifications: true, ..Changed::default() }
}

/// Document, fingerprint and rule of an alert.
type AlertRow = (String, String, String);
/// Document, time, fingerprint and rule of a transition.
type TransitionRow = (String, i64, String, String);
/// Document, id, time and fingerprint of a notification.
type NotificationRow = (String, String, i64, Option<String>);

fn alert_columns(rows: &[AlertRow]) -> Columns {
    vec![
        ("fingerprint", text(rows.iter().map(|row| row.1.as_str()))),
        ("rule_id", text(rows.iter().map(|row| row.2.as_str()))),
        ("document", text(rows.iter().map(|row| row.0.as_str()))),
    ]
}

fn transition_columns(rows: &[TransitionRow]) -> Columns {
    vec![
        ("time", signed(rows.iter().map(|row| Some(row.1)))),
        ("fingerprint", text(rows.iter().map(|row| row.2.as_str()))),
        ("rule_id", text(rows.iter().map(|row| row.3.as_str()))),
        ("document", text(rows.iter().map(|row| row.0.as_str()))),
    ]
}

fn notification_columns(rows: &[NotificationRow]) -> Columns {
    vec![
        ("id", text(rows.iter().map(|row| row.1.as_str()))),
        ("time", signed(rows.iter().map(|row| Some(row.2)))),
        ("fingerprint", optional_text(rows.iter().map(|row| row.3.as_deref()))),
        ("document", text(rows.iter().map(|row| row.0.as_str()))),
    ]
}

/// Deletes the rows that have one of some texts in a column.
fn delete_by_text<'text>(
    connection: &Connection,
    table: &str,
    column: &str,
    texts: impl Iterator<Item = &'text str>,
) -> Result<(), StoreError> {
    let quoted: Vec<String> = texts.map(quote).collect();
    if !quoted.is_empty() {
        connection.execute(&format!("DELETE FROM {table} WHERE {column} IN ({})", quoted.join(",")), [])?;
    }
    Ok(())
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
        if alerts.is_empty() && transitions.is_empty() {
            return Ok(());
        }
        let alerts: Vec<AlertRow> = alerts
            .into_iter()
            .map(|alert| Ok((document_text(&alert)?, alert.fingerprint, alert.rule_id)))
            .collect::<Result<_, StoreError>>()?;
        let transitions: Vec<TransitionRow> = transitions
            .into_iter()
            .map(|transition| {
                let document = document_text(&transition)?;
                Ok((document, transition.time.0, transition.fingerprint, transition.rule_id))
            })
            .collect::<Result<_, StoreError>>()?;
        let change = move |connection: &Connection| {
            delete_by_text(connection, "alerts", "fingerprint", alerts.iter().map(|row| row.1.as_str()))?;
            if !alerts.is_empty() {
                append_rows(connection, "alerts", alert_columns(&alerts))?;
            }
            if !transitions.is_empty() {
                append_rows(connection, "transitions", transition_columns(&transitions))?;
            }
            Ok((alerts.len() + transitions.len()) as u64)
        };
        self.change(alerts_changed(), change).await.map(drop)
    }

    /// Stores the evidence of a firing.
    pub async fn put_evidence(&self, evidence: AlertEvidence) -> Result<(), StoreError> {
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
        self.record_notifications(vec![notification]).await
    }

    /// Stores notifications, each in place of the one with its id. Their ids differ.
    pub async fn record_notifications(&self, notifications: Vec<Notification>) -> Result<(), StoreError> {
        if notifications.is_empty() {
            return Ok(());
        }
        let rows: Vec<NotificationRow> = notifications
            .into_iter()
            .map(|notification| {
                let document = document_text(&notification)?;
                Ok((document, notification.id, notification.time.0, notification.fingerprint))
            })
            .collect::<Result<_, StoreError>>()?;
        let change = move |connection: &Connection| {
            delete_by_text(connection, "notifications", "id", rows.iter().map(|row| row.1.as_str()))?;
            append_rows(connection, "notifications", notification_columns(&rows))?;
            Ok(rows.len() as u64)
        };
        self.change(notifications_changed(), change).await.map(drop)
    }

    /// Stores the action chosen on a notification, and returns it. None if there is none with this
    /// id.
    pub async fn set_notification_action(
        &self,
        id: &str,
        action: &str,
    ) -> Result<Option<Notification>, StoreError> {
        let found: Vec<Notification> =
            self.documents("SELECT document FROM notifications WHERE id = ?", vec![id.into()]).await?;
        let Some(mut notification) = found.into_iter().next() else { return Ok(None) };
        notification.action = Some(action.to_owned());
        self.record_notification(notification.clone()).await?;
        Ok(Some(notification))
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
