//! The handles that sources are made with.

use std::{path::PathBuf, sync::Arc};

use checks::SecretStore;
use collect::{PullHandles, SecretGuard};
use config::Settings;
use ingest::IntakeBudget;
use runtime::{Clock, ResponseBudget};
use store::Store;
use tokio::sync::watch;

use crate::{
    Confirmations,
    scrape_secrets::{AskingGuard, ScrapeSecrets},
    sentry::TokenSources,
    status::Receivers,
};

/// The handles sources choose from. A source takes those it uses.
pub(crate) struct SourceHandles {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) receivers: Receivers,
    pub(crate) budget: IntakeBudget,
    pub(crate) responses: ResponseBudget,
    pub(crate) addresses: ListenAddresses,
    pub(crate) settings: watch::Receiver<Settings>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) token_sources: TokenSources,
    pub(crate) scrape_secrets: ScrapeSecrets,
    pub(crate) confirmations: Confirmations,
    /// Number of changes of Sentry tokens. A change restarts the Sentry sources.
    pub(crate) sentry_tokens: watch::Receiver<u64>,
    /// Folder of the checkpoints of log files and Sentry installations.
    pub(crate) checkpoints: PathBuf,
}

impl SourceHandles {
    /// Returns the handles of a component that queries servers.
    pub(super) fn pulling(&self, component: &str) -> PullHandles {
        PullHandles {
            store: self.store.with_source(component),
            clock: self.clock.clone(),
            responses: self.responses.clone(),
        }
    }

    /// Returns the guard of secrets in files of scrape jobs. `requested_by` is what may have
    /// changed their servers.
    pub(super) fn guard(&self, requested_by: String) -> Option<Arc<dyn SecretGuard>> {
        let (secrets, confirmations) = (self.scrape_secrets.clone(), self.confirmations.clone());
        Some(Arc::new(AskingGuard { secrets, confirmations, requested_by }))
    }
}

/// Addresses from the command line. They take precedence over the settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenAddresses {
    pub(crate) otlp_grpc: Option<String>,
    pub(crate) otlp_http: Option<String>,
    pub(crate) remote_write: Option<String>,
    pub(crate) statsd: Option<String>,
}
