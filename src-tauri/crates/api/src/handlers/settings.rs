//! Settings, pausing and the demonstration.

use std::path::Path;

use config::{LogFile, ScrapeTarget, Settings, SettingsError};
use engine::Engine;
use model::RecordCounts;

use crate::{ApiError, ErrorCode, arguments::*};

pub(crate) async fn settings(engine: &Engine, _: Nothing) -> Result<SettingsDocument, ApiError> {
    let engine = engine.clone();
    blocking(move || {
        let state = engine.settings();
        Ok(SettingsDocument {
            path: state.path().display().to_string(),
            text: state.text()?,
            values: serde_json::to_value(state.in_force())
                .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?,
            error: state.error().map(|error| error.to_string()).unwrap_or_default(),
        })
    })
    .await
}

pub(crate) async fn save_settings(
    engine: &Engine,
    arguments: SettingsArguments,
) -> Result<SettingsDocument, ApiError> {
    change(engine, move |path| config::write_text(path, &arguments.text)).await
}

pub(crate) async fn set_setting(
    engine: &Engine,
    arguments: SettingArguments,
) -> Result<SettingsDocument, ApiError> {
    change(engine, move |path| config::set_value(path, &arguments.key, arguments.value)).await
}

pub(crate) async fn add_scrape_target(
    engine: &Engine,
    arguments: ScrapeTargetArguments,
) -> Result<SettingsDocument, ApiError> {
    let target = ScrapeTarget::new(&arguments.name, &arguments.url);
    change(engine, move |path| config::add_scrape_target(path, target)).await
}

pub(crate) async fn add_log_file(
    engine: &Engine,
    arguments: LogFileArguments,
) -> Result<SettingsDocument, ApiError> {
    let file = LogFile { path: arguments.path, service: arguments.service, from_start: false };
    change(engine, move |path| config::add_log_file(path, file)).await
}

pub(crate) async fn pause(engine: &Engine, arguments: PauseArguments) -> Result<(), ApiError> {
    engine.pause(arguments.paused).await;
    Ok(())
}

pub(crate) async fn start_demonstration(engine: &Engine, _: Nothing) -> Result<(), ApiError> {
    Ok(engine.demonstration().start().await?)
}

pub(crate) async fn stop_demonstration(
    engine: &Engine,
    arguments: StopDemonstrationArguments,
) -> Result<RecordCounts, ApiError> {
    if arguments.remove {
        return Ok(engine.demonstration().remove().await?);
    }
    engine.demonstration().stop().await;
    Ok(RecordCounts::default())
}

async fn change(
    engine: &Engine,
    edit: impl FnOnce(&Path) -> Result<Settings, SettingsError> + Send + 'static,
) -> Result<SettingsDocument, ApiError> {
    let changed = engine.clone();
    blocking(move || Ok(changed.settings().change(edit)?)).await?;
    settings(engine, Nothing {}).await
}

/// Runs work that blocks on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        ApiError::new(
            ErrorCode::Internal,
            "reading or writing the settings failed: internal error, see the log of Binnacle",
        )
    })?
}
