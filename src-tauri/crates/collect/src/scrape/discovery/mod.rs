//! Finding targets.

mod dns;
mod file;
mod group;
mod http;

use std::time::Duration;

use config::{ScrapeTarget, parse_duration};
use model::Labels;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    group::{TargetGroup, targets_of},
    http::HttpList,
};
use super::job::Job;

/// What was found this time.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// All targets of this discovery; nothing if those before still stand.
    pub(crate) targets: Option<Vec<Labels>>,
    /// What went wrong.
    pub(crate) problem: Option<String>,
}

/// A way to find targets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Discovery {
    /// They are known.
    Static(Vec<Labels>),
    /// Files list them.
    File(config::FileDiscovery, Duration),
    /// DNS records list them.
    Dns(config::DnsDiscovery, Duration),
    /// An address lists them.
    Http(Box<HttpList>),
}

impl Discovery {
    /// Those that settings ask for beside fixed targets.
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

    /// Tells what is found, at first and after each change, until `stop` or until nobody listens.
    pub(crate) async fn run(
        self,
        index: usize,
        job: Job,
        sender: Sender<(usize, Found)>,
        stop: CancellationToken,
    ) {
        let told = Teller { index, sender };
        match self {
            Self::Static(targets) => {
                told.tell(Found { targets: Some(targets), problem: None }).await;
                // The channel stays open as long as the job runs.
                stop.cancelled().await;
            }
            Self::File(settings, interval) => file::run(settings, interval, told, stop).await,
            Self::Dns(settings, interval) => dns::run(settings, interval, told, stop).await,
            Self::Http(list) => list.run(&job.name, told, stop).await,
        }
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .filter(|interval| !interval.is_zero())
        .ok_or_else(|| format!("{text:?} is not a duration such as 30s or 5m"))
}

/// Where a discovery tells what it found.
struct Teller {
    index: usize,
    sender: Sender<(usize, Found)>,
}

impl Teller {
    async fn tell(&self, found: Found) {
        // Nobody listens only when the job ends.
        let _ = self.sender.send((self.index, found)).await;
    }
}
