//! The choice of the journey that a visitor makes.

use rand::Rng;

use crate::{
    journeys::{add_to_cart, home, product, search},
    order::{self, PlacedOrder},
    trace::TraceBuilder,
};

/// Generates the journey of one visitor at `start`. A new order gets the number `order`.
pub(crate) fn visit(trace: &mut TraceBuilder<'_>, start: i64, order: i64) -> Option<PlacedOrder> {
    match trace.random.random_range(0..100) {
        0..24 => home(trace, start),
        24..54 => product(trace, start),
        54..74 => search(trace, start),
        74..89 => add_to_cart(trace, start),
        _ => return order::place(trace, start, order),
    }
    None
}
