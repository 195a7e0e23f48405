//! The state of reading one JSON body: its budget, and the position of an error.

use std::cell::RefCell;

use serde::de::Error;

use super::fields::{JsonMessage, MessageSeed};
use crate::{limits::budget::Reservation, rejection::Rejection};

/// The state of reading one body.
pub(super) struct Context<'a> {
    reservation: RefCell<&'a mut Reservation>,
    /// Segments of the path to the error, innermost first.
    path: RefCell<Vec<String>>,
    /// The reason if the budget ended the reading.
    exceeded: RefCell<Option<Rejection>>,
}

/// Reads a body as one message, whose memory is taken from the budget as it is read.
pub(in crate::otlp) fn read_message<M: JsonMessage>(
    body: &[u8],
    reservation: &mut Reservation,
) -> Result<M, Rejection> {
    let context = Context {
        reservation: RefCell::new(reservation),
        path: RefCell::default(),
        exceeded: RefCell::default(),
    };
    let mut document = serde_json::Deserializer::from_slice(body);
    let read = serde::de::DeserializeSeed::deserialize(MessageSeed::<M>::new(&context), &mut document)
        .and_then(|message| {
            let message = message.ok_or_else(|| serde_json::Error::custom("expected an object, found null"));
            document.end().and(message)
        });
    read.map_err(|error| context.rejection(&error))
}

impl Context<'_> {
    /// Records that reading failed in a field or an item.
    pub(super) fn failed_in(&self, segment: &str) {
        self.path.borrow_mut().push(segment.to_owned());
    }

    /// Takes the memory of an item of a list from the budget. Lists grow by doubling.
    pub(super) fn charge_item<T, E: Error>(&self) -> Result<(), E> {
        self.reservation.borrow_mut().charge(2 * size_of::<T>()).map_err(|rejection| {
            let error = E::custom(&rejection);
            *self.exceeded.borrow_mut() = Some(rejection);
            error
        })
    }

    fn rejection(&self, error: &serde_json::Error) -> Rejection {
        if let Some(rejection) = self.exceeded.take() {
            return rejection;
        }
        if !error.is_data() {
            return Rejection::Malformed(format!("invalid JSON: {error}"));
        }
        let mut path = String::new();
        for segment in self.path.borrow().iter().rev() {
            if !path.is_empty() && !segment.starts_with('[') {
                path.push('.');
            }
            path.push_str(segment);
        }
        let colon = if path.is_empty() { "" } else { ": " };
        Rejection::Malformed(format!("invalid OTLP: {path}{colon}{error}"))
    }
}
