//! The requests that were stored last, by their content.
//!
//! A sender whose answer was lost sends the same bytes again. They are answered without storing
//! them twice.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use xxhash_rust::xxh3::Xxh3;

/// Time for which a request is remembered. Exporters give up after five minutes.
const RETENTION: Duration = Duration::from_secs(10 * 60);
/// Maximum number of remembered requests.
const MAX_REQUESTS: usize = 4096;

/// The identity of a request: a hash of its kind and its uncompressed body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestId(u128);

impl RequestId {
    /// Returns the identity of a request.
    pub(crate) fn new(kind: &str, body: &[u8]) -> Self {
        let mut hash = Xxh3::new();
        hash.update(kind.as_bytes());
        hash.update(body);
        Self(hash.digest128())
    }
}

/// The requests of one listener that were stored last. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecentRequests(Arc<Mutex<Recent>>);

#[derive(Debug, Default)]
struct Recent {
    stored: HashMap<RequestId, bool>,
    order: VecDeque<(Instant, RequestId)>,
}

/// The state of a request when it arrives.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// It has not been stored. The storing is remembered if [`Storing::succeed`] is called.
    New(Storing),
    /// The same request is being stored.
    InProgress,
    /// The same request was stored.
    Stored,
}

/// A request that is being stored. It is forgotten when dropped before it succeeds.
#[derive(Debug)]
pub(crate) struct Storing {
    recent: RecentRequests,
    id: RequestId,
    succeeded: bool,
}

impl RecentRequests {
    /// Begins the storing of a request at `now`, unless the same one was or is being stored.
    pub(crate) fn begin(&self, id: RequestId, now: Instant) -> Arrival {
        let mut recent = self.0.lock();
        while let Some((time, oldest)) = recent.order.front().copied()
            && (recent.order.len() >= MAX_REQUESTS || now.saturating_duration_since(time) > RETENTION)
        {
            recent.order.pop_front();
            recent.stored.remove(&oldest);
        }
        match recent.stored.get(&id) {
            Some(true) => Arrival::Stored,
            Some(false) => Arrival::InProgress,
            None => {
                recent.stored.insert(id, false);
                recent.order.push_back((now, id));
                Arrival::New(Storing { recent: self.clone(), id, succeeded: false })
            }
        }
    }
}

impl Storing {
    /// Remembers that the request is stored.
    pub(crate) fn succeed(mut self) {
        self.succeeded = true;
        if let Some(stored) = self.recent.0.lock().stored.get_mut(&self.id) {
            *stored = true;
        }
    }
}

impl Drop for Storing {
    fn drop(&mut self) {
        if !self.succeeded {
            let mut recent = self.recent.0.lock();
            recent.stored.remove(&self.id);
            recent.order.retain(|(_, id)| *id != self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::Clock;

    use super::*;

    #[test]
    fn a_request_is_stored_once_within_the_retention() {
        let (recent, now) = (RecentRequests::default(), Clock::system().instant());
        let id = RequestId::new("logs", b"body");
        assert_ne!(id, RequestId::new("spans", b"body"));
        let Arrival::New(failing) = recent.begin(id, now) else { panic!("it is new") };
        assert!(matches!(recent.begin(id, now), Arrival::InProgress));
        drop(failing);
        let Arrival::New(storing) = recent.begin(id, now) else { panic!("it failed before") };
        storing.succeed();
        assert!(matches!(recent.begin(id, now + RETENTION), Arrival::Stored));
        assert!(matches!(recent.begin(id, now + 2 * RETENTION), Arrival::New(_)));
    }

    #[test]
    fn the_oldest_requests_are_forgotten() {
        let (recent, now) = (RecentRequests::default(), Clock::system().instant());
        let id = |number: usize| RequestId::new("logs", &number.to_le_bytes());
        for number in 0..=MAX_REQUESTS {
            let Arrival::New(storing) = recent.begin(id(number), now) else { panic!("{number} is new") };
            storing.succeed();
        }
        assert!(matches!(recent.begin(id(MAX_REQUESTS), now), Arrival::Stored));
        assert!(matches!(recent.begin(id(0), now), Arrival::New(_)));
        let recent = recent.0.lock();
        assert_eq!((recent.order.len(), recent.stored.len()), (MAX_REQUESTS - 1, MAX_REQUESTS - 1));
    }
}
