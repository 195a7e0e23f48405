//! A job: a group of targets with the same settings.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use config::ScrapeTarget;
use model::Labels;
use prometheus::{RelabelRule, SeriesLimits};
use reqwest::Url;

use super::{
    credentials::{Credentials, Secret},
    discovery::Discovery,
    format::{self, Format},
    http_client::ClientSettings,
};

/// Default maximum number of bytes of a body.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Maximum number of samples of a scrape, independent of the settings.
const MAX_SAMPLES: usize = 500_000;

/// The settings of a group of targets.
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
    pub(crate) include_classic: bool,
    pub(crate) max_bytes: usize,
    pub(crate) max_samples: usize,
    pub(crate) limits: SeriesLimits,
    pub(crate) max_targets: usize,
    pub(crate) target_rules: Arc<[RelabelRule]>,
    pub(crate) metric_rules: Arc<[RelabelRule]>,
    pub(crate) client_settings: ClientSettings,
    pub(crate) accept: String,
    pub(crate) fallback: Option<Format>,
    pub(crate) discoveries: Vec<Discovery>,
    /// Unsupported settings without which targets or data are missing.
    pub(crate) problems: Vec<String>,
    /// Other unsupported settings.
    pub(crate) warnings: Vec<String>,
}

impl Job {
    /// Creates the job of our own settings; the error describes an invalid setting.
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
            let (target, in_url) = from_url(&settings.url)?;
            if let (Credentials::Basic(..), true) = (&in_url, credentials == Credentials::None) {
                let others = !settings.targets.is_empty() || has_discovery(settings);
                if others {
                    return Err("an address with a password excludes further targets".to_owned());
                }
                credentials = in_url;
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
            include_classic: settings.scrape_classic_histograms,
            max_bytes: limit(settings.body_size_limit_bytes, MAX_BYTES),
            max_samples: MAX_SAMPLES,
            limits: SeriesLimits {
                samples: settings.sample_limit as usize,
                labels: settings.label_limit as usize,
                label_name_bytes: settings.label_name_length_limit as usize,
                label_value_bytes: settings.label_value_length_limit as usize,
            },
            max_targets: settings.target_limit as usize,
            target_rules: RelabelRule::all("relabel_configs", &settings.relabel_configs)?.into(),
            metric_rules: RelabelRule::all("metric_relabel_configs", &settings.metric_relabel_configs)?
                .into(),
            client_settings: ClientSettings {
                credentials,
                tls: settings.tls_config.clone().unwrap_or_default(),
                follow_redirects: settings.follow_redirects,
            },
            accept: format::accept(&[]),
            fallback: None,
            discoveries,
            problems: Vec::new(),
            warnings: Vec::new(),
        })
    }
}

fn limit(wanted: u32, default: usize) -> usize {
    if wanted == 0 { default } else { wanted as usize }
}

fn has_discovery(settings: &ScrapeTarget) -> bool {
    !(settings.file_sd_configs.is_empty()
        && settings.dns_sd_configs.is_empty()
        && settings.http_sd_configs.is_empty())
}

/// Returns the labels of a discovered target with an address only.
pub(crate) fn address(address: &str) -> Labels {
    Labels::from([("__address__".to_owned(), address.to_owned())])
}

/// Returns the labels of a URL, and the credentials in it.
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
