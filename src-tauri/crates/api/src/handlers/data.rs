//! Stored data: summary, retention, integrity, compaction.

use engine::Engine;
use model::{DataSummary, IntegrityResult, IntegrityTarget, RetentionPreview};

use crate::{ApiError, arguments::*};

pub(crate) async fn data(engine: &Engine, _: Nothing) -> Result<DataSummary, ApiError> {
    Ok(engine.retention().summary().await?)
}

pub(crate) async fn retention_preview(engine: &Engine, _: Nothing) -> Result<RetentionPreview, ApiError> {
    Ok(engine.retention().preview().await?)
}

pub(crate) async fn try_retention(
    engine: &Engine,
    arguments: RetentionArguments,
) -> Result<RetentionPreview, ApiError> {
    Ok(engine.retention().preview_limits(&arguments.limits).await?)
}

pub(crate) async fn apply_retention(engine: &Engine, _: Nothing) -> Result<RetentionPreview, ApiError> {
    Ok(engine.retention().apply().await?)
}

pub(crate) async fn integrity_targets(engine: &Engine, _: Nothing) -> Result<Vec<IntegrityTarget>, ApiError> {
    Ok(engine.store().admin().integrity_targets().await?)
}

pub(crate) async fn verify_data(
    engine: &Engine,
    arguments: IntegrityArguments,
) -> Result<IntegrityResult, ApiError> {
    Ok(engine.store().admin().verify_target(&arguments.name).await?)
}

pub(crate) async fn repair_data(
    engine: &Engine,
    arguments: IntegrityArguments,
) -> Result<IntegrityResult, ApiError> {
    Ok(engine.store().admin().repair_target(&arguments.name).await?)
}

pub(crate) async fn drop_orphans(engine: &Engine, _: Nothing) -> Result<u64, ApiError> {
    Ok(engine.store().admin().drop_orphans().await?)
}

pub(crate) async fn seal_data(engine: &Engine, _: Nothing) -> Result<(), ApiError> {
    Ok(engine.store().admin().seal_now().await?)
}

pub(crate) async fn compact_data(engine: &Engine, _: Nothing) -> Result<(), ApiError> {
    Ok(engine.store().admin().compact().await?)
}

pub(crate) async fn checkpoint_data(engine: &Engine, _: Nothing) -> Result<(), ApiError> {
    Ok(engine.store().admin().checkpoint().await?)
}
