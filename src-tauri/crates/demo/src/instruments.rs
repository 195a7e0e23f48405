//! The metrics of the shop, counted from the same events as its traces.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, Exemplar as WireExemplar, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, Sum, exemplar, metric::Data, number_data_point,
    },
};

use crate::{
    attribute::{number, text},
    shop::Service,
};

/// Upper bounds in seconds (semantic conventions, "http.server.request.duration").
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Something that is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Observation {
    /// A request answered.
    Request { method: String, route: String, status: u16 },
    /// A database statement done.
    Statement { system: &'static str, operation: &'static str },
    /// A request that got no connection.
    PoolTimeout,
    /// An order placed.
    Order,
}

/// The span in which something was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
}

struct Pending {
    end: i64,
    service: Service,
    observation: Observation,
    seconds: f64,
    exemplar: Exemplar,
}

#[derive(Default)]
struct Distribution {
    count: u64,
    sum: f64,
    counts: [u64; BOUNDS.len() + 1],
    /// The slowest since the last collection.
    slowest: Option<(i64, f64, Exemplar)>,
}

/// Cumulative counts since the shop opened.
pub(crate) struct Instruments {
    start: i64,
    /// Observations that end after the last collection.
    pending: Vec<Pending>,
    distributions: BTreeMap<(Service, Observation), Distribution>,
}

/// Values at one moment that are not counted from traces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    /// Connections of the orders pool in use.
    pub(crate) connections_used: i64,
    /// Requests that wait for one.
    pub(crate) connections_awaited: i64,
    /// Mails that wait to be sent.
    pub(crate) mails_queued: i64,
}

impl Instruments {
    pub(crate) fn new(start: i64) -> Self {
        Self { start, pending: Vec::new(), distributions: BTreeMap::new() }
    }

    /// Notes something that takes from `start` to `end`; it is counted when it ends.
    pub(crate) fn observe(
        &mut self,
        service: Service,
        observation: Observation,
        start: i64,
        end: i64,
        exemplar: Exemplar,
    ) {
        let seconds = (end - start) as f64 / 1e9;
        self.pending.push(Pending { end, service, observation, seconds, exemplar });
    }

    /// Counts what ended before `time`.
    fn count(&mut self, time: i64) {
        for done in self.pending.extract_if(.., |pending| pending.end < time) {
            let entry = self.distributions.entry((done.service, done.observation)).or_default();
            entry.count += 1;
            entry.sum += done.seconds;
            entry.counts[BOUNDS.partition_point(|bound| *bound < done.seconds)] += 1;
            if entry.slowest.is_none_or(|(_, slowest, _)| slowest < done.seconds) {
                entry.slowest = Some((done.end, done.seconds, done.exemplar));
            }
        }
    }

    /// The metrics of each service at `time`; `memory` gives the bytes and the share of a processor
    /// that a process takes.
    pub(crate) fn collect(
        &mut self,
        time: i64,
        levels: Levels,
        mut process: impl FnMut(Service) -> (f64, f64),
    ) -> Vec<(Service, Vec<Metric>)> {
        self.count(time);
        Service::ALL
            .into_iter()
            .map(|service| {
                let mut metrics = self.counted(service, time);
                let (memory, processor) = process(service);
                metrics.push(self.up_down(
                    "process.memory.usage",
                    "By",
                    "Memory in use",
                    time,
                    vec![(vec![], memory as i64)],
                ));
                metrics.push(gauge(
                    "process.cpu.utilization",
                    "1",
                    "Share of a processor in use",
                    time,
                    processor,
                ));
                match service {
                    Service::Checkout => metrics.extend(self.pool(time, levels)),
                    Service::Mailer => metrics.push(gauge(
                        "shop.mail.queue.length",
                        "{message}",
                        "Confirmations that wait to be sent",
                        time,
                        levels.mails_queued as f64,
                    )),
                    _ => {}
                }
                (service, metrics)
            })
            .collect()
    }

    fn counted(&mut self, service: Service, time: i64) -> Vec<Metric> {
        let (mut requests, mut durations, mut statements) = (Vec::new(), Vec::new(), Vec::new());
        let (mut orders, mut timeouts) = (Vec::new(), Vec::new());
        for ((_, observation), distribution) in
            self.distributions.iter_mut().filter(|((owner, _), _)| *owner == service)
        {
            let total = distribution.count as i64;
            match observation {
                Observation::Request { method, route, status } => {
                    let attributes = vec![
                        text("http.request.method", method),
                        text("http.route", route),
                        number("http.response.status_code", *status),
                    ];
                    requests.push((attributes.clone(), total));
                    durations.push(distribution.point(self.start, time, attributes));
                }
                Observation::Statement { system, operation } => {
                    let attributes =
                        vec![text("db.system.name", *system), text("db.operation.name", *operation)];
                    statements.push(distribution.point(self.start, time, attributes));
                }
                Observation::PoolTimeout => timeouts.push((pool_attributes(), total)),
                Observation::Order => orders.push((Vec::new(), total)),
            }
        }
        let mut metrics = Vec::new();
        if !requests.is_empty() {
            metrics.push(self.counter(
                "http.server.requests",
                "{request}",
                "Requests answered",
                time,
                requests,
            ));
            metrics.push(histogram("http.server.request.duration", "Duration of requests", durations));
        }
        if !statements.is_empty() {
            metrics.push(histogram("db.client.operation.duration", "Duration of statements", statements));
        }
        if !orders.is_empty() {
            metrics.push(self.counter("shop.orders", "{order}", "Orders placed", time, orders));
        }
        if !timeouts.is_empty() {
            let description = "Requests that got no connection in time";
            metrics.push(self.counter(
                "db.client.connection.timeouts",
                "{timeout}",
                description,
                time,
                timeouts,
            ));
        }
        metrics
    }

    fn pool(&self, time: i64, levels: Levels) -> [Metric; 3] {
        let state = |state: &str| {
            let mut attributes = pool_attributes();
            attributes.push(text("db.client.connection.state", state));
            attributes
        };
        let size = crate::fault::POOL_SIZE;
        let used = levels.connections_used;
        [
            self.up_down(
                "db.client.connection.count",
                "{connection}",
                "Connections by state",
                time,
                vec![(state("used"), used), (state("idle"), size - used)],
            ),
            self.up_down(
                "db.client.connection.max",
                "{connection}",
                "Size of the pool",
                time,
                vec![(pool_attributes(), size)],
            ),
            self.up_down(
                "db.client.connection.pending_requests",
                "{request}",
                "Requests that wait for a connection",
                time,
                vec![(pool_attributes(), levels.connections_awaited)],
            ),
        ]
    }

    fn counter(
        &self,
        name: &str,
        unit: &str,
        description: &str,
        time: i64,
        points: Vec<(Vec<KeyValue>, i64)>,
    ) -> Metric {
        self.sum(name, unit, description, time, points, true)
    }

    fn up_down(
        &self,
        name: &str,
        unit: &str,
        description: &str,
        time: i64,
        points: Vec<(Vec<KeyValue>, i64)>,
    ) -> Metric {
        self.sum(name, unit, description, time, points, false)
    }

    fn sum(
        &self,
        name: &str,
        unit: &str,
        description: &str,
        time: i64,
        points: Vec<(Vec<KeyValue>, i64)>,
        is_monotonic: bool,
    ) -> Metric {
        let data_points = points
            .into_iter()
            .map(|(attributes, value)| NumberDataPoint {
                attributes,
                start_time_unix_nano: self.start as u64,
                time_unix_nano: time as u64,
                value: Some(number_data_point::Value::AsInt(value)),
                ..NumberDataPoint::default()
            })
            .collect();
        let aggregation_temporality = AggregationTemporality::Cumulative as i32;
        metric(name, unit, description, Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic }))
    }
}

impl Distribution {
    fn point(&mut self, start: i64, time: i64, attributes: Vec<KeyValue>) -> HistogramDataPoint {
        let exemplars = self.slowest.take().map(|(time, seconds, exemplar)| WireExemplar {
            time_unix_nano: time as u64,
            trace_id: exemplar.trace_id.to_vec(),
            span_id: exemplar.span_id.to_vec(),
            value: Some(exemplar::Value::AsDouble(seconds)),
            ..WireExemplar::default()
        });
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: start as u64,
            time_unix_nano: time as u64,
            count: self.count,
            sum: Some(self.sum),
            bucket_counts: self.counts.to_vec(),
            explicit_bounds: BOUNDS.to_vec(),
            exemplars: exemplars.into_iter().collect(),
            ..HistogramDataPoint::default()
        }
    }
}

fn pool_attributes() -> Vec<KeyValue> {
    vec![text("db.client.connection.pool.name", "orders")]
}

fn metric(name: &str, unit: &str, description: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        description: description.to_owned(),
        unit: unit.to_owned(),
        metadata: Vec::new(),
        data: Some(data),
    }
}

fn gauge(name: &str, unit: &str, description: &str, time: i64, value: f64) -> Metric {
    let point = NumberDataPoint {
        time_unix_nano: time as u64,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    };
    metric(name, unit, description, Data::Gauge(Gauge { data_points: vec![point] }))
}

fn histogram(name: &str, description: &str, data_points: Vec<HistogramDataPoint>) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative as i32;
    metric(name, "s", description, Data::Histogram(Histogram { data_points, aggregation_temporality }))
}
