//! The health of the sync with an installation. Pure.

use std::{collections::BTreeSet, time::Duration};

use config::SentryFeed;
use model::{HealthState, Timestamp};

use super::{failure::Failure, rate_limiter::Endpoint};

/// Minimum duration of a pause in the message.
const MIN_REPORTED_PAUSE: Duration = Duration::from_secs(2);
/// Tolerated difference of the clocks in seconds.
const TOLERATED_SKEW: i64 = 60;

/// The state of the sync at one time.
#[derive(Debug)]
pub(crate) struct SyncHealth<'a> {
    /// The failure to list organizations and projects.
    pub(crate) directory: Option<&'a Failure>,
    /// Number of organizations; none before the first list.
    pub(crate) organizations: Option<usize>,
    /// Failures by feed and organization.
    pub(crate) problems: Vec<(SentryFeed, &'a str, &'a Failure)>,
    /// Time until the next attempt after a failure of the installation.
    pub(crate) retry: Option<Duration>,
    /// Rate-limited endpoints and their pauses.
    pub(crate) limited: Vec<(Endpoint, Duration)>,
    /// Lead of the installation's clock in seconds.
    pub(crate) skew: i64,
    /// The local time.
    pub(crate) now: Timestamp,
}

impl SyncHealth<'_> {
    /// Returns true if the installation answers and accepts the token.
    pub(crate) fn is_up(&self) -> bool {
        self.installation_failure().is_none() && self.organizations.is_some()
    }

    fn installation_failure(&self) -> Option<&Failure> {
        let feed_failures = self.problems.iter().map(|(_, _, failure)| *failure);
        self.directory.into_iter().chain(feed_failures).find(|failure| failure.concerns_installation())
    }

    /// Returns the state, and the problems in one line.
    pub(crate) fn status(&self) -> (HealthState, String) {
        let again = self.retry.map_or_else(String::new, |wait| {
            format!("; next attempt in {} s, stored data remain", wait.as_secs().max(1))
        });
        if let Some(failure) = self.installation_failure() {
            return (HealthState::Unhealthy, format!("{failure}{again}"));
        }
        let waits =
            self.limited.iter().filter(|(_, wait)| *wait > MIN_REPORTED_PAUSE).map(|(endpoint, wait)| {
                let until = self.now.offset(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
                let until = chrono::DateTime::from_timestamp_nanos(until.0).format("%H:%M:%S");
                format!("{}: rate limited until {until} UTC", endpoint.name())
            });
        match (self.directory, self.organizations) {
            (Some(Failure::Forbidden(_)), None) => {
                return (HealthState::Unhealthy, "the token lacks the scope org:read".to_owned());
            }
            (Some(failure), None) => {
                return (HealthState::Unhealthy, format!("cannot list projects: {failure}"));
            }
            (None, None) => {
                let waiting: Vec<String> = waits.collect();
                return (HealthState::Unknown, waiting.join("; "));
            }
            (_, Some(0)) => {
                let message = "the token has access to no project of the settings".to_owned();
                return (HealthState::Degraded, message);
            }
            _ => {}
        }
        let mut messages = BTreeSet::new();
        for (feed, organization, failure) in &self.problems {
            let text = failure.message_for(*feed);
            messages.insert(if self.organizations > Some(1) {
                format!("{text} ({organization})")
            } else {
                text
            });
        }
        messages.extend(self.directory.map(|failure| format!("the list of projects is outdated: {failure}")));
        messages.extend(waits);
        if self.skew.abs() > TOLERATED_SKEW {
            let direction = if self.skew > 0 { "ahead" } else { "behind" };
            messages.insert(format!("its clock is {} s {direction} of this machine's", self.skew.abs()));
        }
        if messages.is_empty() {
            return (HealthState::Healthy, String::new());
        }
        (HealthState::Degraded, messages.into_iter().collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine<'a>() -> SyncHealth<'a> {
        SyncHealth {
            directory: None,
            organizations: Some(1),
            problems: vec![],
            retry: None,
            limited: vec![],
            skew: 3,
            now: Timestamp::from_seconds(1_700_000_000.0),
        }
    }

    #[test]
    fn every_failure_has_its_state() {
        assert_eq!(fine().status(), (HealthState::Healthy, String::new()));
        let refused = Failure::Refused(String::new());
        let health =
            SyncHealth { directory: Some(&refused), retry: Some(Duration::from_secs(300)), ..fine() };
        let (state, message) = health.status();
        assert_eq!(state, HealthState::Unhealthy);
        assert!(message.starts_with("the token was refused (401); next attempt in 300 s"), "{message}");
        assert!(!health.is_up());

        let forbidden = Failure::Forbidden(String::new());
        let health = SyncHealth {
            problems: vec![(SentryFeed::Issues, "acme", &forbidden)],
            limited: vec![
                (Endpoint::Stats, Duration::from_secs(65)),
                (Endpoint::Events, Duration::from_secs(1)),
            ],
            skew: -600,
            ..fine()
        };
        let expected = "issues: the token lacks the scope event:read; its clock is 600 s behind of this machine's; \
                    stats_v2: rate limited until 22:14:25 UTC";
        assert_eq!(health.status(), (HealthState::Degraded, expected.to_owned()));
        assert!(health.is_up());

        let unreachable = Failure::Unreachable("connection refused".into());
        let health = SyncHealth { problems: vec![(SentryFeed::Errors, "acme", &unreachable)], ..fine() };
        assert_eq!(health.status().0, HealthState::Unhealthy);
        assert_eq!(SyncHealth { organizations: None, ..fine() }.status().0, HealthState::Unknown);
        assert_eq!(SyncHealth { organizations: Some(0), ..fine() }.status().0, HealthState::Degraded);
    }
}
