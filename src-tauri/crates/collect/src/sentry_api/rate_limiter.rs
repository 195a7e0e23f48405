//! The rate limiter of requests, with backoff after failures. Pure: the caller passes in time and
//! randomness.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::limits::Limits;

/// The pause after the first failure. It doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// The pause after a refused token, which a user has to replace.
const REFUSED_PAUSE: Duration = Duration::from_secs(300);
/// The pause while other clients use the same token.
const CONCURRENCY_PAUSE: Duration = Duration::from_secs(1);

/// An endpoint of Sentry's API. Each has limits of its own.
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
    /// Returns the name for messages and tags.
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

/// The reason of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The installation limits the rate.
    Limited,
    /// After a failure.
    Failed,
    /// The minimum distance between two requests.
    Spread,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Instant,
    reason: Reason,
}

#[derive(Debug, Default)]
struct EndpointState {
    failures: u32,
    pause: Option<Pause>,
}

/// The pauses of each endpoint and of the whole installation.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    gap: Duration,
    last: Option<Instant>,
    /// States of endpoints, and under `None` of the whole installation.
    states: HashMap<Option<Endpoint>, EndpointState>,
}

impl RateLimiter {
    /// Creates a limiter of `per_second` requests a second.
    pub(crate) fn new(per_second: u32) -> Self {
        let gap = Duration::from_secs(1) / per_second.max(1);
        Self { gap, last: None, states: HashMap::new() }
    }

    /// Returns the delay of a request to `endpoint` at `now`, and its reason; none without a delay.
    pub(crate) fn wait(&self, endpoint: Endpoint, now: Instant) -> Option<(Duration, Reason)> {
        let spread = self.last.map(|last| Pause { until: last + self.gap, reason: Reason::Spread });
        [self.pause(None), self.pause(Some(endpoint)), spread]
            .into_iter()
            .flatten()
            .filter(|pause| pause.until > now)
            .max_by_key(|pause| pause.until)
            .map(|pause| (pause.until - now, pause.reason))
    }

    /// Returns the remaining rate-limit pause of `endpoint`.
    pub(crate) fn limited(&self, endpoint: Endpoint, now: Instant) -> Option<Duration> {
        let pause = self
            .pause(Some(endpoint))
            .filter(|pause| pause.reason == Reason::Limited && pause.until > now)?;
        Some(pause.until - now)
    }

    /// Returns the remaining pause after a failure of the whole installation.
    pub(crate) fn failing(&self, now: Instant) -> Option<Duration> {
        self.pause(None).filter(|pause| pause.until > now).map(|pause| pause.until - now)
    }

    fn pause(&self, of: Option<Endpoint>) -> Option<Pause> {
        self.states.get(&of)?.pause
    }

    /// Records the start of a request.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Records a successful response.
    pub(crate) fn succeeded(&mut self, endpoint: Endpoint, limits: Limits, now: Instant) {
        self.reached();
        let pause = match (limits.remaining, limits.concurrent_remaining) {
            (Some(remaining), _) if remaining <= 0 => Some(limits.reset.unwrap_or(CONCURRENCY_PAUSE)),
            (_, Some(concurrent)) if concurrent <= 0 => Some(CONCURRENCY_PAUSE),
            _ => None,
        };
        let pause = pause.map(|wait| Pause { until: now + wait, reason: Reason::Limited });
        self.states.insert(Some(endpoint), EndpointState { failures: 0, pause });
    }

    /// Records a rate-limited response. `random` is from 0 to 1.
    pub(crate) fn limit(&mut self, endpoint: Endpoint, limits: Limits, now: Instant, random: f64) {
        self.reached();
        let state = self.states.entry(Some(endpoint)).or_default();
        state.failures = state.failures.saturating_add(1);
        let requested =
            limits.retry_after.or(limits.reset.filter(|_| limits.remaining.is_some_and(|left| left <= 0)));
        let wait = match requested {
            // Never earlier than requested; a little later, so that clients do not return together.
            Some(requested) => {
                requested.max(Duration::from_millis(500)).mul_f64(1.0 + 0.1 * random.clamp(0.0, 1.0))
            }
            None => backoff(state.failures, random),
        };
        state.pause = Some(Pause { until: now + wait, reason: Reason::Limited });
    }

    /// Records a failure of one endpoint, or with none of the whole installation. `random` is from
    /// 0 to 1.
    pub(crate) fn failed(
        &mut self,
        endpoint: Option<Endpoint>,
        retry_after: Option<Duration>,
        now: Instant,
        random: f64,
    ) {
        let state = self.states.entry(endpoint).or_default();
        state.failures = state.failures.saturating_add(1);
        let wait = backoff(state.failures, random).max(retry_after.unwrap_or_default());
        state.pause = Some(Pause { until: now + wait, reason: Reason::Failed });
        if endpoint.is_some() {
            self.reached();
        }
    }

    /// Records that the token was refused.
    pub(crate) fn refused(&mut self, now: Instant) {
        let pause = Pause { until: now + REFUSED_PAUSE, reason: Reason::Failed };
        self.states.insert(None, EndpointState { failures: 1, pause: Some(pause) });
    }

    fn reached(&mut self) {
        self.states.remove(&None);
    }
}

/// Returns the pause after a number of consecutive failures. It doubles; half of it is random.
fn backoff(failures: u32, random: f64) -> Duration {
    let doubled = FIRST_PAUSE * 2u32.saturating_pow(failures.saturating_sub(1).min(10));
    doubled.min(MAX_PAUSE).mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use runtime::Clock;

    use super::*;

    fn seconds(wait: Option<(Duration, Reason)>) -> f64 {
        wait.map_or(0.0, |(wait, _)| wait.as_secs_f64())
    }

    #[test]
    fn requests_have_a_minimum_distance() {
        let (mut limiter, now) = (RateLimiter::new(4), Clock::system().instant());
        assert_eq!(limiter.wait(Endpoint::Events, now), None);
        limiter.begin(now);
        assert_eq!(limiter.wait(Endpoint::Stats, now), Some((Duration::from_millis(250), Reason::Spread)));
        assert_eq!(limiter.wait(Endpoint::Stats, now + Duration::from_millis(250)), None);
    }

    #[test]
    fn the_last_request_of_a_window_is_followed_by_a_wait_on_that_endpoint_only() {
        let (mut limiter, now) = (RateLimiter::new(40), Clock::system().instant());
        let limits = Limits { remaining: Some(0), reset: Some(Duration::from_secs(9)), ..Limits::default() };
        limiter.succeeded(Endpoint::Events, limits, now);
        assert_eq!(seconds(limiter.wait(Endpoint::Events, now)), 9.0);
        assert_eq!(limiter.limited(Endpoint::Events, now), Some(Duration::from_secs(9)));
        assert_eq!(seconds(limiter.wait(Endpoint::Issues, now)), 0.0);
        assert_eq!(limiter.wait(Endpoint::Events, now + Duration::from_secs(9)), None);
    }

    #[test]
    fn a_requested_pause_is_never_shortened_by_randomness() {
        for random in [0.0, 0.5, 1.0, 7.0] {
            let (mut limiter, now) = (RateLimiter::new(40), Clock::system().instant());
            let limits = Limits { retry_after: Some(Duration::from_secs(30)), ..Limits::default() };
            limiter.limit(Endpoint::Stats, limits, now, random);
            let wait = seconds(limiter.wait(Endpoint::Stats, now));
            assert!((30.0..=33.0).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn failures_double_the_pause_up_to_five_minutes_and_success_ends_it() {
        let (mut limiter, now) = (RateLimiter::new(40), Clock::system().instant());
        let mut before = 0.0;
        for failure in 1..=20 {
            limiter.failed(None, None, now, 1.0);
            let wait = seconds(limiter.wait(Endpoint::Issues, now));
            assert!(wait >= (before * 1.9_f64).min(300.0) && wait <= 300.0, "{failure}: {wait}");
            before = wait;
        }
        assert_eq!(before, 300.0);
        let later = now + MAX_PAUSE;
        limiter.succeeded(Endpoint::Issues, Limits::default(), later);
        assert_eq!(limiter.wait(Endpoint::Issues, later), None);
        limiter.failed(None, None, later, 0.0);
        assert_eq!(seconds(limiter.wait(Endpoint::Issues, later)), 1.0);
    }

    #[test]
    fn a_failing_endpoint_does_not_delay_the_others() {
        let (mut limiter, now) = (RateLimiter::new(40), Clock::system().instant());
        limiter.failed(Some(Endpoint::Sessions), None, now, 0.5);
        assert!(limiter.wait(Endpoint::Sessions, now).is_some());
        limiter.succeeded(Endpoint::Events, Limits::default(), now);
        assert!(limiter.wait(Endpoint::Sessions, now).is_some());
        assert_eq!(limiter.wait(Endpoint::Events, now), None);
    }
}
