//! Discovery of targets. A kind of discovery is one file of this folder and one variant of
//! [`Discovery`].

mod dns;
mod file;
mod group;
mod http;

use std::time::Duration;

use config::ScrapeTarget;
use model::Labels;
use model::parse_duration;
use runtime::{Clock, ResponseShare};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    group::{TargetGroup, targets_of},
    http::HttpList,
};

/// The result of one discovery.
#[derive(Debug, Default)]
pub(crate) struct DiscoveryResult {
    /// All targets of this discovery; none if the previous result remains valid.
    pub(crate) targets: Option<Vec<Labels>>,
    /// The problem, if any.
    pub(crate) problem: Option<String>,
}

/// A source of targets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Discovery {
    /// Fixed targets.
    Static(Vec<Labels>),
    /// Files with lists of targets.
    File(config::FileDiscovery, Duration),
    /// DNS records.
    Dns(config::DnsDiscovery, Duration),
    /// An address that returns a list of targets.
    Http(Box<HttpList>),
}

impl Discovery {
    /// Returns the discoveries in the settings, without fixed targets.
    pub(crate) fn all(settings: &ScrapeTarget) -> Result<Vec<Self>, String> {
        let mut all = Vec::new();
        for entry in &settings.file_sd_configs {
            all.push(Self::File(entry.clone(), interval(&entry.refresh_interval)?));
        }
        for entry in &settings.dns_sd_configs {
            all.push(Self::Dns(entry.clone(), interval(&entry.refresh_interval)?));
        }
        for entry in &settings.http_sd_configs {
            all.push(Self::Http(Box::new(HttpList::new(entry)?)));
        }
        Ok(all)
    }

    /// Sends the result at first and after each change, until `stop` or until the receiver is
    /// closed.
    pub(crate) async fn run(
        self,
        job: String,
        clock: Clock,
        share: ResponseShare,
        results: ResultSender,
        stop: CancellationToken,
    ) {
        match self {
            Self::Static(targets) => {
                results.send(DiscoveryResult { targets: Some(targets), problem: None }).await;
                // The channel stays open while the job runs.
                stop.cancelled().await;
            }
            Self::File(settings, interval) => file::run(settings, interval, &clock, results, stop).await,
            Self::Dns(settings, interval) => dns::run(settings, interval, &clock, results, stop).await,
            Self::Http(list) => list.run(&job, &clock, &share, results, stop).await,
        }
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .filter(|interval| !interval.is_zero())
        .ok_or_else(|| format!("{text:?} is not a duration such as 30s or 5m"))
}

/// The channel for the results of a discovery.
pub(crate) struct ResultSender {
    index: usize,
    sender: Sender<(usize, DiscoveryResult)>,
}

impl ResultSender {
    /// A channel for the results of the discovery with an index.
    pub(crate) fn new(index: usize, sender: Sender<(usize, DiscoveryResult)>) -> Self {
        Self { index, sender }
    }

    async fn send(&self, found: DiscoveryResult) {
        // The receiver is closed only when the job ends.
        let _ = self.sender.send((self.index, found)).await;
    }
}
