//! The handles that sources are made with.

use std::{path::PathBuf, sync::Arc};

use checks::SecretStore;
use config::Settings;
use ingest::IntakeBudget;
use runtime::Clock;
use store::Store;
use tokio::sync::watch;

use crate::{Confirmations, scrape_secrets::ScrapeSecrets, sentry::TokenSources, status::Receivers};

/// The handles sources choose from. A source takes those it uses.
pub(crate) struct SourceHandles {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) receivers: Receivers,
    pub(crate) budget: IntakeBudget,
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

/// Addresses from the command line. They take precedence over the settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenAddresses {
    pub(crate) otlp_grpc: Option<String>,
    pub(crate) otlp_http: Option<String>,
    pub(crate) remote_write: Option<String>,
    pub(crate) statsd: Option<String>,
}
