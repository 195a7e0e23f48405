//! When the next request may be made: never more often than told, and ever more rarely after failures. Pure:
//! the clock and the dice are passed in.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::limits::Limits;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A refused token is tried again this rarely: somebody has to change it.
const REFUSED_PAUSE: Duration = Duration::from_secs(300);
/// Others ask with the same token right now.
const CROWDED_PAUSE: Duration = Duration::from_secs(1);

/// The endpoints of Sentry's API that are asked; each has limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Endpoint {
    Organizations,
    Projects,
    Events,
    Stats,
    Sessions,
    Issues,
    Monitors,
}

impl Endpoint {
    /// The word in messages and tags.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Projects => "projects",
            Self::Events => "events",
            Self::Stats => "stats_v2",
            Self::Sessions => "sessions",
            Self::Issues => "issues",
            Self::Monitors => "monitors",
        }
    }
}

/// Why nothing is asked for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The installation said so.
    Limited,
    /// After a failure.
    Failed,
    /// The least distance between two requests.
    Spread,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    until: Instant,
    reason: Reason,
}

#[derive(Debug, Default)]
struct Standing {
    failures: u32,
    hold: Option<Hold>,
}

/// When the next request may be made.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    last: Option<Instant>,
    /// Of single endpoints, and under `None` of the whole installation.
    standing: HashMap<Option<Endpoint>, Standing>,
}

impl Pace {
    /// At most `per_second` requests a second.
    pub(crate) fn new(per_second: u32) -> Self {
        let gap = Duration::from_secs(1) / per_second.max(1);
        Self { gap, last: None, standing: HashMap::new() }
    }

    /// How long a request to `endpoint` has to wait at `now`, and why; none if it may be made.
    pub(crate) fn wait(&self, endpoint: Endpoint, now: Instant) -> Option<(Duration, Reason)> {
        let spread = self.last.map(|last| Hold { until: last + self.gap, reason: Reason::Spread });
        [self.hold(None), self.hold(Some(endpoint)), spread]
            .into_iter()
            .flatten()
            .filter(|hold| hold.until > now)
            .max_by_key(|hold| hold.until)
            .map(|hold| (hold.until - now, hold.reason))
    }

    /// How long `endpoint` still keeps us away because it said so.
    pub(crate) fn limited(&self, endpoint: Endpoint, now: Instant) -> Option<Duration> {
        let hold =
            self.hold(Some(endpoint)).filter(|hold| hold.reason == Reason::Limited && hold.until > now)?;
        Some(hold.until - now)
    }

    /// How long nothing at all is asked after a failure of the whole installation.
    pub(crate) fn failing(&self, now: Instant) -> Option<Duration> {
        self.hold(None).filter(|hold| hold.until > now).map(|hold| hold.until - now)
    }

    fn hold(&self, of: Option<Endpoint>) -> Option<Hold> {
        self.standing.get(&of)?.hold
    }

    /// Notes that a request begins.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Notes a usable answer.
    pub(crate) fn succeeded(&mut self, endpoint: Endpoint, limits: Limits, now: Instant) {
        self.reached();
        let hold = match (limits.remaining, limits.concurrent_remaining) {
            (Some(remaining), _) if remaining <= 0 => Some(limits.reset.unwrap_or(CROWDED_PAUSE)),
            (_, Some(concurrent)) if concurrent <= 0 => Some(CROWDED_PAUSE),
            _ => None,
        };
        let hold = hold.map(|wait| Hold { until: now + wait, reason: Reason::Limited });
        self.standing.insert(Some(endpoint), Standing { failures: 0, hold });
    }

    /// Notes that the installation wants to be left alone on this endpoint. `random` is from 0 to 1.
    pub(crate) fn limit(&mut self, endpoint: Endpoint, limits: Limits, now: Instant, random: f64) {
        self.reached();
        let standing = self.standing.entry(Some(endpoint)).or_default();
        standing.failures = standing.failures.saturating_add(1);
        let told =
            limits.retry_after.or(limits.reset.filter(|_| limits.remaining.is_some_and(|left| left <= 0)));
        let wait = match told {
            // Never sooner than told; a little later, so that several askers do not come back at once.
            Some(told) => told.max(Duration::from_millis(500)).mul_f64(1.0 + 0.1 * random.clamp(0.0, 1.0)),
            None => pause(standing.failures, random),
        };
        standing.hold = Some(Hold { until: now + wait, reason: Reason::Limited });
    }

    /// Notes a failure of one endpoint, or of the whole installation if none. `random` is from 0 to 1.
    pub(crate) fn failed(
        &mut self,
        endpoint: Option<Endpoint>,
        asked: Option<Duration>,
        now: Instant,
        random: f64,
    ) {
        let standing = self.standing.entry(endpoint).or_default();
        standing.failures = standing.failures.saturating_add(1);
        let wait = pause(standing.failures, random).max(asked.unwrap_or_default());
        standing.hold = Some(Hold { until: now + wait, reason: Reason::Failed });
        if endpoint.is_some() {
            self.reached();
        }
    }

    /// Notes that the token was refused.
    pub(crate) fn refused(&mut self, now: Instant) {
        let hold = Hold { until: now + REFUSED_PAUSE, reason: Reason::Failed };
        self.standing.insert(None, Standing { failures: 1, hold: Some(hold) });
    }

    fn reached(&mut self) {
        self.standing.remove(&None);
    }
}

/// The pause after so many failures in a row: doubling, with half of it left to chance.
fn pause(failures: u32, random: f64) -> Duration {
    let doubled = FIRST_PAUSE * 2u32.saturating_pow(failures.saturating_sub(1).min(10));
    doubled.min(LONGEST_PAUSE).mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(wait: Option<(Duration, Reason)>) -> f64 {
        wait.map_or(0.0, |(wait, _)| wait.as_secs_f64())
    }

    #[test]
    fn requests_are_spread() {
        let (mut pace, now) = (Pace::new(4), Instant::now());
        assert_eq!(pace.wait(Endpoint::Events, now), None);
        pace.begin(now);
        assert_eq!(pace.wait(Endpoint::Stats, now), Some((Duration::from_millis(250), Reason::Spread)));
        assert_eq!(pace.wait(Endpoint::Stats, now + Duration::from_millis(250)), None);
    }

    #[test]
    fn the_last_request_of_a_window_is_followed_by_a_wait_on_that_endpoint_only() {
        let (mut pace, now) = (Pace::new(40), Instant::now());
        let limits = Limits { remaining: Some(0), reset: Some(Duration::from_secs(9)), ..Limits::default() };
        pace.succeeded(Endpoint::Events, limits, now);
        assert_eq!(seconds(pace.wait(Endpoint::Events, now)), 9.0);
        assert_eq!(pace.limited(Endpoint::Events, now), Some(Duration::from_secs(9)));
        assert_eq!(seconds(pace.wait(Endpoint::Issues, now)), 0.0);
        assert_eq!(pace.wait(Endpoint::Events, now + Duration::from_secs(9)), None);
    }

    #[test]
    fn a_refusal_is_waited_out_and_never_shortened_by_chance() {
        for random in [0.0, 0.5, 1.0, 7.0] {
            let (mut pace, now) = (Pace::new(40), Instant::now());
            let limits = Limits { retry_after: Some(Duration::from_secs(30)), ..Limits::default() };
            pace.limit(Endpoint::Stats, limits, now, random);
            let wait = seconds(pace.wait(Endpoint::Stats, now));
            assert!((30.0..=33.0).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn failures_double_the_pause_up_to_five_minutes_and_success_ends_it() {
        let (mut pace, now) = (Pace::new(40), Instant::now());
        let mut before = 0.0;
        for failure in 1..=20 {
            pace.failed(None, None, now, 1.0);
            let wait = seconds(pace.wait(Endpoint::Issues, now));
            assert!(wait >= (before * 1.9_f64).min(300.0) && wait <= 300.0, "{failure}: {wait}");
            before = wait;
        }
        assert_eq!(before, 300.0);
        let later = now + LONGEST_PAUSE;
        pace.succeeded(Endpoint::Issues, Limits::default(), later);
        assert_eq!(pace.wait(Endpoint::Issues, later), None);
        pace.failed(None, None, later, 0.0);
        assert_eq!(seconds(pace.wait(Endpoint::Issues, later)), 1.0);
    }

    #[test]
    fn an_endpoint_that_fails_does_not_keep_the_others() {
        let (mut pace, now) = (Pace::new(40), Instant::now());
        pace.failed(Some(Endpoint::Sessions), None, now, 0.5);
        assert!(pace.wait(Endpoint::Sessions, now).is_some());
        pace.succeeded(Endpoint::Events, Limits::default(), now);
        assert!(pace.wait(Endpoint::Sessions, now).is_some());
        assert_eq!(pace.wait(Endpoint::Events, now), None);
    }
}
