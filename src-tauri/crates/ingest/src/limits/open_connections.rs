//! The open connections of one listener, of which idle ones make place for new ones.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    budget::{IntakeBudget, Reservation},
    running_requests::Requests,
};
use crate::rejection::Rejection;

/// Connections of one listener.
const MAX_CONNECTIONS: usize = 512;
/// Bytes that a connection takes from the budget for its buffers. Those of TLS are not counted.
const CONNECTION_BYTES: usize = 32 << 10;
/// Fraction (1/n) of the process's descriptors that the connections of one listener may take.
const DESCRIPTOR_FRACTION: u64 = 8;

/// The open connections of one listener, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct OpenConnections {
    max: usize,
    budget: IntakeBudget,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    open: BTreeMap<u64, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    requests: Arc<Requests>,
    close: CancellationToken,
}

impl Entries {
    /// Closes the oldest connection that has no request. Returns false if all have one.
    fn close_oldest_idle(&mut self) -> bool {
        let Some(number) =
            self.open.iter().find(|(_, entry)| !entry.requests.are_running()).map(|(number, _)| *number)
        else {
            return false;
        };
        if let Some(entry) = self.open.remove(&number) {
            entry.close.cancel();
        }
        true
    }
}

impl OpenConnections {
    /// Creates an empty list. The buffers of its connections take from `budget`.
    pub(crate) fn new(budget: IntakeBudget) -> Self {
        Self::at_most(MAX_CONNECTIONS.min(share_of_descriptors()), budget)
    }

    fn at_most(max: usize, budget: IntakeBudget) -> Self {
        Self { max, budget, entries: Arc::default() }
    }

    /// Adds a connection. At the limit the oldest idle one is closed for it. Fails if every
    /// connection has a request, or if the budget has no memory for its buffers. The oldest idle
    /// connection is closed then too, so that a later attempt succeeds.
    pub(crate) fn admit(&self) -> Result<OpenConnection, Rejection> {
        let mut entries = self.entries.lock();
        if entries.open.len() >= self.max && !entries.close_oldest_idle() {
            return Err(Rejection::Unavailable("every connection has a request".to_owned()));
        }
        let mut buffers = self.budget.reservation();
        if let Err(rejection) = buffers.charge(CONNECTION_BYTES) {
            entries.close_oldest_idle();
            return Err(rejection);
        }
        let number = entries.next;
        entries.next += 1;
        let entry = Entry { requests: Arc::default(), close: CancellationToken::new() };
        entries.open.insert(number, entry.clone());
        Ok(OpenConnection { number, entry, entries: Arc::clone(&self.entries), _buffers: buffers })
    }

    /// Closes the oldest connection that has no request.
    pub(crate) fn close_oldest_idle(&self) {
        self.entries.lock().close_oldest_idle();
    }
}

/// An open connection. It leaves the list when dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    number: u64,
    entry: Entry,
    entries: Arc<Mutex<Entries>>,
    _buffers: Reservation,
}

impl OpenConnection {
    /// Returns the requests of the connection.
    pub(crate) fn requests(&self) -> Arc<Requests> {
        Arc::clone(&self.entry.requests)
    }

    /// Waits until the connection has to make place.
    pub(crate) async fn closed(&self) {
        self.entry.close.cancelled().await;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.entries.lock().open.remove(&self.number);
    }
}

/// Returns the connections that one listener may have so that descriptors remain for the rest.
fn share_of_descriptors() -> usize {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit: Option<u64> = None;
    limit.and_then(|limit| usize::try_from(limit / DESCRIPTOR_FRACTION).ok()).unwrap_or(usize::MAX).max(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_idle_connection_makes_place() {
        let open = OpenConnections::at_most(2, IntakeBudget::default());
        let first = open.admit().unwrap();
        let second = open.admit().unwrap();
        let running = first.requests().begin();
        let third = open.admit().unwrap();
        second.closed().await;
        let _third_runs = third.requests().begin();
        assert!(open.admit().is_err(), "both have a request");
        drop(running);
        let _fourth = open.admit().unwrap();
        first.closed().await;
    }

    #[tokio::test]
    async fn buffers_of_connections_are_in_the_budget() {
        let budget = IntakeBudget::default();
        budget.set_limit(4 * CONNECTION_BYTES);
        let open = OpenConnections::at_most(100, budget.clone());
        let connections: Vec<_> = std::iter::from_fn(|| open.admit().ok()).collect();
        assert_eq!((connections.len(), budget.taken()), (4, 4 * CONNECTION_BYTES));
        connections[0].closed().await;
        drop(connections);
        assert_eq!(budget.taken(), 0);
    }
}
