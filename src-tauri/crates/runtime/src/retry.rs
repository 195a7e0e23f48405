//! Retries of operations that fail for a while.

use std::{future::Future, pin::pin, time::Duration};

use crate::Clock;

/// An error that may pass by itself.
pub trait RetryAfter {
    /// Returns how long to wait before the next attempt. None if a retry is useless.
    fn retry_after(&self) -> Option<Duration>;
}

/// Delays that double from a first one up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    /// Creates delays from `first` up to `max`.
    pub fn new(first: Duration, max: Duration) -> Self {
        Self { first: first.min(max), max, next: first.min(max) }
    }

    /// Returns the delay before the next attempt and doubles the one after it.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = delay.saturating_mul(2).min(self.max);
        delay
    }

    /// Starts over at the first delay, after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// The limits of [`retry_while_busy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    backoff: Option<Backoff>,
}

impl RetryPolicy {
    /// Retries for as long as the error asks for it.
    pub fn unlimited() -> Self {
        Self { max_attempts: u32::MAX, backoff: None }
    }

    /// Makes at most `max` attempts, the first one included.
    pub fn attempts(max: u32) -> Self {
        Self { max_attempts: max.max(1), backoff: None }
    }

    /// Waits at least as long as `backoff` says between attempts.
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff: Some(backoff), ..self }
    }
}

/// Runs `operation` until it succeeds or its error is not worth a retry.
///
/// Returns the last error when the attempts are used up. When `stop` completes during a wait, it
/// returns the error before that wait. A running operation is never dropped.
pub async fn retry_while_busy<T, E, F>(
    clock: &Clock,
    policy: RetryPolicy,
    stop: impl Future<Output = ()>,
    mut operation: impl FnMut() -> F,
) -> Result<T, E>
where
    E: RetryAfter,
    F: Future<Output = Result<T, E>>,
{
    let mut stop = pin!(stop);
    let mut backoff = policy.backoff;
    let mut attempt = 1;
    loop {
        let error = match operation().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(wait) = error.retry_after().filter(|_| attempt < policy.max_attempts) else {
            return Err(error);
        };
        let wait = backoff.as_mut().map_or(wait, |backoff| wait.max(backoff.next_delay()));
        tokio::select! {
            () = clock.sleep(wait) => attempt = attempt.saturating_add(1),
            () = &mut stop => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
    };

    use model::Timestamp;

    use super::*;
    use crate::ManualClock;

    #[derive(Debug, Clone, PartialEq)]
    enum Failure {
        Busy,
        Fatal,
    }

    impl RetryAfter for Failure {
        fn retry_after(&self) -> Option<Duration> {
            (*self == Self::Busy).then_some(Duration::from_secs(1))
        }
    }

    /// Starts retries of an operation that fails with `failure` until attempt `succeeds_at`.
    fn start(
        clock: Clock,
        policy: RetryPolicy,
        failure: Failure,
        succeeds_at: u32,
    ) -> (Arc<AtomicU32>, tokio::task::JoinHandle<Result<u32, Failure>>) {
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&attempts);
        let task = tokio::spawn(async move {
            retry_while_busy(&clock, policy, pending(), || {
                let attempt = counted.fetch_add(1, Relaxed) + 1;
                ready(if attempt >= succeeds_at { Ok(attempt) } else { Err(failure.clone()) })
            })
            .await
        });
        (attempts, task)
    }

    #[test]
    fn delays_double_up_to_their_limit() {
        let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(7));
        let delays: Vec<u64> = (0..4).map(|_| backoff.next_delay().as_secs()).collect();
        assert_eq!(delays, [2, 4, 7, 7]);
        backoff.reset();
        assert_eq!(backoff.next_delay().as_secs(), 2);
        assert_eq!(Backoff::new(Duration::MAX, Duration::MAX).next_delay(), Duration::MAX);
    }

    #[tokio::test]
    async fn a_busy_operation_is_repeated_until_it_succeeds() {
        let time = ManualClock::new(Timestamp(0));
        let (attempts, task) = start(time.clock(), RetryPolicy::unlimited(), Failure::Busy, 3);
        for attempt in 1..3 {
            time.wait_for_sleepers(1).await;
            assert_eq!(attempts.load(Relaxed), attempt);
            time.advance(Duration::from_secs(1));
            while attempts.load(Relaxed) == attempt {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(task.await.unwrap(), Ok(3));
    }

    #[tokio::test]
    async fn other_errors_and_spent_attempts_end_the_retries() {
        let clock = Clock::system();
        let (attempts, task) = start(clock.clone(), RetryPolicy::unlimited(), Failure::Fatal, 9);
        assert_eq!((task.await.unwrap(), attempts.load(Relaxed)), (Err(Failure::Fatal), 1));
        let (attempts, task) = start(clock, RetryPolicy::attempts(1), Failure::Busy, 9);
        assert_eq!((task.await.unwrap(), attempts.load(Relaxed)), (Err(Failure::Busy), 1));
    }

    #[tokio::test]
    async fn the_longer_of_backoff_and_wish_is_waited() {
        let time = ManualClock::new(Timestamp(0));
        let backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(5));
        let policy = RetryPolicy::attempts(2).with_backoff(backoff);
        let (attempts, task) = start(time.clock(), policy, Failure::Busy, 2);
        time.wait_for_sleepers(1).await;
        time.advance(Duration::from_secs(4));
        tokio::task::yield_now().await;
        assert_eq!(attempts.load(Relaxed), 1);
        time.advance(Duration::from_secs(1));
        assert_eq!(task.await.unwrap(), Ok(2));
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait_with_the_last_error() {
        let operation = || ready(Err::<(), _>(Failure::Busy));
        let clock = ManualClock::new(Timestamp(0)).clock();
        let outcome = retry_while_busy(&clock, RetryPolicy::unlimited(), ready(()), operation).await;
        assert_eq!(outcome, Err(Failure::Busy));
    }
}
