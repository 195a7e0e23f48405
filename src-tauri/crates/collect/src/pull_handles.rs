//! The handles of collectors that query servers.

use runtime::{Clock, ResponseBudget};
use store::Store;

/// What collectors that query servers work with. Clones share it.
#[derive(Debug, Clone)]
pub struct PullHandles {
    /// Where telemetry is stored.
    pub store: Store,
    /// The time of requests.
    pub clock: Clock,
    /// The memory of responses.
    pub responses: ResponseBudget,
}

impl PullHandles {
    /// Returns handles with a budget of their own.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, responses: ResponseBudget::default() }
    }
}
