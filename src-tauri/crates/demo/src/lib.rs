//! A small shop of seven services that sends real OTLP: traces, logs and metrics that belong
//! together, with the rhythm of a day and a fault that comes and goes. For trying Binnacle out and
//! for testing it.

mod attribute;
mod fault;
mod generator;
mod instruments;
mod journeys;
mod order;
mod output;
mod rhythm;
mod sender;
mod shop;
mod trace;
mod visit;

use std::time::Duration;

use runtime::Clock;
use tokio_util::sync::CancellationToken;

pub use generator::Generator;
pub use output::Telemetry;

use crate::sender::Sender;

/// Length of the past that is generated and sent at a time, in nanoseconds.
const BACKFILL_STEP: i64 = 60_000_000_000;
/// Delay behind real time in nanoseconds, so that no span ends in the future.
const LAG: i64 = 6_000_000_000;
/// Interval between transmissions in real time.
const TICK: Duration = Duration::from_secs(1);

/// The telemetry to send and its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// An OTLP/gRPC receiver, such as `http://127.0.0.1:4317`.
    pub endpoint: String,
    /// Length of the past that is sent first.
    pub history: Duration,
    /// True to continue in real time after that.
    pub realtime: bool,
    /// Equal seeds and starts give equal telemetry.
    pub seed: u64,
}

/// Why the shop closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The endpoint is not an address.
    #[error("invalid endpoint {endpoint:?}: {reason}")]
    Endpoint {
        /// The endpoint as it was given.
        endpoint: String,
        /// The reason.
        reason: String,
    },
    /// The receiver did not take the telemetry.
    #[error("{endpoint} does not take telemetry: {reason}")]
    Refused {
        /// The endpoint as it was given.
        endpoint: String,
        /// Its answer.
        reason: String,
    },
}

/// Sends the past in order of time, then, if asked for, goes on in real time until `stop` is
/// cancelled. Waits and tries again while the receiver is busy or away, but gives up if it was
/// never there.
pub async fn run(options: Options, clock: Clock, stop: CancellationToken) -> Result<(), DemoError> {
    tokio::select! {
        outcome = send(options, clock) => outcome,
        () = stop.cancelled() => Ok(()),
    }
}

async fn send(options: Options, clock: Clock) -> Result<(), DemoError> {
    let mut sender = Sender::new(&options.endpoint, clock.clone())?;
    let history = i64::try_from(options.history.as_nanos()).unwrap_or(i64::MAX / 4);
    let begin = clock.now().0 - LAG;
    let mut generator = Generator::new(options.seed, begin - history);
    let mut reached = begin - history;
    while reached < begin {
        reached = (reached + BACKFILL_STEP).min(begin);
        sender.send(generator.advance(reached)).await?;
    }
    if !options.realtime {
        return Ok(());
    }
    loop {
        clock.sleep(TICK).await;
        let target = clock.now().0 - LAG;
        // In steps again, for the machine may have slept.
        while reached < target {
            reached = (reached + BACKFILL_STEP).min(target);
            sender.send(generator.advance(reached)).await?;
        }
    }
}
