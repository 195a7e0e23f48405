//! Journeys of visitors, each as one trace from the gateway down.

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use rand::Rng;

use crate::{
    attribute::{number, text},
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

pub(crate) fn home(trace: &mut TraceBuilder<'_>, start: i64) {
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

pub(crate) fn product(trace: &mut TraceBuilder<'_>, start: i64) {
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

pub(crate) fn search(trace: &mut TraceBuilder<'_>, start: i64) {
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

pub(crate) fn add_to_cart(trace: &mut TraceBuilder<'_>, start: i64) {
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
