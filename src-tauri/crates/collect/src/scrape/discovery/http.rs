//! Discovery by HTTP, in JSON (`http_sd_configs`; prometheus.io/docs/prometheus/latest/http_sd).

use std::time::Duration;

use model::{Labels, masked_url};
use reqwest::{Client, Url, header};
use runtime::{Clock, ResponseMemory, ResponseShare};
use tokio_util::sync::CancellationToken;

use super::{DiscoveryResult, ResultSender, TargetGroup, interval, targets_of};
use crate::scrape::{
    credentials::Credentials,
    http::{fetch, no_memory, seconds},
    http_client::ClientSettings,
    yaml::without_values,
};

/// Maximum number of bytes of a list.
const MAX_BYTES: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// An address that returns a list of targets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HttpList {
    url: Url,
    client_settings: ClientSettings,
    interval: Duration,
}

impl HttpList {
    /// Creates the discovery of the settings.
    pub(crate) fn new(settings: &config::HttpDiscovery) -> Result<Self, String> {
        let url = Url::parse(&settings.url)
            .map_err(|error| format!("the address of a list of targets is not a URL: {error}"))?;
        let client_settings = ClientSettings {
            credentials: Credentials::of(settings.basic_auth.as_ref(), settings.authorization.as_ref()),
            tls: settings.tls_config.clone().unwrap_or_default(),
            follow_redirects: settings.follow_redirects,
        };
        Ok(Self { url, client_settings, interval: interval(&settings.refresh_interval)? })
    }

    /// Replaces the credentials, unless there are none.
    pub(crate) fn with_credentials(mut self, credentials: Credentials) -> Self {
        if credentials != Credentials::None {
            self.client_settings.credentials = credentials;
        }
        self
    }

    /// Returns the address.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the credentials of the request.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.client_settings.credentials
    }

    /// Sends the list once per interval. The last list remains valid while the address does not
    /// answer.
    pub(super) async fn run(
        self,
        job: &str,
        clock: &Clock,
        share: &ResponseShare,
        results: ResultSender,
        stop: CancellationToken,
    ) {
        let shown = masked_url(self.url.as_str());
        let mut client = None;
        loop {
            let mut memory = share.response();
            let fetched = clock.timeout(TIMEOUT, self.fetch(&mut client, &shown, &mut memory)).await;
            let fetched = fetched.unwrap_or_else(|_| {
                Err(if memory.is_waiting() {
                    no_memory(TIMEOUT)
                } else {
                    format!("no complete answer within {} s", seconds(TIMEOUT))
                })
            });
            drop(memory);
            results
                .send(match fetched {
                    Ok(targets) => DiscoveryResult { targets: Some(targets), problem: None },
                    Err(problem) => {
                        DiscoveryResult { targets: None, problem: Some(format!("{job}: {shown}: {problem}")) }
                    }
                })
                .await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock.sleep(self.interval) => {}
            }
        }
    }

    /// Requests the targets. `shown` is the address without secrets.
    async fn fetch(
        &self,
        cached: &mut Option<Client>,
        shown: &str,
        memory: &mut ResponseMemory,
    ) -> Result<Vec<Labels>, String> {
        let client = match cached {
            Some(client) => client,
            // A missing certificate file may exist at the next attempt.
            None => cached.insert(self.client().await?),
        };
        let (url, host) = self.client_settings.request_url(&self.url)?;
        let request = client
            .get(url)
            .header(header::ACCEPT, "application/json")
            .header("X-Prometheus-Refresh-Interval-Seconds", self.interval.as_secs_f64().to_string());
        let response = fetch(request, host.as_deref(), &self.client_settings, MAX_BYTES, memory).await;
        let (_, body) = response.map_err(|error| error.problem)?;
        let read = tokio::task::spawn_blocking(move || serde_json::from_slice::<Vec<TargetGroup>>(&body));
        match read.await {
            Ok(Ok(groups)) => targets_of(&groups, &[("__meta_url", shown)]),
            Ok(Err(error)) => Err(format!("not a list of targets: {}", without_values(&error.to_string()))),
            Err(error) => Err(format!("reading the list failed: {error}")),
        }
    }

    async fn client(&self) -> Result<Client, String> {
        let (client_settings, url) = (self.client_settings.clone(), self.url.clone());
        let built = tokio::task::spawn_blocking(move || client_settings.client(&url)).await;
        built.map_err(|error| format!("cannot make requests: {error}"))?
    }
}
