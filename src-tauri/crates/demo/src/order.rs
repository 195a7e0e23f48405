//! Placing an order, which needs a connection to the orders database, and mailing its confirmation
//! later.

use opentelemetry_proto::tonic::{
    logs::v1::SeverityNumber,
    trace::v1::span::{Link, SpanKind},
};
use rand::Rng;

use crate::{
    attribute::{double, number, text},
    fault::{ACQUIRE_TIMEOUT_MILLIS, POOL_SIZE},
    journeys::{at_gateway, read_cart},
    shop::Service,
    trace::{Database, MILLISECOND, Place, Reply, Statement, TraceBuilder, error_status, exception},
};

const ORDERS_DB: Database =
    Database { system: "postgresql", namespace: "orders", host: "orders-db", port: 5432 };
const RESERVE: Statement = Statement {
    operation: "UPDATE",
    collection: "stock",
    text: "UPDATE stock SET reserved = reserved + $1 WHERE product = $2 AND free >= $1",
};
const INSERT_ORDER: Statement = Statement {
    operation: "INSERT",
    collection: "orders",
    text: "INSERT INTO orders (customer, total, state) VALUES ($1, $2, 'new') RETURNING id",
};
const INSERT_LINES: Statement = Statement {
    operation: "INSERT",
    collection: "order_lines",
    text: "INSERT INTO order_lines (order_id, product, quantity, price) SELECT * FROM unnest($1, $2, $3, $4)",
};
const MARK_PAID: Statement = Statement {
    operation: "UPDATE",
    collection: "orders",
    text: "UPDATE orders SET state = 'paid' WHERE id = $1",
};
const TIMEOUT_STACK: &str = "  at Pool.acquire (/app/src/pool.ts:118:13)\n  at reserveStock (/app/src/stock.ts:41:27)\n  at placeOrder (/app/src/order.ts:77:9)";

/// A placed order whose confirmation is still to be mailed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlacedOrder {
    /// Number of the order.
    pub(crate) number: i64,
    /// When it was handed to the queue.
    pub(crate) time: i64,
    /// The trace in which it was placed.
    pub(crate) trace_id: [u8; 16],
    /// The span that put it into the queue.
    pub(crate) span_id: [u8; 8],
}

/// Turns a cart into order `order`, if connections and card allow.
pub(crate) fn place(trace: &mut TraceBuilder<'_>, start: i64, order: i64) -> Option<PlacedOrder> {
    let total = f64::from(trace.random.random_range(990..24_900_u32)) / 100.0;
    let mut placed = None;
    at_gateway(trace, start, ("POST", "/checkout", "/checkout"), |trace, place| {
        let reply = trace.call(place, Service::Checkout, ("POST", "/orders", "/orders"), |trace, place| {
            place_order(trace, place, order, total, &mut placed)
        });
        if reply.status < 500 {
            return reply;
        }
        let attributes =
            vec![text("upstream", "checkout"), number("http.response.status_code", reply.status)];
        let body = format!("upstream checkout answered {} for POST /checkout", reply.status);
        trace.log(place.at(reply.time), SeverityNumber::Error, body, attributes);
        Reply { status: 502, ..reply }
    });
    placed
}

fn place_order(
    trace: &mut TraceBuilder<'_>,
    place: Place,
    order: i64,
    total: f64,
    placed: &mut Option<PlacedOrder>,
) -> Reply {
    let cart = read_cart(trace, place);
    let Ok(connected) = acquire(trace, place.at(cart.time)) else {
        let gave_up = cart.time + ACQUIRE_TIMEOUT_MILLIS * MILLISECOND;
        return Reply { time: gave_up + trace.around(0.6), status: 503 };
    };
    // Statements crawl while the reconciliation keeps the database busy.
    let strain = 1.0 + 9.0 * trace.pressure;
    let time = trace.query(place.at(connected), &ORDERS_DB, &RESERVE, 4.0 * strain);
    let time = trace.query(place.at(time), &ORDERS_DB, &INSERT_ORDER, 3.0 * strain);
    let time = trace.query(place.at(time), &ORDERS_DB, &INSERT_LINES, 3.5 * strain);
    let charged = charge(trace, place.at(time), order, total);
    if charged.status != 201 {
        return Reply { time: charged.time + trace.around(0.8), ..charged };
    }
    let time = trace.query(place.at(charged.time), &ORDERS_DB, &MARK_PAID, 2.0 * strain);
    let (time, span_id) = publish(trace, place.at(time), order);
    let attributes = vec![number("order.id", order), double("order.total", total)];
    trace.log(
        place.at(time),
        SeverityNumber::Info,
        format!("order {order} placed, total {total:.2} EUR"),
        attributes,
    );
    trace.count_order(place.at(time));
    *placed = Some(PlacedOrder { number: order, time, trace_id: trace.trace_id, span_id });
    Reply { time: time + trace.around(1.0), status: 201 }
}

/// Waits for a connection; gives the time at which there is one.
fn acquire(trace: &mut TraceBuilder<'_>, place: Place) -> Result<i64, ()> {
    let mean_millis = 0.2 + 4200.0 * trace.pressure.powi(2);
    let wait = -mean_millis * (1.0 - trace.random.random::<f64>()).ln();
    let wait_nanos = (wait * MILLISECOND as f64) as i64;
    let timeout = ACQUIRE_TIMEOUT_MILLIS * MILLISECOND;
    let id = trace.new_span_id();
    let end = place.time + wait_nanos.min(timeout);
    let attributes = vec![text("db.client.connection.pool.name", "orders")];
    let mut span = trace.internal(place, id, "acquire connection", end, attributes);
    let inside = Place { span: id, ..place };
    let waiting = 2 + (trace.pressure * 6.0) as i64 + trace.random.random_range(0..3_i64);
    let details = vec![
        text("db.client.connection.pool.name", "orders"),
        number("pool.in_use", POOL_SIZE),
        number("pool.waiting", waiting),
    ];
    if wait_nanos > timeout {
        let message = format!("timeout acquiring connection after {ACQUIRE_TIMEOUT_MILLIS} ms");
        span.events = vec![exception(end, "PoolTimeoutError", &message, TIMEOUT_STACK)];
        span.status = Some(error_status(message.clone()));
        span.attributes.push(text("error.type", "PoolTimeoutError"));
        trace.push(Service::Checkout, span);
        trace.count_pool_timeout(inside, end);
        let body = format!("{message} (pool orders: {POOL_SIZE} of {POOL_SIZE} in use, {waiting} waiting)");
        trace.log(inside.at(end), SeverityNumber::Error, body, details);
        return Err(());
    }
    trace.push(Service::Checkout, span);
    if wait > 500.0 {
        let body = format!("waited {wait:.0} ms for a connection of pool orders, {waiting} waiting");
        trace.log(inside.at(end), SeverityNumber::Warn, body, details);
    }
    Ok(end)
}

/// Hands the order to the queue that the mailer reads.
fn publish(trace: &mut TraceBuilder<'_>, place: Place, order: i64) -> (i64, [u8; 8]) {
    let id = trace.new_span_id();
    let end = place.time + trace.around(1.8);
    let mut span =
        trace.span(id, Some(place.span), SpanKind::Producer, "send orders".to_owned(), place.time, end);
    span.attributes = vec![
        text("messaging.system", "rabbitmq"),
        text("messaging.operation.name", "send"),
        text("messaging.operation.type", "send"),
        text("messaging.destination.name", "orders"),
        text("messaging.message.id", format!("order-{order}")),
        text("server.address", "queue"),
    ];
    trace.push(Service::Checkout, span);
    (end, id)
}

/// Charges a card: mostly authorised, sometimes declined (402), seldom failing at the processor
/// (502).
fn charge(trace: &mut TraceBuilder<'_>, from: Place, order: i64, total: f64) -> Reply {
    trace.call(from, Service::Payments, ("POST", "/charges", "/charges"), |trace, place| {
        let status: u16 = match trace.random.random_range(0..1000) {
            0..5 => 503,
            5..35 => 402,
            _ => 201,
        };
        let checked = place.time + trace.around(2.0);
        let risk = trace.new_span_id();
        let score = f64::from(trace.random.random_range(0..100_u32)) / 100.0;
        let span = trace.internal(place, risk, "assess risk", checked, vec![double("risk.score", score)]);
        trace.push(Service::Payments, span);
        let time = card_processor(trace, place.at(checked), status);
        let attributes = vec![number("order.id", order), double("order.total", total)];
        let place_then = place.at(time);
        let status = match status {
            503 => {
                let body = format!("card processor answered 503 for order {order}, giving up");
                trace.log(place_then, SeverityNumber::Error, body, attributes);
                502
            }
            402 => {
                let body = format!("card declined for order {order}: insufficient_funds");
                trace.log(place_then, SeverityNumber::Warn, body, attributes);
                402
            }
            _ => {
                let body = format!("charged {total:.2} EUR for order {order}");
                trace.log(place_then, SeverityNumber::Info, body, attributes);
                201
            }
        };
        Reply { time: time + trace.around(1.0), status }
    })
}

/// A request to the card processor outside, seen from our side only.
fn card_processor(trace: &mut TraceBuilder<'_>, from: Place, status: u16) -> i64 {
    let id = trace.new_span_id();
    let end = from.time + trace.around(if status == 503 { 900.0 } else { 85.0 });
    let mut span = trace.span(id, Some(from.span), SpanKind::Client, "POST".to_owned(), from.time, end);
    span.attributes = vec![
        text("http.request.method", "POST"),
        text("url.full", "https://api.cards.example/v2/charges"),
        text("server.address", "api.cards.example"),
        number("server.port", 443),
        number("http.response.status_code", status),
    ];
    if status >= 400 {
        span.attributes.push(text("error.type", status.to_string()));
        span.status = Some(error_status(format!("card processor answered {status}")));
    }
    trace.push(from.service, span);
    end
}

/// Sends the confirmation of `order`, in a trace of its own that links to the order's.
pub(crate) fn confirm(trace: &mut TraceBuilder<'_>, start: i64, order: &PlacedOrder) {
    let id = trace.new_span_id();
    let place = Place { service: Service::Mailer, span: id, time: start };
    let rendered = start + trace.around(6.0);
    let render = trace.new_span_id();
    let span = trace.internal(
        place,
        render,
        "render confirmation",
        rendered,
        vec![text("template", "order_confirmation")],
    );
    trace.push(Service::Mailer, span);
    let deferred = trace.chance(0.03);
    let mut time = smtp(trace, place.at(rendered), deferred);
    if deferred {
        let attributes = vec![number("order.id", order.number)];
        let body = format!("mail server deferred confirmation of order {}, trying again", order.number);
        trace.log(place.at(time), SeverityNumber::Warn, body, attributes);
        let again = place.at(time + 1000 * MILLISECOND);
        time = smtp(trace, again, false);
    }
    let attributes =
        vec![number("order.id", order.number), number("queued_ms", (start - order.time) / MILLISECOND)];
    trace.log(
        place.at(time),
        SeverityNumber::Info,
        format!("sent confirmation of order {}", order.number),
        attributes,
    );
    let end = time + trace.around(0.5);
    let mut span = trace.span(id, None, SpanKind::Consumer, "process orders".to_owned(), start, end);
    span.attributes = vec![
        text("messaging.system", "rabbitmq"),
        text("messaging.operation.name", "process"),
        text("messaging.operation.type", "process"),
        text("messaging.destination.name", "orders"),
        text("messaging.message.id", format!("order-{}", order.number)),
    ];
    span.links = vec![Link {
        trace_id: order.trace_id.to_vec(),
        span_id: order.span_id.to_vec(),
        attributes: vec![text("messaging.message.id", format!("order-{}", order.number))],
        ..Link::default()
    }];
    trace.push(Service::Mailer, span);
}

fn smtp(trace: &mut TraceBuilder<'_>, from: Place, deferred: bool) -> i64 {
    let id = trace.new_span_id();
    let end = from.time + trace.around(120.0);
    let mut span = trace.span(id, Some(from.span), SpanKind::Client, "SMTP send".to_owned(), from.time, end);
    span.attributes = vec![text("server.address", "smtp.shop.example"), number("server.port", 587)];
    if deferred {
        span.status = Some(error_status("451 try again later".to_owned()));
        span.attributes.push(text("error.type", "451"));
    }
    trace.push(from.service, span);
    end
}
