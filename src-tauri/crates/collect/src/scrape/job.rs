//! A group of targets that are scraped alike.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use config::ScrapeTarget;
use model::Labels;
use prometheus::{RelabelRule, SeriesLimits};
use reqwest::Url;

use super::{
    access::Access,
    discovery::Discovery,
    format::{self, Format},
    secret::{Credentials, Secret},
};

/// Larger bodies are given up unless the settings say otherwise.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Larger expositions are given up, whatever the settings say.
const MOST_SAMPLES: usize = 500_000;

/// How a group of targets is scraped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) scheme: String,
    pub(crate) metrics_path: String,
    pub(crate) params: BTreeMap<String, Vec<String>>,
    pub(crate) honor_labels: bool,
    pub(crate) ignore_timestamps: bool,
    pub(crate) track_timestamps: bool,
    pub(crate) classic_too: bool,
    pub(crate) most_bytes: usize,
    pub(crate) most_samples: usize,
    pub(crate) limits: SeriesLimits,
    pub(crate) most_targets: usize,
    pub(crate) target_rules: Arc<[RelabelRule]>,
    pub(crate) metric_rules: Arc<[RelabelRule]>,
    pub(crate) access: Access,
    pub(crate) accept: String,
    pub(crate) fallback: Option<Format>,
    pub(crate) discoveries: Vec<Discovery>,
    /// What of the settings is not followed and takes something away, for people.
    pub(crate) notices: Vec<String>,
    /// What of the settings is not followed otherwise.
    pub(crate) remarks: Vec<String>,
}

impl Job {
    /// The job that our own settings ask for; an error says what of them makes no sense.
    pub(crate) fn new(settings: &ScrapeTarget) -> Result<Self, String> {
        let interval = Duration::from_secs(u64::from(settings.interval_seconds.max(1)));
        let params: BTreeMap<String, Vec<String>> = settings
            .params
            .iter()
            .map(|(name, values)| (name.clone(), values.iter().map(|value| value.0.clone()).collect()))
            .collect();
        let mut targets: Vec<Labels> = Vec::new();
        let mut credentials = Credentials::of(settings.basic_auth.as_ref(), settings.authorization.as_ref());
        if !settings.url.is_empty() {
            let (target, told) = from_url(&settings.url)?;
            if let (Credentials::Basic(..), true) = (&told, credentials == Credentials::None) {
                let others = !settings.targets.is_empty() || has_discovery(settings);
                if others {
                    return Err("an address with a password cannot stand beside further targets".to_owned());
                }
                credentials = told;
            }
            targets.push(target);
        }
        targets.extend(settings.targets.iter().map(|target| address(target)));
        for target in &mut targets {
            target.extend(settings.labels.clone());
        }
        let mut discoveries = vec![Discovery::Static(targets)];
        discoveries.extend(Discovery::all(settings)?);
        Ok(Self {
            name: settings.name.clone(),
            interval,
            timeout: interval.min(Duration::from_secs(u64::from(settings.timeout_seconds.max(1)))),
            scheme: settings.scheme.clone(),
            metrics_path: settings.metrics_path.clone(),
            params,
            honor_labels: settings.honor_labels,
            ignore_timestamps: !settings.honor_timestamps,
            track_timestamps: settings.track_timestamps_staleness,
            classic_too: settings.scrape_classic_histograms,
            most_bytes: most(settings.body_size_limit_bytes, MOST_BYTES),
            most_samples: MOST_SAMPLES,
            limits: SeriesLimits {
                samples: settings.sample_limit as usize,
                labels: settings.label_limit as usize,
                label_name_bytes: settings.label_name_length_limit as usize,
                label_value_bytes: settings.label_value_length_limit as usize,
            },
            most_targets: settings.target_limit as usize,
            target_rules: RelabelRule::all("relabel_configs", &settings.relabel_configs)?.into(),
            metric_rules: RelabelRule::all("metric_relabel_configs", &settings.metric_relabel_configs)?
                .into(),
            access: Access {
                credentials,
                tls: settings.tls_config.clone().unwrap_or_default(),
                follow_redirects: settings.follow_redirects,
            },
            accept: format::accept(&[]),
            fallback: None,
            discoveries,
            notices: Vec::new(),
            remarks: Vec::new(),
        })
    }
}

fn most(wanted: u32, otherwise: usize) -> usize {
    if wanted == 0 { otherwise } else { wanted as usize }
}

fn has_discovery(settings: &ScrapeTarget) -> bool {
    !(settings.file_sd_configs.is_empty()
        && settings.dns_sd_configs.is_empty()
        && settings.http_sd_configs.is_empty())
}

/// A discovered target that is only an address.
pub(crate) fn address(address: &str) -> Labels {
    Labels::from([("__address__".to_owned(), address.to_owned())])
}

/// The labels that a whole URL stands for, and the credentials in it.
fn from_url(text: &str) -> Result<(Labels, Credentials), String> {
    let url = Url::parse(text).map_err(|error| format!("the address is not a URL: {error}"))?;
    let host = url.host_str().ok_or("the address has no host")?;
    let port = url.port_or_known_default().ok_or("the address has no port")?;
    let mut labels = address(&format!("{host}:{port}"));
    labels.insert("__scheme__".to_owned(), url.scheme().to_owned());
    labels.insert("__metrics_path__".to_owned(), url.path().to_owned());
    for (name, value) in url.query_pairs() {
        labels.entry(format!("__param_{name}")).or_insert_with(|| value.into_owned());
    }
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password().map(|password| Secret::Inline(decoded(password)));
    let credentials = if url.username().is_empty() && password.is_none() {
        Credentials::None
    } else {
        Credentials::Basic(decoded(url.username()), password)
    };
    Ok((labels, credentials))
}
