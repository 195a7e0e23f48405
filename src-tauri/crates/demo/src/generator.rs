//! Lets time pass in the shop.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    attribute::number,
    fault,
    instruments::{Instruments, Levels},
    order::{self, PlacedOrder},
    output::{Output, Telemetry},
    rhythm,
    shop::Service,
    trace::{TraceBuilder, log_record},
    visit,
};

const SECOND: i64 = 1_000_000_000;
/// Interval between collections of metrics.
const METRIC_INTERVAL: i64 = 15 * SECOND;
/// Number of the first order.
const FIRST_ORDER: i64 = 10_001;

/// The shop, from its opening to the time it was advanced to. Equal seeds and openings give equal
/// telemetry, however it is advanced.
pub struct Generator {
    random: StdRng,
    opened: i64,
    next_visit: i64,
    next_metrics: i64,
    /// Orders that wait for their confirmation, by when it is sent.
    mails: BTreeMap<(i64, i64), PlacedOrder>,
    instruments: Instruments,
    last_order: i64,
    /// Memory of each process, in bytes.
    memory: [f64; Service::ALL.len()],
    /// Faults up to here have been announced.
    announced: i64,
}

impl Generator {
    /// A shop that opens at `opened`, in nanoseconds since the epoch.
    pub fn new(seed: u64, opened: i64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let memory = Service::ALL.map(|service| service.base_memory() * random.random_range(1.0..1.3));
        Self {
            random,
            opened,
            next_visit: opened,
            next_metrics: opened + METRIC_INTERVAL,
            mails: BTreeMap::new(),
            instruments: Instruments::new(opened),
            last_order: FIRST_ORDER - 1,
            memory,
            announced: 0,
        }
    }

    /// Returns everything that begins before `until` (nanoseconds since the epoch) and was not
    /// returned yet. Traces are returned as a whole and may end some seconds after `until`.
    pub fn advance(&mut self, until: i64) -> Telemetry {
        let mut output = Output::default();
        self.announce(until, &mut output);
        loop {
            let next_mail = self.mails.first_key_value().map_or(i64::MAX, |((time, _), _)| *time);
            let next = self.next_visit.min(self.next_metrics).min(next_mail);
            if next >= until {
                return output.finish();
            }
            if next == next_mail {
                self.send_mail(&mut output);
            } else if next == self.next_visit {
                self.visit(&mut output);
            } else {
                self.collect(&mut output);
            }
        }
    }

    fn visit(&mut self, output: &mut Output) {
        let start = self.next_visit;
        let pressure = fault::pressure(start - self.opened);
        let mut trace = TraceBuilder::new(&mut self.random, output, &mut self.instruments, pressure);
        if let Some(order) = visit::visit(&mut trace, start, self.last_order + 1) {
            self.last_order = order.number;
            let delay = self.random.random_range(2 * SECOND..20 * SECOND);
            self.mails.insert((order.time + delay, order.number), order);
        }
        // Visitors come independently of each other: the time between two is exponentially
        // distributed.
        let seconds = -(1.0 - self.random.random::<f64>()).ln() / rhythm::request_rate(start);
        self.next_visit += ((seconds * SECOND as f64) as i64).max(1);
    }

    fn send_mail(&mut self, output: &mut Output) {
        if let Some(((start, _), order)) = self.mails.pop_first() {
            let mut trace = TraceBuilder::new(&mut self.random, output, &mut self.instruments, 0.0);
            order::confirm(&mut trace, start, &order);
        }
    }

    fn collect(&mut self, output: &mut Output) {
        let time = self.next_metrics;
        self.next_metrics += METRIC_INTERVAL;
        let pressure = fault::pressure(time - self.opened);
        let random = &mut self.random;
        let busy = (pressure * fault::POOL_SIZE as f64).ceil() as i64;
        let awaited =
            if pressure >= 0.9 { 2 + (pressure * 6.0) as i64 + random.random_range(0..3_i64) } else { 0 };
        let levels = Levels {
            connections_used: (busy + random.random_range(0..3)).min(fault::POOL_SIZE),
            connections_awaited: awaited,
            mails_queued: self.mails.values().filter(|order| order.time < time).count() as i64,
        };
        let load = rhythm::request_rate(time);
        let memory = &mut self.memory;
        let metrics = self.instruments.collect(time, levels, |service| {
            let bytes = &mut memory[service as usize];
            // Grows with the work until the collector gives a third back.
            *bytes += service.base_memory() * load * random.random_range(0.0005..0.002);
            if *bytes > service.base_memory() * 1.5 {
                *bytes = service.base_memory() * random.random_range(1.0..1.08);
            }
            (*bytes, (0.02 + 0.03 * load) * random.random_range(0.8..1.25))
        });
        for (service, metrics) in metrics {
            output.metrics(service, metrics);
        }
    }

    /// Logs the work that causes the fault, as the checkout does.
    fn announce(&mut self, until: i64, output: &mut Output) {
        let (from, to) = (self.announced, (until - self.opened).max(self.announced));
        self.announced = to;
        for begin in fault::beginnings(from, to) {
            let rows = 4200;
            let body = format!("stock reconciliation started, {rows} rows to compare");
            let record =
                log_record(self.opened + begin, SeverityNumber::Info, body, vec![number("rows", rows)]);
            output.log(Service::Checkout, record);
        }
        for end in fault::beginnings((from - fault::LENGTH).max(0), to - fault::LENGTH) {
            let end = end + fault::LENGTH;
            if end >= from {
                let seconds = fault::LENGTH / SECOND;
                let body = format!("stock reconciliation finished after {seconds} s");
                let attributes = vec![number("duration_s", seconds)];
                output.log(
                    Service::Checkout,
                    log_record(self.opened + end, SeverityNumber::Info, body, attributes),
                );
            }
        }
    }
}
