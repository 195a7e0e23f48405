//! One function per command that needs the machine, or whose arguments decide. It is named like the
//! command.

use engine::Engine;
use model::{HealthCheck, ImportRequest, TimeRange};

use super::{Decision, Effect, checks};
use crate::{ApiError, arguments::*};

type Decided = Result<Decision, ApiError>;

const MINUTE: i64 = 60;

pub(crate) async fn save_check(engine: &Engine, arguments: &CheckArguments) -> Decided {
    new_effects(engine, vec![arguments.check.clone()]).await
}

pub(crate) async fn try_check(engine: &Engine, arguments: &CheckArguments) -> Decided {
    new_effects(engine, vec![arguments.check.clone()]).await
}

/// Decides about the checks that the preset would add.
pub(crate) async fn sentry_preset_add(engine: &Engine, arguments: &SentryPresetArguments) -> Decided {
    let preset = engine.sentry_checks().preview(&arguments.request).await?;
    let added = preset.checks.into_iter().filter(|planned| !planned.present);
    new_effects(engine, added.map(|planned| planned.check).collect()).await
}

/// Returns the effects of checks beyond those that the stored checks of the same ids have.
async fn new_effects(engine: &Engine, checks: Vec<HealthCheck>) -> Decided {
    let mut effects = Vec::new();
    for check in checks {
        let mut found = checks::effects(&check);
        if !found.is_empty() {
            let stored = engine.checks().overview(TimeRange::last(MINUTE, engine.clock().now()), 1).await?;
            let stored = stored.into_iter().find(|overview| overview.check.id == check.id);
            let known = stored.map(|overview| checks::effects(&overview.check)).unwrap_or_default();
            found.retain(|effect| known.iter().all(|known| !known.allows(effect)));
        }
        effects.append(&mut found);
    }
    Ok(effects.into())
}

/// Deletes what may be the last copy of damaged data.
pub(crate) async fn drop_orphans(_: &Engine, _: &Nothing) -> Decided {
    Ok(Effect::new("Delete the files of the data folder that no segment names".to_owned(), ()).into())
}

pub(crate) async fn import(_: &Engine, request: &ImportRequest) -> Decided {
    Ok(Effect::new(format!("Read the file {} and import its samples", request.path), request).into())
}

pub(crate) async fn confirmations(_: &Engine, _: &Nothing) -> Decided {
    Err(only_on_the_machine())
}

pub(crate) async fn confirm(_: &Engine, _: &IdArguments) -> Decided {
    Err(only_on_the_machine())
}

pub(crate) async fn refuse(_: &Engine, _: &IdArguments) -> Decided {
    Err(only_on_the_machine())
}

/// A browser that could request a confirmation of a confirmation would have both halves.
fn only_on_the_machine() -> ApiError {
    ApiError::forbidden("a browser cannot answer requests: use the notification, the window or binnacle-cli")
}
