//! Settings of scrape targets, with the names of Prometheus' configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// A scrape job: one or more endpoints with metrics in a Prometheus format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ScrapeTarget {
    /// Job name and service, unique among the scrape jobs.
    pub name: String,
    /// `http://` or `https://` address of the metrics. Empty if only the lists below name targets.
    #[serde(default)]
    pub url: String,
    /// Further targets, as `host:port`.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Seconds between two scrapes, at least 1.
    #[serde(default = "default_scrape_interval")]
    pub interval_seconds: u32,
    /// Timeout of a scrape in seconds, at least 1 and never longer than the interval.
    #[serde(default = "default_scrape_timeout")]
    pub timeout_seconds: u32,
    /// Labels added to every series.
    #[serde(default, deserialize_with = "text_values")]
    pub labels: BTreeMap<String, String>,
    /// Prefers labels in the scraped data over labels of the target.
    #[serde(default)]
    pub honor_labels: bool,
    /// Uses timestamps in the scraped data.
    #[serde(default = "yes")]
    pub honor_timestamps: bool,
    /// Marks series with explicit timestamps stale when they disappear.
    #[serde(default)]
    pub track_timestamps_staleness: bool,
    /// Stores the classic buckets of a histogram beside the native ones.
    #[serde(default, alias = "always_scrape_classic_histograms")]
    pub scrape_classic_histograms: bool,
    /// Path of targets that `url` does not name.
    #[serde(default = "default_metrics_path")]
    pub metrics_path: String,
    /// `http` or `https`, for targets that `url` does not name.
    #[serde(default = "default_scheme")]
    pub scheme: String,
    /// Parameters of the address.
    #[serde(default)]
    pub params: BTreeMap<String, Vec<Text>>,
    /// Maximum size of a response in bytes after decompression. 0 is 64 MiB.
    #[serde(default)]
    pub body_size_limit_bytes: u32,
    /// Maximum number of samples of a response. 0 is no limit.
    #[serde(default)]
    pub sample_limit: u32,
    /// Maximum number of labels of a series. 0 is no limit.
    #[serde(default)]
    pub label_limit: u32,
    /// Maximum length of a label name in bytes. 0 is no limit.
    #[serde(default)]
    pub label_name_length_limit: u32,
    /// Maximum length of a label value in bytes. 0 is no limit.
    #[serde(default)]
    pub label_value_length_limit: u32,
    /// Maximum number of targets. With more, none is scraped. 0 is 2,000.
    #[serde(default)]
    pub target_limit: u32,
    /// Rules for targets, before they are scraped.
    #[serde(default)]
    pub relabel_configs: Vec<Relabel>,
    /// Rules for series, before they are stored.
    #[serde(default)]
    pub metric_relabel_configs: Vec<Relabel>,
    /// A user name and password for HTTP.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Another `Authorization` header, such as a bearer token.
    #[serde(default)]
    pub authorization: Option<Authorization>,
    /// TLS options of `https` targets.
    #[serde(default)]
    pub tls_config: Option<Tls>,
    /// Follows redirects.
    #[serde(default = "yes")]
    pub follow_redirects: bool,
    /// Files that list targets, watched for changes.
    #[serde(default)]
    pub file_sd_configs: Vec<FileDiscovery>,
    /// Names whose DNS records list targets.
    #[serde(default)]
    pub dns_sd_configs: Vec<DnsDiscovery>,
    /// Addresses that list targets.
    #[serde(default)]
    pub http_sd_configs: Vec<HttpDiscovery>,
}

impl ScrapeTarget {
    /// Returns a job with the defaults for everything else.
    pub fn new(name: &str, url: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            targets: Vec::new(),
            interval_seconds: default_scrape_interval(),
            timeout_seconds: default_scrape_timeout(),
            labels: BTreeMap::new(),
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            scrape_classic_histograms: false,
            metrics_path: default_metrics_path(),
            scheme: default_scheme(),
            params: BTreeMap::new(),
            body_size_limit_bytes: 0,
            sample_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            target_limit: 0,
            relabel_configs: Vec::new(),
            metric_relabel_configs: Vec::new(),
            basic_auth: None,
            authorization: None,
            tls_config: None,
            follow_redirects: true,
            file_sd_configs: Vec::new(),
            dns_sd_configs: Vec::new(),
            http_sd_configs: Vec::new(),
        }
    }
}

/// Text that may also be written as a number or a truth value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, TS)]
#[serde(transparent)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Scalar {
            Text(String),
            Bool(bool),
            Whole(i64),
            Fraction(f64),
        }
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => text,
            Scalar::Bool(value) => value.to_string(),
            Scalar::Whole(value) => value.to_string(),
            Scalar::Fraction(value) => value.to_string(),
        }))
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0)
}

fn text_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let read = BTreeMap::<String, Text>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(name, value)| (name, value.0)).collect())
}

/// A rule that changes or drops label sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Relabel {
    /// Labels whose values are joined and matched.
    #[serde(default)]
    pub source_labels: Vec<String>,
    /// Text between the joined values.
    #[serde(default = "default_separator", deserialize_with = "text")]
    pub separator: String,
    /// Expression that must match the whole value.
    #[serde(default = "default_regex", deserialize_with = "text")]
    pub regex: String,
    /// Modulus of the hash.
    #[serde(default)]
    #[ts(type = "number")]
    pub modulus: u64,
    /// Label that is set or compared.
    #[serde(default)]
    pub target_label: String,
    /// New value. `$1` is the first group of the expression.
    #[serde(default = "default_replacement", deserialize_with = "text")]
    pub replacement: String,
    /// The action.
    #[serde(default)]
    pub action: RelabelAction,
}

/// The action of a relabelling rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum RelabelAction {
    /// Sets a label from what the expression matched.
    #[default]
    Replace,
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops where the values differ from the target label.
    Keepequal,
    /// Drops where the values equal the target label.
    Dropequal,
    /// Sets a label to a hash of the values, modulo a number.
    Hashmod,
    /// Copies labels whose names match to new names.
    Labelmap,
    /// Removes labels whose names match.
    Labeldrop,
    /// Removes labels whose names do not match.
    Labelkeep,
    /// Sets a label to the values in lower case.
    Lowercase,
    /// Sets a label to the values in upper case.
    Uppercase,
}

impl RelabelAction {
    /// Returns the name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::Keepequal => "keepequal",
            Self::Dropequal => "dropequal",
            Self::Hashmod => "hashmod",
            Self::Labelmap => "labelmap",
            Self::Labeldrop => "labeldrop",
            Self::Labelkeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }
}

/// A user name with its password in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user.
    pub username: String,
    /// File with the password, read anew for each request.
    pub password_file: String,
}

/// An `Authorization` header with its secret in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// The scheme.
    #[serde(default = "default_authorization", rename = "type")]
    pub kind: String,
    /// File with the secret, read anew for each request.
    pub credentials_file: String,
}

/// TLS options of a scrape job.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM file of the authority to trust instead of the system's.
    pub ca_file: String,
    /// PEM file of the client certificate.
    pub cert_file: String,
    /// PEM file of the client key.
    pub key_file: String,
    /// Name that the target's certificate must have, if it differs from the address.
    pub server_name: String,
    /// Accepts any certificate.
    pub insecure_skip_verify: bool,
    /// Minimum version of TLS: `TLS12` or `TLS13`.
    pub min_version: String,
}

/// Files that list targets, in JSON or YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FileDiscovery {
    /// Paths. The last part may be a glob, such as `*.json`.
    pub files: Vec<String>,
    /// Time between two reads without a detected change.
    #[serde(default = "five_minutes")]
    pub refresh_interval: String,
}

/// Names whose DNS records list targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DnsDiscovery {
    /// The names.
    pub names: Vec<String>,
    /// Kind of the records: `SRV`, `A`, `AAAA` or `MX`.
    #[serde(default = "default_record", rename = "type")]
    pub kind: String,
    /// Port of the targets; SRV records bring their own.
    #[serde(default)]
    pub port: u16,
    /// Time between two DNS queries.
    #[serde(default = "thirty_seconds")]
    pub refresh_interval: String,
}

/// An address that lists targets, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HttpDiscovery {
    /// The address.
    pub url: String,
    /// Time between two requests.
    #[serde(default = "one_minute")]
    pub refresh_interval: String,
    /// A user name and password for HTTP.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Another `Authorization` header, such as a bearer token.
    #[serde(default)]
    pub authorization: Option<Authorization>,
    /// TLS options of the address.
    #[serde(default)]
    pub tls_config: Option<Tls>,
    /// Follows redirects.
    #[serde(default = "yes")]
    pub follow_redirects: bool,
}

/// A Prometheus configuration file whose targets are scraped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PrometheusFile {
    /// Absolute path, or one from `~/`.
    pub file: String,
}

/// A command that prints metrics in the Prometheus text format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Job name and service, unique among the commands.
    pub name: String,
    /// Path of the program and its arguments; no shell is involved.
    pub run: Vec<String>,
    /// Seconds between two runs, at least 1.
    #[serde(default = "default_command_interval")]
    pub interval_seconds: u32,
    /// Timeout in seconds, after which the process and its children are killed.
    #[serde(default = "default_scrape_timeout")]
    pub timeout_seconds: u32,
    /// Labels added to every series.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

fn default_scrape_interval() -> u32 {
    15
}

fn default_scrape_timeout() -> u32 {
    10
}

fn default_command_interval() -> u32 {
    60
}

fn default_metrics_path() -> String {
    "/metrics".to_owned()
}

fn default_scheme() -> String {
    "http".to_owned()
}

fn default_separator() -> String {
    ";".to_owned()
}

fn default_regex() -> String {
    "(.*)".to_owned()
}

fn default_replacement() -> String {
    "$1".to_owned()
}

fn default_authorization() -> String {
    "Bearer".to_owned()
}

fn default_record() -> String {
    "SRV".to_owned()
}

fn thirty_seconds() -> String {
    "30s".to_owned()
}

fn one_minute() -> String {
    "1m".to_owned()
}

fn five_minutes() -> String {
    "5m".to_owned()
}
