//! Adds, shows and removes the checks of a self-hosted Sentry as a group.

use std::collections::BTreeMap;

use alerts::AlertService;
use checks::{CheckService, sentry_preset};
use model::{HealthCheck, PresetCheck, SentryPreset, SentryPresetRequest, TimeRange};
use runtime::Clock;

use crate::EngineError;

/// The checks of self-hosted Sentry installations. Clones share them.
#[derive(Clone)]
pub struct SentryChecks {
    checks: CheckService,
    alerts: AlertService,
    clock: Clock,
}

impl SentryChecks {
    pub(crate) fn new(checks: CheckService, alerts: AlertService, clock: Clock) -> Self {
        Self { checks, alerts, clock }
    }

    /// Returns the checks that [`Self::add`] would add, and those that exist. Changes nothing.
    pub async fn preview(&self, request: &SentryPresetRequest) -> Result<SentryPreset, EngineError> {
        let existing = self.existing().await?;
        let checks = sentry_preset::checks(request)?
            .into_iter()
            .map(|planned| {
                let edited = existing.get(&planned.id).cloned();
                let present = edited.is_some();
                let check = edited.unwrap_or(planned);
                PresetCheck { target: checks::target(&check.kind), check, present }
            })
            .collect();
        Ok(SentryPreset { checks, snippets: sentry_preset::snippets(request) })
    }

    /// Adds the checks that do not exist. They notify. Existing ones stay as edited. With `chosen`
    /// only the checks with these ids are added.
    pub async fn add(
        &self,
        request: &SentryPresetRequest,
        chosen: Option<&[String]>,
    ) -> Result<SentryPreset, EngineError> {
        for planned in self.preview(request).await?.checks {
            let is_chosen = chosen.is_none_or(|chosen| chosen.contains(&planned.check.id));
            if is_chosen && !planned.present {
                let saved = self.checks.save(planned.check, None).await?;
                self.alerts.set_notification(&saved, true).await?;
            }
        }
        self.preview(request).await
    }

    /// Removes every check that the preset of that name added, with its history. Returns their
    /// number.
    pub async fn remove(&self, name: &str) -> Result<u32, EngineError> {
        let group = sentry_preset::group(name);
        let mut removed = 0;
        for id in self.existing().await?.into_keys().filter(|id| id.starts_with(&group)) {
            self.checks.delete(&id).await?;
            self.alerts.forget_check(&id).await?;
            removed += 1;
        }
        Ok(removed)
    }

    async fn existing(&self) -> Result<BTreeMap<String, HealthCheck>, EngineError> {
        let overview = self.checks.overview(TimeRange::last(60, self.clock.now()), 1).await?;
        Ok(overview.into_iter().map(|one| (one.check.id.clone(), one.check)).collect())
    }
}
