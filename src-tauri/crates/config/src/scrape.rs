//! What is scraped and how, in the words of Prometheus' own settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// An address that tells metrics in one of Prometheus' formats, or several of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ScrapeTarget {
    /// The job, and the service in the console; no two targets share one.
    pub name: String,
    /// `http://` or `https://` address of the metrics; empty if only the lists below name targets.
    #[serde(default)]
    pub url: String,
    /// Further targets, as `host:port`.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Seconds between two scrapes, at least 1.
    #[serde(default = "default_scrape_interval")]
    pub interval_seconds: u32,
    /// Seconds after which a scrape is given up, at least 1; a scrape never outlasts the interval.
    #[serde(default = "default_scrape_timeout")]
    pub timeout_seconds: u32,
    /// Labels added to every series.
    #[serde(default, deserialize_with = "text_values")]
    pub labels: BTreeMap<String, String>,
    /// Whether labels that a target tells win over those of the target.
    #[serde(default)]
    pub honor_labels: bool,
    /// Whether times that a target tells are believed.
    #[serde(default = "yes")]
    pub honor_timestamps: bool,
    /// Whether series told with times of their own also end when they are told no more.
    #[serde(default)]
    pub track_timestamps_staleness: bool,
    /// Whether a histogram told both ways also keeps its classic buckets.
    #[serde(default, alias = "always_scrape_classic_histograms")]
    pub scrape_classic_histograms: bool,
    /// Path asked for at targets that `url` does not name.
    #[serde(default = "default_metrics_path")]
    pub metrics_path: String,
    /// `http` or `https`, for targets that `url` does not name.
    #[serde(default = "default_scheme")]
    pub scheme: String,
    /// Parameters of the address.
    #[serde(default)]
    pub params: BTreeMap<String, Vec<Text>>,
    /// Larger answers are refused, bytes after decompression; 0 is 64 MiB.
    #[serde(default)]
    pub body_size_limit_bytes: u32,
    /// Answers with more samples are refused; 0 is no limit of its own.
    #[serde(default)]
    pub sample_limit: u32,
    /// Answers with a series of more labels are refused; 0 is no limit.
    #[serde(default)]
    pub label_limit: u32,
    /// Answers with a longer label name are refused, bytes; 0 is no limit.
    #[serde(default)]
    pub label_name_length_limit: u32,
    /// Answers with a longer label value are refused, bytes; 0 is no limit.
    #[serde(default)]
    pub label_value_length_limit: u32,
    /// With more targets than this none is scraped; 0 is no limit.
    #[serde(default)]
    pub target_limit: u32,
    /// Rules for targets, before they are scraped.
    #[serde(default)]
    pub relabel_configs: Vec<Relabel>,
    /// Rules for series, before they are kept.
    #[serde(default)]
    pub metric_relabel_configs: Vec<Relabel>,
    /// A user name and password for HTTP.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Another `Authorization` header, such as a bearer token.
    #[serde(default)]
    pub authorization: Option<Authorization>,
    /// How `https` targets are trusted.
    #[serde(default)]
    pub tls_config: Option<Tls>,
    /// Whether redirects are followed.
    #[serde(default = "yes")]
    pub follow_redirects: bool,
    /// Files that list targets, followed.
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
    /// A target with the default interval and timeout and no labels.
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
    /// Labels whose values are looked at, joined.
    #[serde(default)]
    pub source_labels: Vec<String>,
    /// What joins them.
    #[serde(default = "default_separator", deserialize_with = "text")]
    pub separator: String,
    /// Expression that must match the whole value.
    #[serde(default = "default_regex", deserialize_with = "text")]
    pub regex: String,
    /// What the hash is divided by.
    #[serde(default)]
    #[ts(type = "number")]
    pub modulus: u64,
    /// Label that is set or compared.
    #[serde(default)]
    pub target_label: String,
    /// What it is set to; `$1` stands for the first group of the expression.
    #[serde(default = "default_replacement", deserialize_with = "text")]
    pub replacement: String,
    /// What is done.
    #[serde(default)]
    pub action: RelabelAction,
}

/// What a rule does.
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
    /// The name as it stands in a file.
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

/// How `https` targets are trusted, and what we show them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Certificate of the authority to trust instead of those of the system, PEM.
    pub ca_file: String,
    /// Our certificate, PEM.
    pub cert_file: String,
    /// Its key, PEM.
    pub key_file: String,
    /// The name the target's certificate must have, where it is not that of the address.
    pub server_name: String,
    /// Whether any certificate will do.
    pub insecure_skip_verify: bool,
    /// The oldest version of TLS that will do: `TLS10` to `TLS13`.
    pub min_version: String,
}

/// Files that list targets, in JSON or YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FileDiscovery {
    /// Paths; `*` in the last part stands for anything.
    pub files: Vec<String>,
    /// How often they are read even if no change was noticed.
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
    /// How often they are asked for.
    #[serde(default = "thirty_seconds")]
    pub refresh_interval: String,
}

/// An address that lists targets, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HttpDiscovery {
    /// The address.
    pub url: String,
    /// How often it is asked.
    #[serde(default = "one_minute")]
    pub refresh_interval: String,
    /// A user name and password for HTTP.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Another `Authorization` header, such as a bearer token.
    #[serde(default)]
    pub authorization: Option<Authorization>,
    /// How `https` is trusted.
    #[serde(default)]
    pub tls_config: Option<Tls>,
    /// Whether redirects are followed.
    #[serde(default = "yes")]
    pub follow_redirects: bool,
}

/// A settings file of Prometheus whose targets are scraped.
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
    /// The job, and the service in the console; no two commands share one.
    pub name: String,
    /// Path of the program and its arguments; no shell is involved.
    pub run: Vec<String>,
    /// Seconds between two runs, at least 1.
    #[serde(default = "default_command_interval")]
    pub interval_seconds: u32,
    /// Seconds after which a run is ended, with its children.
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
