//! Retention: the limits of the settings, their preview and their application.

use model::{DataKind, DataSummary, DropReason, NANOS_PER_SECOND, RetentionLimits, RetentionPreview};
use runtime::Clock;
use store::Store;
use tokio::sync::watch;

use config::Settings;

use crate::EngineError;

/// Plans and applies the retention of the settings. Clones share the store.
#[derive(Debug, Clone)]
pub struct Retention {
    store: Store,
    clock: Clock,
    settings: watch::Receiver<Settings>,
}

impl Retention {
    pub(crate) fn new(store: Store, clock: Clock, settings: watch::Receiver<Settings>) -> Self {
        Self { store, clock, settings }
    }

    /// Reads the data stored by kind, and the data the next pass would delete.
    pub async fn preview(&self) -> Result<RetentionPreview, EngineError> {
        self.preview_limits(&self.limits()).await
    }

    /// Reads the data stored by kind, and the data a pass with these limits would delete.
    pub async fn preview_limits(&self, limits: &[RetentionLimits]) -> Result<RetentionPreview, EngineError> {
        Ok(self.store.admin().plan_retention(limits, self.clock.now()).await?.preview)
    }

    /// Reads all that is stored with its location and size, and the preview of the next pass.
    pub async fn summary(&self) -> Result<DataSummary, EngineError> {
        let disk_space = self.store.admin().disk_space().await;
        Ok(DataSummary {
            retention: self.preview().await?,
            levels: self.store.admin().levels().await?,
            database_bytes: self.store.admin().database_bytes().await,
            free_bytes: disk_space.free,
            reserve_bytes: disk_space.reserve,
        })
    }

    /// Deletes the data beyond the limits and returns it by kind.
    pub async fn apply(&self) -> Result<RetentionPreview, EngineError> {
        let plan = self.store.admin().plan_retention(&self.limits(), self.clock.now()).await?;
        let removed = plan.preview.clone();
        self.store.admin().apply_retention(plan).await?;
        Ok(removed)
    }

    /// Describes a pass in one line. Empty if it deleted nothing.
    pub(crate) fn summarize(removed: &RetentionPreview) -> String {
        let count = |reason: Option<DropReason>| -> u64 {
            removed
                .dropped
                .iter()
                .filter(|dropped| reason.is_none_or(|reason| dropped.reason == reason))
                .map(|dropped| dropped.rows + dropped.rollup_rows)
                .sum()
        };
        let (all, expired) = (count(None), count(Some(DropReason::Age)));
        if all == 0 {
            return String::new();
        }
        format!("last pass deleted {all} records: {expired} expired, {} over the size limit", all - expired)
    }

    fn limits(&self) -> Vec<RetentionLimits> {
        limits(&self.settings.borrow().retention)
    }
}

/// Converts days to nanoseconds.
fn age(days: u32) -> i64 {
    i64::from(days) * 86_400 * NANOS_PER_SECOND
}

fn limits(settings: &config::Retention) -> Vec<RetentionLimits> {
    let limit = |kind, days: u32, megabytes: u32| RetentionLimits {
        kind,
        age: age(days),
        minutes_age: None,
        hours_age: None,
        bytes: u64::from(megabytes) * 1_000_000,
    };
    vec![
        RetentionLimits {
            minutes_age: Some(age(settings.metrics_minutes_days)),
            hours_age: Some(age(settings.metrics_hours_days)),
            ..limit(DataKind::Metrics, settings.metrics_days, settings.metrics_megabytes)
        },
        limit(DataKind::Logs, settings.logs_days, settings.logs_megabytes),
        limit(DataKind::Spans, settings.spans_days, settings.spans_megabytes),
    ]
}
