//! Rates of committed records.

use std::{collections::VecDeque, time::Instant};

use model::RecordCounts;
use runtime::Clock;

/// Number of intervals a rate is measured over.
const INTERVALS: usize = 10;

/// The latest counts, from which rates are computed.
#[derive(Debug)]
pub(super) struct Rates {
    clock: Clock,
    readings: VecDeque<(Instant, RecordCounts)>,
}

impl Rates {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, readings: VecDeque::new() }
    }

    /// Adds a reading and returns the records per second since the oldest one retained.
    pub(super) fn add(&mut self, counts: RecordCounts) -> RecordCounts {
        let read_at = self.clock.instant();
        self.readings.push_back((read_at, counts));
        if self.readings.len() > INTERVALS + 1 {
            self.readings.pop_front();
        }
        let Some((since, before)) = self.readings.front() else { return RecordCounts::default() };
        let seconds = read_at.duration_since(*since).as_secs_f64();
        let rate = |now: u64, then: u64| {
            if seconds > 0.0 { (now.saturating_sub(then) as f64 / seconds).round() as u64 } else { 0 }
        };
        RecordCounts {
            samples: rate(counts.samples, before.samples),
            logs: rate(counts.logs, before.logs),
            spans: rate(counts.spans, before.spans),
        }
    }
}
