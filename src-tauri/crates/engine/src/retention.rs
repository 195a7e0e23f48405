//! Keeps data no longer than the settings say.

use std::time::Duration;

use config::Retention;
use model::{
    DataKind, DataSummary, DropReason, HealthState, KindLimits, NANOS_PER_SECOND, PartReporter,
    RetentionPreview,
};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, now};

/// Between two passes.
const EVERY: Duration = Duration::from_secs(900);
/// The first pass lets everything else start first.
const FIRST: Duration = Duration::from_secs(60);

/// Runs passes until `stop`, and one soon after the settings changed.
pub(crate) async fn run(engine: Engine, reporter: PartReporter, stop: CancellationToken) {
    let mut settings = engine.settings().watch();
    let mut wait = FIRST;
    reporter.healthy();
    loop {
        let retention = settings.borrow_and_update().retention.clone();
        let changed = async {
            while settings.changed().await.is_ok() {
                if settings.borrow_and_update().retention != retention {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed => { wait = FIRST; continue }
            () = tokio::time::sleep(wait) => {}
        }
        match engine.apply_retention().await {
            Ok(went) => reporter.report(HealthState::Healthy, told(&went)),
            Err(error) => reporter.report(HealthState::Degraded, error.to_string()),
        }
        wait = EVERY;
    }
}

impl Engine {
    /// What is kept, and what the next pass of retention would take.
    pub async fn retention_preview(&self) -> Result<RetentionPreview, EngineError> {
        self.try_retention(&limits(&self.settings().in_force().retention)).await
    }

    /// What is kept, and what a pass of retention would take with other limits than those in force.
    pub async fn try_retention(&self, limits: &[KindLimits]) -> Result<RetentionPreview, EngineError> {
        Ok(self.store().plan_retention(limits, now()).await?.preview)
    }

    /// All that is kept, what lies where, and what would go.
    pub async fn data_summary(&self) -> Result<DataSummary, EngineError> {
        let store = self.store();
        let room = store.disk_room().await;
        Ok(DataSummary {
            retention: self.retention_preview().await?,
            levels: store.levels().await?,
            database_bytes: store.database_bytes().await,
            free_bytes: room.free,
            reserve_bytes: room.reserve,
        })
    }

    /// Takes what is beyond the limits now; what that was.
    pub async fn apply_retention(&self) -> Result<RetentionPreview, EngineError> {
        let limits = limits(&self.settings().in_force().retention);
        let plan = self.store().plan_retention(&limits, now()).await?;
        let went = plan.preview.clone();
        self.store().apply_retention(plan).await?;
        Ok(went)
    }
}

fn age(days: u32) -> i64 {
    i64::from(days) * 86_400 * NANOS_PER_SECOND
}

fn limits(settings: &Retention) -> Vec<KindLimits> {
    let limit = |kind, days: u32, megabytes: u32| KindLimits {
        kind,
        age: age(days),
        minutes_age: None,
        hours_age: None,
        bytes: u64::from(megabytes) * 1_000_000,
    };
    vec![
        KindLimits {
            minutes_age: Some(age(settings.metrics_minutes_days)),
            hours_age: Some(age(settings.metrics_hours_days)),
            ..limit(DataKind::Metrics, settings.metrics_days, settings.metrics_megabytes)
        },
        limit(DataKind::Logs, settings.logs_days, settings.logs_megabytes),
        limit(DataKind::Spans, settings.spans_days, settings.spans_megabytes),
    ]
}

/// The last pass in words; nothing if it took nothing.
fn told(went: &RetentionPreview) -> String {
    let rows: u64 = went.dropped.iter().map(|dropped| dropped.rows + dropped.steps).sum();
    if rows == 0 {
        return String::new();
    }
    let old: u64 = went
        .dropped
        .iter()
        .filter(|dropped| dropped.reason == DropReason::Age)
        .map(|dropped| dropped.rows + dropped.steps)
        .sum();
    format!("the last pass took {rows} records: {old} too old, {} beyond the megabytes", rows - old)
}
