//! What visitors of the shop do, each as one trace from the gateway down.

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use rand::Rng;

use crate::{
    attribute::{double, number, text},
    shop::Service,
    trace::{Database, MILLISECOND, Place, Reply, Statement, TraceBuilder},
};

pub(crate) const CATALOG_DB: Database =
    Database { system: "postgresql", namespace: "catalog", host: "catalog-db", port: 5432 };
const REDIS: Database = Database { system: "redis", namespace: "0", host: "redis", port: 6379 };
const SEARCH_INDEX: Database =
    Database { system: "elasticsearch", namespace: "shop", host: "search-index", port: 9200 };

const FEATURED: Statement = Statement {
    operation: "SELECT",
    collection: "products",
    text: "SELECT id, name, price FROM products WHERE featured ORDER BY rank LIMIT $1",
};
const PRODUCT: Statement = Statement {
    operation: "SELECT",
    collection: "products",
    text: "SELECT id, name, price, stock FROM products WHERE id = $1",
};
const PRODUCTS: Statement = Statement {
    operation: "SELECT",
    collection: "products",
    text: "SELECT id, name, price FROM products WHERE id = ANY($1)",
};
const CACHE_READ: Statement = Statement { operation: "GET", collection: "featured", text: "GET ?" };
const CACHE_WRITE: Statement = Statement { operation: "SET", collection: "featured", text: "SET ? ? EX ?" };
pub(crate) const CART_READ: Statement =
    Statement { operation: "HGETALL", collection: "cart", text: "HGETALL ?" };
const CART_WRITE: Statement = Statement { operation: "HSET", collection: "cart", text: "HSET ? ? ?" };
const FIND: Statement = Statement {
    operation: "search",
    collection: "products",
    text: r#"{"query":{"match":{"name":"?"}},"size":20}"#,
};

const WORDS: [&str; 12] = [
    "teapot",
    "lamp",
    "rope",
    "compass",
    "anchor",
    "lantern",
    "barometer",
    "sextant",
    "kettle",
    "blanket",
    "chart",
    "whistle",
];

/// What a finished order leaves to be done.
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

/// Lets one visitor do something at `start`; `order` is the number that the next order gets.
pub(crate) fn visit(trace: &mut TraceBuilder<'_>, start: i64, order: i64) -> Option<PlacedOrder> {
    match trace.random.random_range(0..100) {
        0..24 => home(trace, start),
        24..54 => product(trace, start),
        54..74 => search(trace, start),
        74..89 => add_to_cart(trace, start),
        _ => return crate::order::place(trace, start, order),
    }
    None
}

/// A request at the gateway with its line in the access log.
pub(crate) fn at_gateway(
    trace: &mut TraceBuilder<'_>,
    start: i64,
    (method, route, path): (&str, &str, &str),
    work: impl FnOnce(&mut TraceBuilder<'_>, Place) -> Reply,
) {
    let (reply, span) = trace.serve(Service::Gateway, None, start, (method, route, path), |trace, place| {
        let routed = place.time + trace.around(0.8);
        let reply = work(trace, place.at(routed));
        let end = reply.time + trace.around(0.7);
        Reply { time: end, ..reply }
    });
    let place = Place { service: Service::Gateway, span, time: reply.time };
    let millis = (reply.time - start) / MILLISECOND;
    let severity = match reply.status {
        500.. => SeverityNumber::Error,
        _ => SeverityNumber::Info,
    };
    let attributes = vec![
        text("http.request.method", method),
        text("http.route", route),
        number("http.response.status_code", reply.status),
        number("duration_ms", millis),
    ];
    trace.log(place, severity, format!("{method} {path} {} in {millis} ms", reply.status), attributes);
}

fn home(trace: &mut TraceBuilder<'_>, start: i64) {
    at_gateway(trace, start, ("GET", "/", "/"), featured);
}

fn featured(trace: &mut TraceBuilder<'_>, from: Place) -> Reply {
    trace.call(from, Service::Catalog, ("GET", "/products/featured", "/products/featured"), |trace, place| {
        let mut time = trace.query(place, &REDIS, &CACHE_READ, 0.7);
        if trace.chance(0.2) {
            let attributes = vec![text("cache.key", "featured")];
            let body = "cache miss for featured, reading from catalog-db".to_owned();
            trace.log(place.at(time), SeverityNumber::Debug, body, attributes);
            time = trace.query(place.at(time), &CATALOG_DB, &FEATURED, 14.0);
            time = trace.query(place.at(time), &REDIS, &CACHE_WRITE, 0.8);
        }
        Reply { time: time + trace.around(1.5), status: 200 }
    })
}

fn product(trace: &mut TraceBuilder<'_>, start: i64) {
    let id = trace.random.random_range(1000..1400);
    at_gateway(trace, start, ("GET", "/products/{id}", &format!("/products/{id}")), |trace, place| {
        let reply = look_up(trace, place, id);
        if reply.status != 200 {
            return reply;
        }
        let path = format!("/similar/{id}");
        let similar = trace.call(
            place.at(reply.time),
            Service::Search,
            ("GET", "/similar/{id}", &path),
            |trace, place| {
                let time = trace.query(place, &SEARCH_INDEX, &FIND, 9.0);
                Reply { time: time + trace.around(1.0), status: 200 }
            },
        );
        Reply { time: similar.time, status: 200 }
    });
}

/// Reads one product; a hundredth of them was taken out of the range.
fn look_up(trace: &mut TraceBuilder<'_>, from: Place, id: i64) -> Reply {
    let path = format!("/products/{id}");
    trace.call(from, Service::Catalog, ("GET", "/products/{id}", &path), |trace, place| {
        let slow = trace.chance(0.01);
        let time = trace.query(place, &CATALOG_DB, &PRODUCT, if slow { 240.0 } else { 5.0 });
        let millis = (time - place.time) / MILLISECOND;
        if slow {
            let attributes = vec![number("duration_ms", millis), text("db.collection.name", "products")];
            trace.log(
                place.at(time),
                SeverityNumber::Warn,
                format!("slow query on products took {millis} ms"),
                attributes,
            );
        }
        if id % 100 == 99 {
            let attributes = vec![number("product.id", id)];
            trace.log(place.at(time), SeverityNumber::Info, format!("product {id} not found"), attributes);
            return Reply { time: time + trace.around(0.4), status: 404 };
        }
        Reply { time: time + trace.around(1.2), status: 200 }
    })
}

fn search(trace: &mut TraceBuilder<'_>, start: i64) {
    let word = WORDS[trace.random.random_range(0..WORDS.len())];
    let found = trace.random.random_range(0..60);
    at_gateway(trace, start, ("GET", "/search", "/search"), |trace, place| {
        trace.call(place, Service::Search, ("GET", "/search", "/search"), |trace, place| {
            let time = trace.query(place, &SEARCH_INDEX, &FIND, 18.0);
            let millis = (time - place.time) / MILLISECOND;
            let attributes = vec![text("search.query", word), number("search.results", found)];
            let body = format!("search \"{word}\" found {found} products in {millis} ms");
            trace.log(place.at(time), SeverityNumber::Info, body, attributes);
            if found == 0 {
                return Reply { time: time + trace.around(0.8), status: 200 };
            }
            let products = trace.call(
                place.at(time),
                Service::Catalog,
                ("POST", "/products/batch", "/products/batch"),
                |trace, place| {
                    let time = trace.query(place, &CATALOG_DB, &PRODUCTS, 8.0);
                    Reply { time: time + trace.around(1.0), status: 200 }
                },
            );
            Reply { time: products.time + trace.around(0.8), status: 200 }
        })
    });
}

fn add_to_cart(trace: &mut TraceBuilder<'_>, start: i64) {
    let id = trace.random.random_range(1000..1400);
    let quantity = trace.random.random_range(1..4);
    at_gateway(trace, start, ("POST", "/cart/items", "/cart/items"), |trace, place| {
        trace.call(place, Service::Cart, ("POST", "/cart/items", "/cart/items"), |trace, place| {
            let looked_up = look_up(trace, place, id);
            if looked_up.status != 200 {
                return Reply { time: looked_up.time + trace.around(0.4), status: 422 };
            }
            let time = trace.query(place.at(looked_up.time), &REDIS, &CART_READ, 0.8);
            let time = trace.query(place.at(time), &REDIS, &CART_WRITE, 0.8);
            let attributes = vec![number("product.id", id), number("quantity", quantity)];
            trace.log(
                place.at(time),
                SeverityNumber::Info,
                format!("added {quantity} of product {id} to cart"),
                attributes,
            );
            Reply { time: time + trace.around(0.9), status: 201 }
        })
    });
}

/// The cart that is about to become an order.
pub(crate) fn read_cart(trace: &mut TraceBuilder<'_>, from: Place) -> Reply {
    trace.call(from, Service::Cart, ("GET", "/cart", "/cart"), |trace, place| {
        let time = trace.query(place, &REDIS, &CART_READ, 0.9);
        Reply { time: time + trace.around(0.6), status: 200 }
    })
}

/// Charges a card: mostly authorised, sometimes declined (402), seldom failing at the processor (502).
pub(crate) fn charge(trace: &mut TraceBuilder<'_>, from: Place, order: i64, total: f64) -> Reply {
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
        let time = crate::order::card_processor(trace, place.at(checked), status);
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
