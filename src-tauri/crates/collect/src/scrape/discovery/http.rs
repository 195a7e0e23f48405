//! Addresses that list targets, in JSON (`http_sd_configs`).

use std::time::Duration;

use reqwest::{Client, header};
use tokio_util::sync::CancellationToken;

use super::{Found, TargetGroup, Teller, targets_of};
use crate::scrape::{fetch::chain, job::Job};

/// Larger lists are refused.
const MOST_BYTES: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn run(
    settings: config::HttpDiscovery,
    interval: Duration,
    job: &Job,
    told: Teller,
    stop: CancellationToken,
) {
    let client = Client::builder()
        .user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .timeout(TIMEOUT)
        .build();
    loop {
        let listed = match &client {
            Ok(client) => ask(client, &settings.url, interval).await,
            Err(error) => Err(chain(error)),
        };
        told.tell(match listed {
            Ok(groups) => {
                let shown = without_secrets(&settings.url);
                Found { targets: Some(targets_of(&groups, &[("__meta_url", &shown)])), problem: None }
            }
            Err(problem) => {
                let shown = without_secrets(&settings.url);
                Found { targets: None, problem: Some(format!("{}: {shown}: {problem}", job.name)) }
            }
        })
        .await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

async fn ask(client: &Client, url: &str, interval: Duration) -> Result<Vec<TargetGroup>, String> {
    let mut response = client
        .get(url)
        .header(header::ACCEPT, "application/json")
        .header("X-Prometheus-Refresh-Interval-Seconds", interval.as_secs_f64().to_string())
        .send()
        .await
        .map_err(|error| format!("cannot be reached: {}", chain(&error.without_url())))?;
    if response.status().as_u16() != 200 {
        return Err(format!("answered {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| format!("the answer broke off: {}", chain(&error.without_url())))?
    {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(format!("the list is larger than {} MiB", MOST_BYTES / 1024 / 1024));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|error| format!("not a list of targets: {error}"))
}

/// The address without user, password and parameters.
fn without_secrets(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            url.set_query(None);
            // An address without a host has no user to take away.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        }
        Err(_) => String::new(),
    }
}
