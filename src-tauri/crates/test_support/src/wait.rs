//! Waits for conditions, polled until a common timeout.

use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use runtime::Clock;

/// Time limit of every wait. Generous, because test machines are busy.
pub const TIMEOUT: Duration = Duration::from_secs(120);
/// Time between two checks of a condition.
pub const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Waits until `holds` returns true.
///
/// An error of `holds` means "not yet". Fails after [`TIMEOUT`], naming `condition` and the last
/// error.
pub async fn wait_until(condition: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    wait_for(condition, async || Ok(holds().await?.then_some(()))).await
}

/// Waits until `poll` returns a value, and returns that value. Errors as for [`wait_until`].
pub async fn wait_for<T>(condition: &str, poll: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    wait_for_every(POLL_INTERVAL, condition, poll).await
}

/// Waits as [`wait_for`] does, with `interval` between two checks: the precision of a measured
/// time.
pub async fn wait_for_every<T>(
    interval: Duration,
    condition: &str,
    mut poll: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let clock = Clock::system();
    let begun = clock.instant();
    loop {
        match poll().await {
            Ok(Some(value)) => return Ok(value),
            last if clock.instant() - begun >= TIMEOUT => return Err(timed_out(condition, last.err())),
            _ => tokio::time::sleep(interval).await,
        }
    }
}

/// Blocks the thread until `holds` returns true. Errors as for [`wait_until`].
pub fn wait_until_blocking(condition: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    wait_for_blocking(condition, || Ok(holds()?.then_some(())))
}

/// Blocks the thread until `poll` returns a value, and returns that value. Errors as for
/// [`wait_until`].
pub fn wait_for_blocking<T>(condition: &str, poll: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    wait_for_blocking_every(POLL_INTERVAL, condition, poll)
}

/// Blocks the thread as [`wait_for_blocking`] does, with `interval` between two checks.
pub fn wait_for_blocking_every<T>(
    interval: Duration,
    condition: &str,
    mut poll: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let clock = Clock::system();
    let begun = clock.instant();
    loop {
        match poll() {
            Ok(Some(value)) => return Ok(value),
            last if clock.instant() - begun >= TIMEOUT => return Err(timed_out(condition, last.err())),
            _ => std::thread::sleep(interval),
        }
    }
}

fn timed_out(condition: &str, last: Option<Error>) -> Error {
    let message = format!("timed out after {} s: {condition}", TIMEOUT.as_secs());
    last.map_or_else(|| anyhow!("{message}"), |error| error.context(message.clone()))
}
