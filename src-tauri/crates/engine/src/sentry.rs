//! Sentry installations: where their tokens lie, how they are added and removed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use checks::{SecretError, SecretStore};
use collect::TokenSource;
use config::{Sentry, Settings};
use model::SentryAccess;

use crate::{Engine, EngineError};

/// Under which name the token of an installation is kept.
fn secret_id(name: &str) -> String {
    format!("sentry/{name}")
}

/// Where the token of an installation comes from: the file or the variable its settings name, or else what was kept
/// when it was added.
pub(crate) fn token_source(settings: &Sentry, secrets: Arc<dyn SecretStore>) -> TokenSource {
    let settings = settings.clone();
    Arc::new(move || {
        if !settings.token_file.is_empty() {
            return fs::read_to_string(&settings.token_file)
                .map_err(|error| format!("the file {} cannot be read: {error}", settings.token_file));
        }
        if !settings.token_variable.is_empty() {
            return env::var(&settings.token_variable)
                .map_err(|_| format!("the environment variable {} is not set", settings.token_variable));
        }
        match secrets.get(&secret_id(&settings.name)) {
            Ok(Some(token)) => Ok(token),
            Ok(None) => {
                Err("none is kept; add it in the console or with `binnacle-cli sentry connect`".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    })
}

impl Engine {
    /// What a token may see of the installation of `settings`; without a `token` the one it has.
    pub async fn sentry_access(
        &self,
        settings: &Sentry,
        token: Option<String>,
    ) -> Result<SentryAccess, EngineError> {
        let token = match token.filter(|token| !token.trim().is_empty()) {
            Some(token) => token,
            None => {
                let source = token_source(settings, self.inner.secrets.clone());
                blocking(move || source().map_err(|reason| refused(format!("there is no token: {reason}"))))
                    .await?
            }
        };
        Ok(collect::sentry_access(settings, token.trim().to_owned()).await)
    }

    /// Tries a token and, if anything can be collected with it, keeps it as a secret and adds the installation to the
    /// settings (or replaces the one of the same name), so that it is asked from now on.
    pub async fn sentry_connect(
        &self,
        settings: Sentry,
        token: Option<String>,
    ) -> Result<SentryAccess, EngineError> {
        let access = self.sentry_access(&settings, token.clone()).await?;
        if !access.usable {
            return Ok(access);
        }
        let engine = self.clone();
        blocking(move || {
            let (secrets, id) = (&engine.inner.secrets, secret_id(&settings.name));
            let former = secrets.get(&id).map_err(not_kept)?;
            let given = token.as_deref().map(str::trim).filter(|token| !token.is_empty());
            if let Some(token) = given {
                secrets.set(&id, token).map_err(not_kept)?;
            }
            let changed = engine.settings().change(|path| config::put_sentry(path, &settings));
            if changed.is_err() && given.is_some() {
                let restored = match former {
                    Some(former) => secrets.set(&id, &former),
                    None => secrets.delete(&id),
                };
                restored.map_err(not_kept)?;
            }
            changed
        })
        .await?;
        self.inner.sentry_tokens.send_modify(|changes| *changes += 1);
        Ok(access)
    }

    /// Takes an installation out of the settings and forgets its token and how far it was asked. What was collected
    /// stays.
    pub async fn sentry_remove(&self, name: &str) -> Result<(), EngineError> {
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let in_force = engine.settings().in_force();
            let Some(installation) = in_force.sentry.iter().find(|one| one.name == name) else {
                return Err(refused(format!("no Sentry installation is called {name:?}")));
            };
            engine.settings().change(|path| config::remove_sentry(path, &name))?;
            // While it is being asked the part forgets this when it ends; nobody else does while all is paused.
            forget(installation, &engine.inner.data_folder.join("positions"));
            engine.inner.secrets.delete(&secret_id(&name)).map_err(not_kept)
        })
        .await
    }
}

/// Forgets how far an installation was asked whose part has ended, unless the settings still name it: then it is asked
/// further later.
pub(crate) async fn forget_if_removed(asked: Sentry, positions: PathBuf, settings: &Settings) {
    if settings.sentry.iter().any(|one| (&one.name, &one.url) == (&asked.name, &asked.url)) {
        return;
    }
    // It only fails when the engine is ending, and then the files do no harm.
    let _ = tokio::task::spawn_blocking(move || forget(&asked, &positions)).await;
}

fn forget(installation: &Sentry, positions: &Path) {
    if let Err(error) = collect::forget_sentry(installation, positions) {
        tracing::warn!(%error, "how far a removed Sentry installation was asked could not be forgotten");
    }
}

fn refused(message: String) -> EngineError {
    EngineError::Refused(message)
}

fn not_kept(error: SecretError) -> EngineError {
    refused(format!("the token cannot be kept: {error}"))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| refused("a fault of Binnacle".to_owned()))?
}
