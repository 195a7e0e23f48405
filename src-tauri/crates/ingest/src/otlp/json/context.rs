//! The state of reading one JSON body: its budget, its faults and their positions.

use std::cell::{Cell, RefCell};

use serde::de::Error;

use crate::{limits::budget::Reservation, otlp::faults::Faults, rejection::Rejection};

/// The state of reading one body.
///
/// A value of a wrong type is a fault. Reading continues behind it, so that it costs one record.
pub(super) struct Context<'a> {
    reservation: RefCell<&'a mut Reservation>,
    /// Index in each list that is being read, outermost first.
    indices: RefCell<Vec<usize>>,
    /// Number of fields and items around the value that is being read.
    depth: Cell<usize>,
    /// The first fault of the record that is being read, or of what is around records.
    fault: RefCell<Option<Fault>>,
    faults: RefCell<Faults>,
    /// Number of records, of fields of the body, and of those that have a known name.
    records: Cell<usize>,
    fields: Cell<usize>,
    known_fields: Cell<usize>,
    /// The first field of the body that has no known name.
    unknown_field: RefCell<Option<String>>,
    /// The reason if the budget ended the reading.
    exceeded: RefCell<Option<Rejection>>,
}

/// A fault, whose path is completed from the inside out.
struct Fault {
    /// Segments of the path, innermost first.
    path: Vec<String>,
    /// The depth from which on the path is complete.
    depth: usize,
    reason: String,
}

impl Fault {
    fn text(self) -> String {
        let mut path = String::new();
        for segment in self.path.iter().rev() {
            if !path.is_empty() && !segment.starts_with('[') {
                path.push('.');
            }
            path.push_str(segment);
        }
        if path.is_empty() { self.reason } else { format!("{path}: {}", self.reason) }
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(reservation: &'a mut Reservation) -> Self {
        Self {
            reservation: RefCell::new(reservation),
            indices: RefCell::default(),
            depth: Cell::default(),
            fault: RefCell::default(),
            faults: RefCell::default(),
            records: Cell::default(),
            fields: Cell::default(),
            known_fields: Cell::default(),
            unknown_field: RefCell::default(),
            exceeded: RefCell::default(),
        }
    }

    /// Returns the rejection of a body that could not be read to its end.
    pub(super) fn interrupted(self, error: &serde_json::Error) -> Rejection {
        self.exceeded.into_inner().unwrap_or_else(|| Rejection::Malformed(format!("invalid JSON: {error}")))
    }

    /// Returns the rejection of a body that is no object.
    pub(super) fn not_an_object(self) -> Rejection {
        let fault = self.fault.into_inner().map(Fault::text);
        malformed(fault.unwrap_or_else(|| "expected an object, found null".to_owned()))
    }

    /// Records a fault of the value that is being read. Only the first of a record counts.
    pub(super) fn fault(&self, reason: String) {
        let depth = self.depth.get();
        self.fault.borrow_mut().get_or_insert_with(|| Fault { path: Vec::new(), depth, reason });
    }

    /// Reads a field or an item. `segment` returns its part of the path to a fault.
    pub(super) fn within<T>(&self, segment: impl FnOnce() -> String, read: impl FnOnce() -> T) -> T {
        let value = self.deeper(read);
        let depth = self.depth.get();
        if let Some(fault) = &mut *self.fault.borrow_mut()
            && fault.depth > depth
        {
            fault.path.push(segment());
            fault.depth = depth;
        }
        value
    }

    /// Reads an item of a list.
    pub(super) fn item<T>(&self, index: usize, read: impl FnOnce() -> T) -> T {
        self.at(index, || self.within(|| format!("[{index}]"), read))
    }

    /// Reads an item of a list of records. A fault in it is a fault of this record alone.
    pub(super) fn record<T>(&self, index: usize, read: impl FnOnce() -> T) -> T {
        self.records.set(self.records.get() + 1);
        self.at(index, || {
            let around = self.fault.take();
            let value = self.deeper(read);
            if let Some(fault) = self.fault.replace(around) {
                self.faults.borrow_mut().add_record(&self.indices.borrow(), fault.text());
            }
            value
        })
    }

    fn at<T>(&self, index: usize, read: impl FnOnce() -> T) -> T {
        self.indices.borrow_mut().push(index);
        let value = read();
        self.indices.borrow_mut().pop();
        value
    }

    fn deeper<T>(&self, read: impl FnOnce() -> T) -> T {
        self.depth.set(self.depth.get() + 1);
        let value = read();
        self.depth.set(self.depth.get() - 1);
        value
    }

    /// Counts a field of the body itself.
    pub(super) fn count_field(&self) {
        if self.depth.get() == 0 {
            self.fields.set(self.fields.get() + 1);
            self.known_fields.set(self.known_fields.get() + 1);
        }
    }

    /// Records that a field has no known name.
    pub(super) fn unknown_field(&self, name: &str) {
        if self.depth.get() == 1 {
            self.known_fields.set(self.known_fields.get() - 1);
            self.unknown_field.borrow_mut().get_or_insert_with(|| name.chars().take(40).collect());
        }
    }

    /// Takes the memory of an item of a list from the budget. Lists grow by doubling.
    pub(super) fn charge_item<T, E: Error>(&self) -> Result<(), E> {
        self.reservation.borrow_mut().charge(2 * size_of::<T>()).map_err(|rejection| {
            let error = E::custom(&rejection);
            *self.exceeded.borrow_mut() = Some(rejection);
            error
        })
    }

    /// Returns the faults, or the rejection of a body that has nothing to store.
    pub(super) fn finish(self, groups: &str) -> Result<Faults, Rejection> {
        let outside = self.fault.into_inner().map(Fault::text);
        if self.records.get() == 0 {
            if let Some(fault) = outside {
                return Err(malformed(fault));
            }
            if self.fields.get() > 0 && self.known_fields.get() == 0 {
                let found = self.unknown_field.into_inner().unwrap_or_default();
                return Err(malformed(not_otlp(&found, groups)));
            }
        }
        Ok(Faults { outside, ..self.faults.into_inner() })
    }
}

fn malformed(reason: impl std::fmt::Display) -> Rejection {
    Rejection::Malformed(format!("invalid OTLP: {reason}"))
}

/// Returns the reason why a body of which only the field `found` is named is refused.
fn not_otlp(found: &str, groups: &str) -> String {
    let advice = match found {
        "resourceSpans" => "send spans to /v1/traces",
        "resourceLogs" => "send log records to /v1/logs",
        "resourceMetrics" => "send metrics to /v1/metrics",
        _ => "nothing was stored",
    };
    format!("expected the field \"{groups}\", found {found:?}; {advice}")
}
