//! Sentry installations and the checks of self-hosted ones.

use config::Sentry;
use engine::Engine;
use model::{SentryAccess, SentryPreset, SentryPresetRequest};

use crate::{ApiError, arguments::*};

fn settings_of(engine: &Engine, arguments: &SentryArguments) -> Sentry {
    let name = arguments.name.trim();
    let known = engine.settings().in_force().sentry.into_iter().find(|one| one.name == name);
    let mut settings = known.unwrap_or_else(|| Sentry::new(name, ""));
    arguments.url.trim().clone_into(&mut settings.url);
    settings.organizations.clone_from(&arguments.organizations);
    settings.projects.clone_from(&arguments.projects);
    settings
}

pub(crate) async fn sentry_access(
    engine: &Engine,
    arguments: SentryArguments,
) -> Result<SentryAccess, ApiError> {
    let settings = settings_of(engine, &arguments);
    Ok(engine.sentry().access(&settings, arguments.token).await?)
}

pub(crate) async fn sentry_connect(
    engine: &Engine,
    arguments: SentryArguments,
) -> Result<SentryAccess, ApiError> {
    let settings = settings_of(engine, &arguments);
    Ok(engine.sentry().connect(settings, arguments.token).await?)
}

pub(crate) async fn sentry_remove(engine: &Engine, arguments: NameArguments) -> Result<(), ApiError> {
    Ok(engine.sentry().remove(&arguments.name).await?)
}

pub(crate) async fn sentry_preset(
    engine: &Engine,
    request: SentryPresetRequest,
) -> Result<SentryPreset, ApiError> {
    Ok(engine.sentry_checks().preview(&request).await?)
}

pub(crate) async fn sentry_preset_add(
    engine: &Engine,
    arguments: SentryPresetArguments,
) -> Result<SentryPreset, ApiError> {
    Ok(engine.sentry_checks().add(&arguments.request, arguments.checks.as_deref()).await?)
}

pub(crate) async fn sentry_preset_remove(engine: &Engine, arguments: NameArguments) -> Result<u32, ApiError> {
    Ok(engine.sentry_checks().remove(&arguments.name).await?)
}
