//! Settings of Sentry installations that are asked, and whether they make sense.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::Url;

use crate::validate::{Problem, out_of_bounds, problem};

/// A Sentry installation that is asked for its figures. Its token is not here: it lies in the keyring, in the
/// file that `token_file` names or in the environment variable that `token_variable` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Sentry {
    /// Name for people; no two installations share one.
    pub name: String,
    /// `http://` or `https://` address of the installation, without `/api/0/`.
    pub url: String,
    /// Slugs of the organizations; every one the token may see if empty.
    #[serde(default)]
    pub organizations: Vec<String>,
    /// Slugs of the projects; every one the token may see if empty.
    #[serde(default)]
    pub projects: Vec<String>,
    /// What is not asked for.
    #[serde(default)]
    pub leave_out: Vec<SentryFeed>,
    /// A file that holds the token; the keyring is asked if empty.
    #[serde(default)]
    pub token_file: String,
    /// An environment variable that holds the token; the keyring is asked if empty.
    #[serde(default)]
    pub token_variable: String,
    /// A file with certificates in PEM form to trust besides the system's; none if empty.
    #[serde(default)]
    pub ca_file: String,
    /// Seconds between two rounds of questions, 5 to 3600.
    #[serde(default = "default_interval")]
    pub interval_seconds: u32,
    /// Seconds after the end of a stretch of time before it is asked for, so that Sentry has counted it.
    #[serde(default = "default_settle")]
    pub settle_seconds: u32,
    /// Hours before the first contact that are asked for too, at most 720.
    #[serde(default = "default_backfill")]
    pub backfill_hours: u32,
    /// Requests per second at most, whatever the installation would allow.
    #[serde(default = "default_requests_per_second")]
    pub requests_per_second: u32,
}

/// What a Sentry installation can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SentryFeed {
    /// Error events by level.
    Errors,
    /// Transactions and how long they took.
    Transactions,
    /// What became of everything sent: accepted, filtered, rate limited and so on, by category.
    Outcomes,
    /// Sessions and crash-free rates of releases.
    Sessions,
    /// Unresolved issues by level.
    Issues,
    /// Cron monitors.
    Monitors,
}

impl SentryFeed {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Errors, Self::Transactions, Self::Outcomes, Self::Sessions, Self::Issues, Self::Monitors];

    /// The word in the settings.
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
    /// An installation with everything else by default.
    pub fn new(name: &str, url: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            organizations: Vec::new(),
            projects: Vec::new(),
            leave_out: Vec::new(),
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

pub(crate) fn first_problem(installations: &[Sentry]) -> Option<Problem> {
    let mut names = BTreeSet::new();
    installations.iter().enumerate().find_map(|(index, one)| {
        let index = index.to_string();
        let place = |key| ["sentry", index.as_str(), key];
        if one.name.trim().is_empty() {
            return problem(&place("name"), "a Sentry installation needs a name".to_owned());
        }
        if !names.insert(&one.name) {
            return problem(
                &place("name"),
                format!("there is a Sentry installation named `{}` already", one.name),
            );
        }
        if let Some(wrong) = wrong_address(&one.url) {
            return problem(&place("url"), wrong);
        }
        if !one.token_file.is_empty() && !one.token_variable.is_empty() {
            return problem(
                &place("token_variable"),
                "the token comes from a file or from a variable, not from both".to_owned(),
            );
        }
        out_of_bounds(&place("interval_seconds"), one.interval_seconds, 3_600)
            .or_else(|| {
                let often = one.interval_seconds < 5;
                often.then(|| problem(&place("interval_seconds"), "must be at least 5".to_owned())).flatten()
            })
            .or_else(|| most(&place("settle_seconds"), one.settle_seconds, 3_600))
            .or_else(|| most(&place("backfill_hours"), one.backfill_hours, 720))
            .or_else(|| out_of_bounds(&place("requests_per_second"), one.requests_per_second, 40))
    })
}

/// Why `url` cannot be the address of a Sentry installation.
fn wrong_address(url: &str) -> Option<String> {
    // The address itself is not repeated: somebody may have put a password into it.
    let Ok(parsed) = Url::parse(url) else {
        return Some("the address is not an http:// or https:// address".to_owned());
    };
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Some("the address is not an http:// or https:// address".to_owned());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Some("the address holds a user or a password; the token belongs in the keyring".to_owned());
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Some("the address ends before `?` and `#`".to_owned());
    }
    None
}

fn most(place: &[&str], value: u32, most: u32) -> Option<Problem> {
    if value > most { problem(place, format!("must be at most {most}")) } else { None }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        let base = "[[sentry]]\nname = \"a\"\n";
        for (text, line, part) in [
            ("url = \"sentry.io\"\n", 3, "http"),
            ("url = \"https://ann:hunter2@sentry.io\"\n", 3, "keyring"),
            ("url = \"https://sentry.io?x=1\"\n", 3, "ends before"),
            ("url = \"https://s\"\ninterval_seconds = 2\n", 4, "at least 5"),
            ("url = \"https://s\"\nbackfill_hours = 721\n", 4, "at most 720"),
            ("url = \"https://s\"\nrequests_per_second = 0\n", 4, "at least 1"),
            ("url = \"https://s\"\ntoken_file = \"/t\"\ntoken_variable = \"T\"\n", 5, "not from both"),
            ("url = \"https://s\"\nleave_out = [\"isues\"]\n", 4, "unknown variant"),
            ("url = \"https://s\"\ntoken = \"secret-in-settings\"\n", 4, "unknown field"),
        ] {
            let error = parse(&format!("{base}{text}")).unwrap_err();
            assert_eq!(error.line, line, "{text}{error}");
            assert!(error.message.contains(part), "{error}");
            assert!(!error.message.contains("hunter2") && !error.message.contains("secret-in-settings"));
        }
        let twice = "[[sentry]]\nname = \"a\"\nurl = \"https://s\"\n";
        assert!(parse(&twice.repeat(2)).unwrap_err().message.contains("already"));
    }
}
