//! StatsD and DogStatsD over UDP or a Unix socket: values are put together per interval and then stored.

mod aggregate;
mod keeping;
mod line;
mod record;
mod sketch;
mod socket;

use std::{sync::Arc, time::Duration};

use model::{Cadence, HealthState, PartReporter};
use store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::socket::StatsdSocket;
use self::{
    aggregate::{Aggregate, Refused},
    keeping::{Intervals, keeping},
};
use crate::{IngestError, Trimmed, counters::IntakeCounters, intake::now};

/// The largest datagram there can be.
const MAX_DATAGRAM_BYTES: usize = 65_536;
/// How many datagrams are taken before others get their turn.
const AT_A_TIME: usize = 64;
/// How long a datagram that was sent before the end may take to be seen.
const LAST_MOMENT: Duration = Duration::from_millis(50);
/// How often more is looked for at the end, and how many datagrams are taken each time.
const LAST_ROUNDS: usize = 20;
const MOST_AT_THE_END: usize = 10_000;
/// How long the last interval may take to be stored after the end.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// How StatsD is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsdOptions {
    /// How long values are put together before they are stored.
    pub interval: Duration,
    /// The service of what does not name one; the first part of a metric's name if empty.
    pub service: String,
}

/// Receives StatsD on `socket` until `stop` is cancelled, then stores what has come since the last interval. Nobody
/// waits for an acknowledgement in this protocol: what is lost in a crash is one interval at most. Lines that make no
/// sense, datagrams the kernel had no room for and intervals the store could not take are told through `reporter`.
pub async fn serve_statsd(
    socket: StatsdSocket,
    options: StatsdOptions,
    store: Store,
    counters: Arc<IntakeCounters>,
    reporter: PartReporter,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let (intervals, waiting) = keeping(store, Arc::clone(&counters));
    let receiving = async {
        let outcome = receive(&socket, &options, &intervals, &counters, &reporter, &stop).await;
        // The writer ends with what waits.
        drop(intervals);
        outcome
    };
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN_DEADLINE).await;
    };
    tokio::select! {
        (outcome, ()) = async { tokio::join!(receiving, waiting.keep()) } => outcome,
        () = deadline => {
            tracing::warn!("the store took too long: what StatsD sent last is lost");
            Ok(())
        }
    }
}

async fn receive(
    socket: &StatsdSocket,
    options: &StatsdOptions,
    intervals: &Intervals,
    counters: &IntakeCounters,
    reporter: &PartReporter,
    stop: &CancellationToken,
) -> Result<(), IngestError> {
    let mut cadence = Cadence::new(options.interval, "statsd");
    let mut aggregate = Aggregate::new(&options.service, cadence.begin(now()));
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let mut dropped = socket.dropped().unwrap_or_default();
    let mut end = std::pin::pin!(tokio::time::sleep(cadence.next_wait(now())));
    loop {
        let stopping = tokio::select! {
            ready = socket.readable() => {
                ready.map_err(IngestError::Statsd)?;
                drain(socket, &mut buffer, &mut aggregate, AT_A_TIME).map_err(IngestError::Statsd)?;
                tokio::task::yield_now().await;
                continue;
            }
            () = &mut end => false,
            () = stop.cancelled() => true,
        };
        if stopping {
            // What the kernel holds was sent before the end; tokio learns of it a moment later. Whoever goes on sending is
            // not waited for.
            for _ in 0..LAST_ROUNDS {
                let Ok(ready) = tokio::time::timeout(LAST_MOMENT, socket.readable()).await else { break };
                ready.map_err(IngestError::Statsd)?;
                drain(socket, &mut buffer, &mut aggregate, MOST_AT_THE_END).map_err(IngestError::Statsd)?;
            }
        }
        let ended = if stopping { cadence.end(now()) } else { cadence.begin(now()) };
        end.as_mut().reset(Instant::now() + cadence.next_wait(now()));
        let (batch, refused) = aggregate.flush(ended);
        counters.count_rejected(refused.lines, Trimmed::default());
        let lost = socket.dropped().unwrap_or(dropped);
        let problem = problem(&refused, lost.saturating_sub(dropped), options.interval);
        dropped = lost;
        intervals.send(batch);
        match intervals.problem() {
            Some(problem) => reporter.report(HealthState::Unhealthy, problem),
            None if problem.is_empty() => reporter.healthy(),
            None => reporter.report(HealthState::Degraded, problem),
        }
        if stopping {
            return Ok(());
        }
    }
}

/// Takes datagrams that are there, up to `limit`.
fn drain(
    socket: &StatsdSocket,
    buffer: &mut [u8],
    aggregate: &mut Aggregate,
    limit: usize,
) -> std::io::Result<()> {
    let now = now();
    for _ in 0..limit {
        match socket.receive(buffer)? {
            Some(length) => aggregate.take(&buffer[..length], now),
            None => break,
        }
    }
    Ok(())
}

/// What is told of an interval; empty if all was well.
fn problem(refused: &Refused, dropped: u64, interval: Duration) -> String {
    let mut parts = Vec::new();
    if refused.lines > 0 {
        parts.push(format!("{} lines were not taken, the last because {}", refused.lines, refused.last));
    }
    if dropped > 0 {
        parts.push(format!("{dropped} datagrams came too fast and were lost in the kernel"));
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("within the last {} s {}", interval.as_secs_f64(), parts.join("; "))
}
