//! How an installation is told to be. Pure.

use std::{collections::BTreeSet, time::Duration};

use config::SentryFeed;
use model::{HealthState, Timestamp};

use super::{failure::Failure, pace::Endpoint};

/// Shorter waits are not worth a word.
const SHORTEST_TOLD: Duration = Duration::from_secs(2);
/// Clocks that are this close count as the same, in seconds.
const TOLERATED_SKEW: i64 = 60;

/// What is known of an installation at one moment.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    /// Why the organizations and projects could not be listed.
    pub(crate) directory: Option<&'a Failure>,
    /// How many organizations are asked for; none before they were listed.
    pub(crate) organizations: Option<usize>,
    /// What fails, by feed and organization.
    pub(crate) problems: Vec<(SentryFeed, &'a str, &'a Failure)>,
    /// How long until a failed installation is asked again.
    pub(crate) retry: Option<Duration>,
    /// Endpoints that asked to be left alone, and for how long.
    pub(crate) limited: Vec<(Endpoint, Duration)>,
    /// How far the installation's clock is ahead, in seconds.
    pub(crate) skew: i64,
    /// Our clock.
    pub(crate) now: Timestamp,
}

impl Standing<'_> {
    /// Whether the installation answers and takes the token.
    pub(crate) fn is_up(&self) -> bool {
        self.failure_of_all().is_none() && self.organizations.is_some()
    }

    fn failure_of_all(&self) -> Option<&Failure> {
        let of_feeds = self.problems.iter().map(|(_, _, failure)| *failure);
        self.directory.into_iter().chain(of_feeds).find(|failure| failure.is_of_all())
    }

    /// The state and what is wrong, in one line.
    pub(crate) fn told(&self) -> (HealthState, String) {
        let again = self.retry.map_or_else(String::new, |wait| {
            format!("; asked again in {} s, what is stored stays as it is", wait.as_secs().max(1))
        });
        if let Some(failure) = self.failure_of_all() {
            return (HealthState::Unhealthy, format!("{failure}{again}"));
        }
        let waits = self.limited.iter().filter(|(_, wait)| *wait > SHORTEST_TOLD).map(|(endpoint, wait)| {
            let until = self.now.offset(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
            let until = chrono::DateTime::from_timestamp_nanos(until.0).format("%H:%M:%S");
            format!("{}: rate limited until {until} UTC", endpoint.name())
        });
        match (self.directory, self.organizations) {
            (Some(Failure::Forbidden(_)), None) => {
                return (HealthState::Unhealthy, "the token lacks the scope org:read".to_owned());
            }
            (Some(failure), None) => {
                return (HealthState::Unhealthy, format!("no projects are known: {failure}"));
            }
            (None, None) => {
                let waiting: Vec<String> = waits.collect();
                return (HealthState::Unknown, waiting.join("; "));
            }
            (_, Some(0)) => {
                let message = "the token sees no project that the settings ask for".to_owned();
                return (HealthState::Degraded, message);
            }
            _ => {}
        }
        let mut told = BTreeSet::new();
        for (feed, organization, failure) in &self.problems {
            let text = failure.told_of(*feed);
            told.insert(if self.organizations > Some(1) { format!("{text} ({organization})") } else { text });
        }
        told.extend(
            self.directory.map(|failure| format!("the list of projects is not up to date: {failure}")),
        );
        told.extend(waits);
        if self.skew.abs() > TOLERATED_SKEW {
            let direction = if self.skew > 0 { "ahead" } else { "behind" };
            told.insert(format!("its clock is {} s {direction} of this machine's", self.skew.abs()));
        }
        if told.is_empty() {
            return (HealthState::Healthy, String::new());
        }
        (HealthState::Degraded, told.into_iter().collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine<'a>() -> Standing<'a> {
        Standing {
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
    fn states_are_honest() {
        assert_eq!(fine().told(), (HealthState::Healthy, String::new()));
        let refused = Failure::Refused(String::new());
        let standing =
            Standing { directory: Some(&refused), retry: Some(Duration::from_secs(300)), ..fine() };
        let (state, message) = standing.told();
        assert_eq!(state, HealthState::Unhealthy);
        assert!(message.starts_with("the token was refused (401); asked again in 300 s"), "{message}");
        assert!(!standing.is_up());

        let forbidden = Failure::Forbidden(String::new());
        let standing = Standing {
            problems: vec![(SentryFeed::Issues, "acme", &forbidden)],
            limited: vec![
                (Endpoint::Stats, Duration::from_secs(65)),
                (Endpoint::Events, Duration::from_secs(1)),
            ],
            skew: -600,
            ..fine()
        };
        let told = "issues: the token lacks the scope event:read; its clock is 600 s behind of this machine's; \
                    stats_v2: rate limited until 22:14:25 UTC";
        assert_eq!(standing.told(), (HealthState::Degraded, told.to_owned()));
        assert!(standing.is_up());

        let unreachable = Failure::Unreachable("connection refused".into());
        let standing = Standing { problems: vec![(SentryFeed::Errors, "acme", &unreachable)], ..fine() };
        assert_eq!(standing.told().0, HealthState::Unhealthy);
        assert_eq!(Standing { organizations: None, ..fine() }.told().0, HealthState::Unknown);
        assert_eq!(Standing { organizations: Some(0), ..fine() }.told().0, HealthState::Degraded);
    }
}
