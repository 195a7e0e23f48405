//! What a token of a Sentry installation may see, and the checks that a self-hosted one comes with.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::HealthCheck;

/// What a token may see of a Sentry installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentryAccess {
    /// Whether anything can be collected with it.
    pub usable: bool,
    /// What is wrong as a whole, may be empty.
    pub message: String,
    /// What it sees.
    pub organizations: Vec<SentryOrganization>,
    /// What can be asked for.
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

/// Whether something can be asked for with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SentryFeedAccess {
    /// What, such as `issues`.
    pub feed: String,
    /// Whether it can be.
    pub available: bool,
    /// Why not, may be empty.
    pub message: String,
    /// Scopes of which the token needs one.
    pub scopes: Vec<String>,
}

/// Where the parts of a self-hosted Sentry are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SentryPresetRequest {
    /// Name of the installation; the checks belong to it as a group.
    pub name: String,
    /// `http://` or `https://` address of its web page.
    pub url: String,
    /// Host name or address under which its other parts can be reached.
    pub host: String,
    /// Address and port that StatsD metrics are sent to, as the containers see it; empty leaves StatsD out.
    pub statsd: String,
}

/// What adding a self-hosted Sentry would do, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SentryPreset {
    /// The checks.
    pub checks: Vec<PresetCheck>,
    /// What to write into the installation's own files.
    pub snippets: Vec<PresetSnippet>,
}

/// One check of a preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetCheck {
    /// The check; as it is now if it is there, with whatever was edited.
    pub check: HealthCheck,
    /// The target of the check, for people.
    pub target: String,
    /// Whether it is there already.
    pub present: bool,
}

/// Text for a file of somebody else's program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PresetSnippet {
    /// What it does.
    pub title: String,
    /// The file it belongs into.
    pub file: String,
    /// The text.
    pub text: String,
}
