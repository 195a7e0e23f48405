//! Adding, showing and removing the checks of a self-hosted Sentry as a group.

use std::collections::BTreeMap;

use checks::sentry_preset;
use model::{HealthCheck, PresetCheck, SentryPreset, SentryPresetRequest, TimeRange};

use crate::{Engine, EngineError, now};

impl Engine {
    /// What [`Engine::sentry_preset_add`] would do. Changes nothing.
    pub async fn sentry_preset(&self, request: &SentryPresetRequest) -> Result<SentryPreset, EngineError> {
        let present = self.present_checks().await?;
        let checks = sentry_preset::checks(request)?
            .into_iter()
            .map(|check| match present.get(&check.id) {
                Some(edited) => PresetCheck { check: edited.clone(), present: true },
                None => PresetCheck { check, present: false },
            })
            .collect();
        Ok(SentryPreset { checks, snippets: sentry_preset::snippets(request) })
    }

    /// Adds the checks of a self-hosted Sentry that are not there yet; those that are stay as they were edited. Without
    /// `chosen` all are added, otherwise those with these ids.
    pub async fn sentry_preset_add(
        &self,
        request: &SentryPresetRequest,
        chosen: Option<&[String]>,
    ) -> Result<SentryPreset, EngineError> {
        for planned in self.sentry_preset(request).await?.checks {
            let wanted = chosen.is_none_or(|chosen| chosen.contains(&planned.check.id));
            if wanted && !planned.present {
                self.checks().save(planned.check, None).await?;
            }
        }
        self.sentry_preset(request).await
    }

    /// Removes every check that the preset of that name added, with its history; gives how many.
    pub async fn sentry_preset_remove(&self, name: &str) -> Result<u32, EngineError> {
        let group = sentry_preset::group(name);
        let mut removed = 0;
        for id in self.present_checks().await?.into_keys().filter(|id| id.starts_with(&group)) {
            self.checks().delete(&id).await?;
            removed += 1;
        }
        Ok(removed)
    }

    async fn present_checks(&self) -> Result<BTreeMap<String, HealthCheck>, EngineError> {
        let overview = self.checks().overview(TimeRange::last(60, now()), 1).await?;
        Ok(overview.into_iter().map(|one| (one.check.id.clone(), one.check)).collect())
    }
}
