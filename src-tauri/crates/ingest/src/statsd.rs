//! StatsD and DogStatsD over UDP or a Unix socket, aggregated per interval.

mod aggregate;
mod interval_writer;
mod line;
mod record;
mod sketch;
mod socket;
mod tags;

use std::{sync::Arc, time::Duration};

use model::{HealthState, Timestamp};
use runtime::{Clock, HealthReporter, Schedule};
use store::Store;
use tokio_util::sync::CancellationToken;

pub use self::socket::StatsdSocket;
use self::{
    aggregate::{Aggregate, RejectedLines},
    interval_writer::{IntervalQueue, interval_writer},
};
use crate::{counters::IntakeCounters, error::IngestError, limits::budget::IntakeBudget};

/// Maximum size of a datagram.
const MAX_DATAGRAM_BYTES: usize = 65_536;
/// Datagrams that are received before other tasks run.
const DATAGRAMS_PER_TURN: usize = 64;
/// Time until tokio reports a datagram that was sent before the receiver stopped.
const FINAL_WAIT: Duration = Duration::from_millis(50);
/// Maximum number of reads after the receiver stopped.
const MAX_FINAL_READS: usize = 20;
/// Maximum number of datagrams of each such read.
const DATAGRAMS_PER_FINAL_READ: usize = 10_000;
/// Time that the last interval has to be stored after the receiver stopped.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// The settings of the StatsD receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsdOptions {
    /// Length of the interval that values are aggregated over.
    pub interval: Duration,
    /// The service of values without the tag `service`. If empty, it is the first part of the
    /// metric's name.
    pub service: String,
}

/// Receives StatsD on `socket` until `stop` is cancelled, then stores the open interval.
///
/// The protocol has no acknowledgement, so a crash loses at most one interval. Values beyond the
/// budget are rejected. `reporter` gets malformed lines, datagrams that the kernel dropped, and
/// intervals that could not be stored.
#[expect(clippy::too_many_arguments, reason = "each is a handle of its own kind")]
pub async fn serve_statsd(
    socket: StatsdSocket,
    options: StatsdOptions,
    store: Store,
    clock: Clock,
    counters: Arc<IntakeCounters>,
    budget: IntakeBudget,
    reporter: HealthReporter,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let (queue, writer) = interval_writer(store, clock.clone(), Arc::clone(&counters));
    let receiving = async {
        let outcome =
            receive(&socket, (&options, &budget), &clock, &queue, &counters, &reporter, &stop).await;
        // Closes the queue, so that the writer ends once it is empty.
        drop(queue);
        outcome
    };
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN_DEADLINE).await;
    };
    tokio::select! {
        (outcome, ()) = async { tokio::join!(receiving, writer.run()) } => outcome,
        () = deadline => {
            tracing::warn!("could not store the last StatsD interval before the deadline, its values are lost");
            Ok(())
        }
    }
}

async fn receive(
    socket: &StatsdSocket,
    (options, budget): (&StatsdOptions, &IntakeBudget),
    clock: &Clock,
    queue: &IntervalQueue,
    counters: &IntakeCounters,
    reporter: &HealthReporter,
    stop: &CancellationToken,
) -> Result<(), IngestError> {
    let mut schedule = Schedule::new(options.interval, "statsd");
    let mut aggregate = Aggregate::new(&options.service, schedule.begin(clock.now()), budget);
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let mut dropped = socket.dropped().unwrap_or_default();
    let mut interval_end = std::pin::pin!(clock.sleep(schedule.next_delay(clock.now())));
    loop {
        let stopping = tokio::select! {
            ready = socket.readable() => {
                ready.map_err(IngestError::Statsd)?;
                read(socket, clock.now(), &mut buffer, &mut aggregate, DATAGRAMS_PER_TURN).map_err(IngestError::Statsd)?;
                tokio::task::yield_now().await;
                continue;
            }
            () = &mut interval_end => false,
            () = stop.cancelled() => true,
        };
        if stopping {
            // Datagrams in the kernel's buffer were sent before the stop, but tokio reports them
            // with a delay. The number of reads is limited, because senders can continue.
            for _ in 0..MAX_FINAL_READS {
                let Ok(ready) = tokio::time::timeout(FINAL_WAIT, socket.readable()).await else { break };
                ready.map_err(IngestError::Statsd)?;
                read(socket, clock.now(), &mut buffer, &mut aggregate, DATAGRAMS_PER_FINAL_READ)
                    .map_err(IngestError::Statsd)?;
            }
        }
        let end = if stopping { schedule.end(clock.now()) } else { schedule.begin(clock.now()) };
        interval_end.set(clock.sleep(schedule.next_delay(clock.now())));
        let (closed, rejected) = aggregate.flush(end);
        counters.count_rejected_records(rejected.count);
        counters.count_over_budget(rejected.over_budget);
        let total_dropped = socket.dropped().unwrap_or(dropped);
        let problem = describe(&rejected, total_dropped.saturating_sub(dropped), options.interval);
        dropped = total_dropped;
        queue.send(closed);
        match queue.take_problem() {
            Some(problem) => reporter.report(HealthState::Unhealthy, problem),
            None if problem.is_empty() => reporter.healthy(),
            None => reporter.report(HealthState::Degraded, problem),
        }
        if stopping {
            return Ok(());
        }
    }
}

/// Reads datagrams that have arrived by `now`, at most `limit`.
fn read(
    socket: &StatsdSocket,
    now: Timestamp,
    buffer: &mut [u8],
    aggregate: &mut Aggregate,
    limit: usize,
) -> std::io::Result<()> {
    for _ in 0..limit {
        match socket.receive(buffer)? {
            Some(length) => aggregate.add(&buffer[..length], now),
            None => break,
        }
    }
    Ok(())
}

/// Describes the losses of an interval; empty if there were none.
fn describe(rejected: &RejectedLines, dropped: u64, interval: Duration) -> String {
    let mut problems = Vec::new();
    if rejected.count > 0 {
        problems
            .push(format!("{} lines rejected, the last because {}", rejected.count, rejected.last_reason));
    }
    if dropped > 0 {
        problems.push(format!("{dropped} datagrams dropped by the kernel, its receive buffer was full"));
    }
    if problems.is_empty() {
        return String::new();
    }
    format!("within the last {} s: {}", interval.as_secs_f64(), problems.join("; "))
}

/// Parses the lines of a datagram without counting them, for the crate `fuzz`.
pub(crate) fn parse_only(datagram: &[u8]) {
    for line in String::from_utf8_lossy(datagram).lines() {
        if let Ok(line::Line::Metrics(packed)) = line::parse(line) {
            let _ = packed.flatten().map(|metric| metric.all_tags().count()).sum::<usize>();
        }
    }
}
