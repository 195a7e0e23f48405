//! Settings of Sentry installations.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A Sentry installation whose API is read.
///
/// Its token is not stored here. It comes from the keyring, from the file `token_file` or from the
/// environment variable `token_variable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Sentry {
    /// Display name, unique among the installations.
    pub name: String,
    /// `http://` or `https://` address of the installation, without `/api/0/`.
    pub url: String,
    /// Slugs of the organizations. Empty reads every organization that the token can see.
    #[serde(default)]
    pub organizations: Vec<String>,
    /// Slugs of the projects. Empty reads every project that the token can see.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Feeds that are not read.
    #[serde(default, alias = "leave_out")]
    pub exclude: Vec<SentryFeed>,
    /// File that holds the token. Empty uses the keyring.
    #[serde(default)]
    pub token_file: String,
    /// Environment variable that holds the token. Empty uses the keyring.
    #[serde(default)]
    pub token_variable: String,
    /// PEM file of certificates to trust besides the system's. Empty for none.
    #[serde(default)]
    pub ca_file: String,
    /// Seconds between two polls, 5 to 3600.
    #[serde(default = "default_interval")]
    pub interval_seconds: u32,
    /// Seconds that Sentry gets to count an interval before the interval is requested.
    #[serde(default = "default_settle")]
    pub settle_seconds: u32,
    /// Hours before the first poll that are requested too, at most 720.
    #[serde(default = "default_backfill")]
    pub backfill_hours: u32,
    /// Maximum requests per second, 1 to 40.
    #[serde(default = "default_requests_per_second")]
    pub requests_per_second: u32,
}

/// A kind of data that Sentry's API returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SentryFeed {
    /// Error events by level.
    Errors,
    /// Transactions and how long they took.
    Transactions,
    /// Outcomes of everything sent (accepted, filtered, rate limited and so on), by category.
    Outcomes,
    /// Sessions and crash-free rates of releases.
    Sessions,
    /// Unresolved issues by level.
    Issues,
    /// Cron monitors.
    Monitors,
}

impl SentryFeed {
    /// Every feed.
    pub const ALL: [Self; 6] =
        [Self::Errors, Self::Transactions, Self::Outcomes, Self::Sessions, Self::Issues, Self::Monitors];

    /// Returns the name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Transactions => "transactions",
            Self::Outcomes => "outcomes",
            Self::Sessions => "sessions",
            Self::Issues => "issues",
            Self::Monitors => "monitors",
        }
    }
}

impl Sentry {
    /// Returns an installation with the defaults for everything else.
    pub fn new(name: &str, url: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            organizations: Vec::new(),
            projects: Vec::new(),
            exclude: Vec::new(),
            token_file: String::new(),
            token_variable: String::new(),
            ca_file: String::new(),
            interval_seconds: default_interval(),
            settle_seconds: default_settle(),
            backfill_hours: default_backfill(),
            requests_per_second: default_requests_per_second(),
        }
    }
}

fn default_interval() -> u32 {
    60
}

fn default_settle() -> u32 {
    120
}

fn default_backfill() -> u32 {
    24
}

fn default_requests_per_second() -> u32 {
    4
}
