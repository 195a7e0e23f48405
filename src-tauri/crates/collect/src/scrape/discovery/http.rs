//! Addresses that list targets, in JSON (`http_sd_configs`;
//! prometheus.io/docs/prometheus/latest/http_sd).

use std::time::Duration;

use reqwest::{Client, Url, header};
use tokio_util::sync::CancellationToken;

use super::{Found, TargetGroup, Teller, interval, targets_of};
use crate::scrape::{access::Access, fetch::answer, secret::Credentials, yaml::without_values};

/// Larger lists are refused.
const MOST_BYTES: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// An address that lists targets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HttpList {
    url: Url,
    access: Access,
    interval: Duration,
}

impl HttpList {
    /// The one that settings name.
    pub(crate) fn new(settings: &config::HttpDiscovery) -> Result<Self, String> {
        let url = Url::parse(&settings.url)
            .map_err(|error| format!("the address of a list of targets is not a URL: {error}"))?;
        let access = Access {
            credentials: Credentials::of(settings.basic_auth.as_ref(), settings.authorization.as_ref()),
            tls: settings.tls_config.clone().unwrap_or_default(),
            follow_redirects: settings.follow_redirects,
        };
        Ok(Self { url, access, interval: interval(&settings.refresh_interval)? })
    }

    /// The list asked for with other credentials, unless there are none.
    pub(crate) fn with_credentials(mut self, credentials: Credentials) -> Self {
        if credentials != Credentials::None {
            self.access.credentials = credentials;
        }
        self
    }

    /// Tells what the address lists, again and again. What it listed last stands while it cannot be asked.
    pub(super) async fn run(self, job: &str, told: Teller, stop: CancellationToken) {
        let shown = without_secrets(&self.url);
        let mut client = None;
        loop {
            told.tell(match self.ask(&mut client).await {
                Ok(groups) => {
                    Found { targets: Some(targets_of(&groups, &[("__meta_url", &shown)])), problem: None }
                }
                Err(problem) => Found { targets: None, problem: Some(format!("{job}: {shown}: {problem}")) },
            })
            .await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    async fn ask(&self, kept: &mut Option<Client>) -> Result<Vec<TargetGroup>, String> {
        let client = match kept {
            Some(client) => client,
            // A certificate that is not there yet may be there the next time.
            None => kept.insert(self.client().await?),
        };
        let (url, host) = self.access.addressed(&self.url)?;
        let request = client
            .get(url)
            .timeout(TIMEOUT)
            .header(header::ACCEPT, "application/json")
            .header("X-Prometheus-Refresh-Interval-Seconds", self.interval.as_secs_f64().to_string());
        let answered = answer(request, host.as_deref(), &self.access, MOST_BYTES).await;
        let (_, body) = answered.map_err(|unanswered| unanswered.problem)?;
        let read = tokio::task::spawn_blocking(move || serde_json::from_slice(&body));
        match read.await {
            Ok(Ok(groups)) => Ok(groups),
            Ok(Err(error)) => Err(format!("not a list of targets: {}", without_values(&error.to_string()))),
            Err(error) => Err(format!("reading the list failed: {error}")),
        }
    }

    async fn client(&self) -> Result<Client, String> {
        let (access, real) = (self.access.clone(), self.url.host_str().unwrap_or_default().to_owned());
        let built = tokio::task::spawn_blocking(move || access.client(&real)).await;
        built.map_err(|error| format!("cannot make requests: {error}"))?
    }
}

/// The address without user, password and parameters.
fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // An address without a host has no user to take away.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
