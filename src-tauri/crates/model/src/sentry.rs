//! Access of a Sentry token, and the preset of checks for a self-hosted Sentry.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::HealthCheck;

/// The access of a token to a Sentry installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentryAccess {
    /// True if the token can read at least one feed.
    pub usable: bool,
    /// Error of the whole access, may be empty.
    pub message: String,
    /// Visible organizations.
    pub organizations: Vec<SentryOrganization>,
    /// Access by feed.
    pub feeds: Vec<SentryFeedAccess>,
    /// Scopes that the token lacks for some of it.
    pub missing_scopes: Vec<String>,
}

/// An organization of a Sentry installation with its projects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentryOrganization {
    /// Its slug.
    pub slug: String,
    /// Slugs of its projects.
    pub projects: Vec<String>,
}

/// The access of a token to one feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentryFeedAccess {
    /// Feed, such as `issues`.
    pub feed: String,
    /// True if the token can read it.
    pub available: bool,
    /// Reason why not, may be empty.
    pub message: String,
    /// Scopes of which the token needs one.
    pub scopes: Vec<String>,
}

/// A request for the preset of a self-hosted Sentry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SentryPresetRequest {
    /// Name of the installation and group of the checks.
    pub name: String,
    /// `http://` or `https://` address of its web page.
    pub url: String,
    /// Host name or address of its other services.
    pub host: String,
    /// Address and port for StatsD metrics, as the containers see it. Empty for no StatsD.
    pub statsd: String,
}

/// The checks and snippets for a self-hosted Sentry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SentryPreset {
    /// The checks.
    pub checks: Vec<PresetCheck>,
    /// Snippets for the installation's configuration files.
    pub snippets: Vec<PresetSnippet>,
}

/// One check of a preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetCheck {
    /// The check. If it exists, with the edits of the user.
    pub check: HealthCheck,
    /// The target of the check, for people.
    pub target: String,
    /// True if it exists.
    pub present: bool,
}

/// A text for a configuration file of another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PresetSnippet {
    /// Purpose.
    pub title: String,
    /// File.
    pub file: String,
    /// The text.
    pub text: String,
}
