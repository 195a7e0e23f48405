//! Sentry installations: their tokens, how they are added and removed.

use std::{
    env, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use checks::SecretStore;
use collect::TokenSource;
use config::{Sentry, Settings};
use model::SentryAccess;
use runtime::Clock;
use tokio::sync::watch;

use super::{
    token_binding::{bind, secret_id, unbind},
    token_sources::TokenSources,
};
use crate::{EngineError, SettingsState};

/// The Sentry installations of the settings, with their tokens. Clones share them.
#[derive(Clone)]
pub struct SentryInstallations {
    settings: SettingsState,
    secrets: Arc<dyn SecretStore>,
    token_sources: TokenSources,
    clock: Clock,
    checkpoints: PathBuf,
    token_changes: watch::Sender<u64>,
}

impl SentryInstallations {
    pub(crate) fn new(
        settings: SettingsState,
        secrets: Arc<dyn SecretStore>,
        token_sources: TokenSources,
        clock: Clock,
        checkpoints: PathBuf,
    ) -> Self {
        Self { settings, secrets, token_sources, clock, checkpoints, token_changes: watch::Sender::new(0) }
    }

    /// Returns a receiver of the number of changed tokens.
    pub(crate) fn token_changes(&self) -> watch::Receiver<u64> {
        self.token_changes.subscribe()
    }

    /// Reads which data of an installation a token gives access to. Without a `token` that of the
    /// installation is used, if it belongs to the address.
    pub async fn access(
        &self,
        settings: &Sentry,
        token: Option<String>,
    ) -> Result<SentryAccess, EngineError> {
        let source = token_source(settings, self.secrets.clone(), Some(self.token_sources.clone()));
        self.access_with(settings, token, source).await
    }

    async fn access_with(
        &self,
        settings: &Sentry,
        token: Option<String>,
        source: TokenSource,
    ) -> Result<SentryAccess, EngineError> {
        let token = match token.filter(|token| !token.trim().is_empty()) {
            Some(token) => token,
            None => {
                let read = move || source().map_err(|reason| EngineError::SentryToken { reason });
                blocking(read).await?
            }
        };
        Ok(collect::sentry_access(settings, token.trim().to_owned(), &self.clock).await)
    }

    /// Tests a token. If it gives access to data, stores it as a secret and adds the installation
    /// to the settings. An installation of the same name is replaced. A token in a file or a
    /// variable belongs to the address from then on.
    pub async fn connect(
        &self,
        installation: Sentry,
        token: Option<String>,
    ) -> Result<SentryAccess, EngineError> {
        // The person who connects it confirms its address.
        let source = token_source(&installation, self.secrets.clone(), None);
        let access = self.access_with(&installation, token.clone(), source).await?;
        if !access.usable {
            return Ok(access);
        }
        let (settings, secrets) = (self.settings.clone(), self.secrets.clone());
        let token_sources = self.token_sources.clone();
        blocking(move || {
            let id = secret_id(&installation.name);
            let previous = secrets.get(&id).map_err(EngineError::TokenStorage)?;
            let given = token.as_deref().map(str::trim).filter(|token| !token.is_empty());
            if let Some(token) = given {
                let bound =
                    bind(&installation.url, token).map_err(|reason| EngineError::SentryToken { reason })?;
                secrets.set(&id, &bound).map_err(EngineError::TokenStorage)?;
            }
            let changed = settings.change(|path| config::put_sentry(path, &installation));
            if changed.is_err() && given.is_some() {
                let restored = match previous {
                    Some(previous) => secrets.set(&id, &previous),
                    None => secrets.delete(&id),
                };
                restored.map_err(EngineError::TokenStorage)?;
            }
            changed?;
            token_sources.confirm(&installation).map_err(|reason| EngineError::SentryToken { reason })
        })
        .await?;
        self.token_changes.send_modify(|changes| *changes += 1);
        Ok(access)
    }

    /// Removes an installation from the settings, with its token and its checkpoints. The collected
    /// data are retained.
    pub async fn remove(&self, name: &str) -> Result<(), EngineError> {
        let (installations, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let current = installations.settings.in_force();
            let Some(installation) = current.sentry.iter().find(|one| one.name == name) else {
                return Err(EngineError::UnknownSentry { name });
            };
            installations.settings.change(|path| config::remove_sentry(path, &name))?;
            // A running source deletes its checkpoints when it ends. While paused none runs.
            delete_checkpoints(installation, &installations.checkpoints);
            let forgotten = installations.token_sources.forget(&name);
            installations.secrets.delete(&secret_id(&name)).map_err(EngineError::TokenStorage)?;
            forgotten.map_err(|reason| EngineError::SentryToken { reason })
        })
        .await
    }
}

/// Returns the source of an installation's token: the file or the variable of its settings, or else
/// the stored secret. With `sources` a token outside the secret store is refused for an address
/// that it does not belong to.
pub(crate) fn token_source(
    settings: &Sentry,
    secrets: Arc<dyn SecretStore>,
    sources: Option<TokenSources>,
) -> TokenSource {
    let settings = settings.clone();
    Arc::new(move || {
        if let Some(sources) = &sources {
            sources.check(&settings)?;
        }
        if !settings.token_file.is_empty() {
            return secret_text(&settings.token_file)
                .map_err(|error| format!("cannot read the file {}: {error}", settings.token_file));
        }
        if !settings.token_variable.is_empty() {
            return env::var(&settings.token_variable)
                .map_err(|_| format!("environment variable {} is not set", settings.token_variable));
        }
        match secrets.get(&secret_id(&settings.name)) {
            Ok(Some(stored)) => unbind(&stored, &settings.url),
            Ok(None) => {
                Err("none is stored; add it in the console or with `binnacle-cli sentry connect`".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    })
}

fn secret_text(path: &str) -> io::Result<String> {
    String::from_utf8(runtime::read_secret_file(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
}

/// Deletes the checkpoints of an installation whose source has ended, unless the settings still
/// have it.
pub(crate) async fn forget_if_removed(installation: Sentry, checkpoints: PathBuf, settings: &Settings) {
    let is_same = |one: &Sentry| (&one.name, &one.url) == (&installation.name, &installation.url);
    if settings.sentry.iter().any(is_same) {
        return;
    }
    // The task is only dropped at shutdown. A checkpoint that remains then does no harm.
    let _ = tokio::task::spawn_blocking(move || delete_checkpoints(&installation, &checkpoints)).await;
}

fn delete_checkpoints(installation: &Sentry, checkpoints: &Path) {
    if let Err(error) = collect::forget_sentry(installation, checkpoints) {
        let name = &installation.name;
        tracing::warn!(%error, installation = %name, "cannot delete the checkpoints of a removed Sentry");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|reason| EngineError::Panicked { operation: "access Sentry", reason })?
}
