//! The silence stage: silences, and the mute of all alerts.

use model::{Alert, Silence, TimeRange, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use store::Store;

use crate::AlertError;

/// Identifier of the silence that covers every alert. It is not listed with the others.
const MUTE: &str = "mute";

/// Returns whether a silence covers an alert at a time. Pure.
pub fn silences(silence: &Silence, alert: &Alert, now: Timestamp) -> bool {
    silence.range.contains(now)
        && silence.rule_id.as_ref().is_none_or(|rule| *rule == alert.rule_id)
        && silence.labels.iter().all(|(key, value)| alert.labels.get(key) == Some(value))
}

/// The stored silences, past ones included.
pub(crate) struct Silences {
    store: Store,
    silences: Mutex<Vec<Silence>>,
}

impl Silences {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, silences: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Silence>> {
        self.silences.lock()
    }

    /// Loads the silences from the store.
    pub(crate) async fn load(&self) -> Result<(), AlertError> {
        let stored = self.store.history().silences().await?;
        *self.lock() = stored;
        Ok(())
    }

    /// Returns every silence except the mute.
    pub(crate) fn list(&self) -> Vec<Silence> {
        self.lock().iter().filter(|silence| silence.id != MUTE).cloned().collect()
    }

    /// Returns whether any silence covers an alert at a time.
    pub(crate) fn covers(&self, alert: &Alert, now: Timestamp) -> bool {
        self.lock().iter().any(|silence| silences(silence, alert, now))
    }

    /// Saves a silence; a new one gets an identifier.
    pub(crate) async fn save(&self, mut silence: Silence, now: Timestamp) -> Result<Silence, AlertError> {
        if silence.range.length() == 0 {
            return Err(AlertError::Invalid("the silence ends before it starts".into()));
        }
        silence.range.validate().map_err(AlertError::Invalid)?;
        if silence.id.is_empty() {
            let digest = xxhash_rust::xxh3::xxh3_64(format!("{silence:?}\n{}", now.0).as_bytes());
            silence.id = format!("silence-{digest:016x}");
        }
        self.store.history().put_silence(silence.clone()).await?;
        let mut silences = self.lock();
        silences.retain(|known| known.id != silence.id);
        silences.push(silence.clone());
        Ok(silence)
    }

    /// Deletes a silence. Returns false if it does not exist.
    pub(crate) async fn delete(&self, id: &str) -> Result<bool, AlertError> {
        let known = self.store.history().delete_silence(id).await?;
        self.lock().retain(|silence| silence.id != id);
        Ok(known)
    }

    /// Ends the silences that last until the alerts of a rule are resolved and cover none of
    /// `alerts`, the pending and firing ones. Without alerts all of them end.
    pub(crate) async fn end_resolved(&self, rule_id: &str, alerts: &[Alert], now: Timestamp) {
        let is_over = |silence: &Silence| {
            silence.until_resolved
                && silence.range.contains(now)
                && silence.rule_id.as_deref() == Some(rule_id)
                && !alerts.iter().any(|alert| silences(silence, alert, now))
        };
        let over: Vec<String> =
            self.lock().iter().filter(|one| is_over(one)).map(|silence| silence.id.clone()).collect();
        for id in over {
            if let Err(error) = self.delete(&id).await {
                tracing::warn!(silence = %id, %error, "the silence of a resolved alert is not ended");
            }
        }
    }

    /// Mutes all alerts until a time; a past time or none ends the mute.
    pub(crate) async fn mute(&self, until: Option<Timestamp>, now: Timestamp) -> Result<(), AlertError> {
        match until.filter(|until| *until > now) {
            Some(until) => {
                let mute = Silence {
                    id: MUTE.to_owned(),
                    rule_id: None,
                    labels: Default::default(),
                    range: TimeRange::new(now, until),
                    reason: "muted".to_owned(),
                    until_resolved: false,
                };
                self.save(mute, now).await.map(drop)
            }
            None => self.delete(MUTE).await.map(drop),
        }
    }

    /// Returns the end of the current mute.
    pub(crate) fn muted_until(&self, now: Timestamp) -> Option<Timestamp> {
        let silences = self.lock();
        let mute = silences.iter().find(|silence| silence.id == MUTE && silence.range.contains(now))?;
        Some(mute.range.end)
    }
}
