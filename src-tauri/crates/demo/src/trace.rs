//! Builds one trace: spans that call each other, and the logs that are written in them.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, SeverityNumber},
    trace::v1::{Span, Status, span, span::SpanKind, status::StatusCode},
};
use rand::{Rng, rngs::StdRng};

use crate::{
    attribute::{number, text},
    instruments::{Exemplar, Instruments, Observation},
    output::Output,
    shop::Service,
};

/// One millisecond in nanoseconds.
pub(crate) const MILLISECOND: i64 = 1_000_000;

/// Where in the trace something happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The service.
    pub(crate) service: Service,
    /// The span.
    pub(crate) span: [u8; 8],
    /// When, in nanoseconds since the epoch.
    pub(crate) time: i64,
}

impl Place {
    pub(crate) fn at(self, time: i64) -> Self {
        Self { time, ..self }
    }
}

/// The end of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply {
    /// When it was answered.
    pub(crate) time: i64,
    /// HTTP status.
    pub(crate) status: u16,
}

/// One trace under way.
pub(crate) struct TraceBuilder<'a> {
    pub(crate) random: &'a mut StdRng,
    pub(crate) trace_id: [u8; 16],
    /// Shortage of connections to the orders database, 0 to 1.
    pub(crate) pressure: f64,
    output: &'a mut Output,
    instruments: &'a mut Instruments,
}

impl<'a> TraceBuilder<'a> {
    pub(crate) fn new(
        random: &'a mut StdRng,
        output: &'a mut Output,
        instruments: &'a mut Instruments,
        pressure: f64,
    ) -> Self {
        let trace_id = random.random();
        Self { random, trace_id, pressure, output, instruments }
    }

    /// A duration around `millis` milliseconds, in nanoseconds: mostly near it, sometimes several
    /// times as long.
    pub(crate) fn around(&mut self, millis: f64) -> i64 {
        let spread: f64 = (0..4).map(|_| self.random.random::<f64>() - 0.5).sum();
        (millis * (spread * 0.6).exp() * MILLISECOND as f64) as i64
    }

    /// Returns true with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability.clamp(0.0, 1.0))
    }

    pub(crate) fn new_span_id(&mut self) -> [u8; 8] {
        self.random.random()
    }

    /// A span without a place in the trace's metrics; the caller fills in the rest.
    pub(crate) fn span(
        &self,
        id: [u8; 8],
        parent: Option<[u8; 8]>,
        kind: SpanKind,
        name: String,
        start: i64,
        end: i64,
    ) -> Span {
        Span {
            trace_id: self.trace_id.to_vec(),
            span_id: id.to_vec(),
            parent_span_id: parent.map(|parent| parent.to_vec()).unwrap_or_default(),
            name,
            kind: kind as i32,
            start_time_unix_nano: start as u64,
            end_time_unix_nano: end as u64,
            flags: 1,
            ..Span::default()
        }
    }

    pub(crate) fn push(&mut self, service: Service, span: Span) {
        self.output.span(service, span);
    }

    /// A request that comes from outside to `service`: a server span around `work`.
    pub(crate) fn serve(
        &mut self,
        service: Service,
        parent: Option<[u8; 8]>,
        start: i64,
        (method, route, path): (&str, &str, &str),
        work: impl FnOnce(&mut Self, Place) -> Reply,
    ) -> (Reply, [u8; 8]) {
        let id = self.new_span_id();
        let reply = work(self, Place { service, span: id, time: start });
        let mut span =
            self.span(id, parent, SpanKind::Server, format!("{method} {route}"), start, reply.time);
        span.attributes = vec![
            text("http.request.method", method),
            text("http.route", route),
            text("url.path", path),
            text("url.scheme", "http"),
            text("server.address", service.name()),
            number("http.response.status_code", reply.status),
            text("network.protocol.version", "1.1"),
        ];
        if reply.status >= 500 {
            span.attributes.push(text("error.type", reply.status.to_string()));
            span.status = Some(error_status(String::new()));
        }
        self.push(service, span);
        let observation =
            Observation::Request { method: method.to_owned(), route: route.to_owned(), status: reply.status };
        self.observe(service, observation, start, reply.time, id);
        (reply, id)
    }

    /// A request from one service to another: a client span there, a server span here.
    pub(crate) fn call(
        &mut self,
        from: Place,
        to: Service,
        (method, route, path): (&str, &str, &str),
        work: impl FnOnce(&mut Self, Place) -> Reply,
    ) -> Reply {
        let id = self.new_span_id();
        let there = self.around(0.6);
        let (reply, _) = self.serve(to, Some(id), from.time + there, (method, route, path), work);
        let end = reply.time + self.around(0.5);
        let mut span = self.span(id, Some(from.span), SpanKind::Client, method.to_owned(), from.time, end);
        span.attributes = vec![
            text("http.request.method", method),
            text("url.full", format!("http://{}:8080{path}", to.name())),
            text("server.address", to.name()),
            number("server.port", 8080),
            number("http.response.status_code", reply.status),
        ];
        if reply.status >= 400 {
            span.attributes.push(text("error.type", reply.status.to_string()));
            span.status = Some(error_status(format!("{} answered {}", to.name(), reply.status)));
        }
        self.push(from.service, span);
        Reply { time: end, ..reply }
    }

    /// A statement to a database: a client span of around `millis` milliseconds; gives its end.
    pub(crate) fn query(
        &mut self,
        from: Place,
        database: &Database,
        statement: &Statement,
        millis: f64,
    ) -> i64 {
        let id = self.new_span_id();
        let end = from.time + self.around(millis);
        let name = format!("{} {}", statement.operation, statement.collection);
        let mut span = self.span(id, Some(from.span), SpanKind::Client, name, from.time, end);
        span.attributes = vec![
            text("db.system.name", database.system),
            text("db.namespace", database.namespace),
            text("db.operation.name", statement.operation),
            text("db.collection.name", statement.collection),
            text("db.query.text", statement.text),
            text("server.address", database.host),
            number("server.port", database.port),
        ];
        self.push(from.service, span);
        let observation = Observation::Statement { system: database.system, operation: statement.operation };
        self.observe(from.service, observation, from.time, end, id);
        end
    }

    /// Work inside of a service: an internal span from `from` to `end`.
    pub(crate) fn internal(
        &mut self,
        from: Place,
        id: [u8; 8],
        name: &str,
        end: i64,
        attributes: Vec<KeyValue>,
    ) -> Span {
        let mut span = self.span(id, Some(from.span), SpanKind::Internal, name.to_owned(), from.time, end);
        span.attributes = attributes;
        span
    }

    /// A line in the log of the service, within the span.
    pub(crate) fn log(
        &mut self,
        place: Place,
        severity: SeverityNumber,
        body: String,
        attributes: Vec<KeyValue>,
    ) {
        let record = LogRecord {
            trace_id: self.trace_id.to_vec(),
            span_id: place.span.to_vec(),
            flags: 1,
            ..log_record(place.time, severity, body, attributes)
        };
        self.output.log(place.service, record);
    }

    /// Counts an order placed.
    pub(crate) fn count_order(&mut self, place: Place) {
        self.observe(place.service, Observation::Order, place.time, place.time, place.span);
    }

    /// Counts a request that waited for a connection until `end` and got none.
    pub(crate) fn count_pool_timeout(&mut self, place: Place, end: i64) {
        self.observe(place.service, Observation::PoolTimeout, place.time, end, place.span);
    }

    fn observe(
        &mut self,
        service: Service,
        observation: Observation,
        start: i64,
        end: i64,
        span_id: [u8; 8],
    ) {
        let exemplar = Exemplar { trace_id: self.trace_id, span_id };
        self.instruments.observe(service, observation, start, end, exemplar);
    }
}

/// A log record outside of any trace.
pub(crate) fn log_record(
    time: i64,
    severity: SeverityNumber,
    body: String,
    attributes: Vec<KeyValue>,
) -> LogRecord {
    let severity_text = match severity {
        SeverityNumber::Debug => "DEBUG",
        SeverityNumber::Warn => "WARN",
        SeverityNumber::Error => "ERROR",
        _ => "INFO",
    };
    LogRecord {
        time_unix_nano: time as u64,
        observed_time_unix_nano: time as u64,
        severity_number: severity as i32,
        severity_text: severity_text.to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(body)) }),
        attributes,
        ..LogRecord::default()
    }
}

/// The status of a span that failed.
pub(crate) fn error_status(message: String) -> Status {
    Status { message, code: StatusCode::Error as i32 }
}

/// Returns the event of an exception.
pub(crate) fn exception(time: i64, kind: &str, message: &str, stack: &str) -> span::Event {
    span::Event {
        time_unix_nano: time as u64,
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", kind),
            text("exception.message", message),
            text("exception.stacktrace", format!("{kind}: {message}\n{stack}")),
        ],
        dropped_attributes_count: 0,
    }
}

/// A database as its clients see it.
pub(crate) struct Database {
    pub(crate) system: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) host: &'static str,
    pub(crate) port: u16,
}

/// A statement without its values.
pub(crate) struct Statement {
    pub(crate) operation: &'static str,
    pub(crate) collection: &'static str,
    pub(crate) text: &'static str,
}
