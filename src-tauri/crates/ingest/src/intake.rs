//! The state that the listeners share with their requests: store, counters, clock and limits.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::Response,
};
use model::{TelemetryBatch, Timestamp};
use runtime::Clock;
use store::{Accepted, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    counters::IntakeCounters,
    error::IngestError,
    limits::{
        body,
        budget::{IntakeBudget, Reservation},
        connections::Connections,
        server,
    },
    listener::{Listener, Protection},
    recent_requests::{Arrival, RecentRequests, RequestId, Storing},
    rejection::Rejection,
};

/// Bytes of a header in memory besides its text.
const HEADER_OVERHEAD_BYTES: usize = size_of::<(HeaderName, HeaderValue)>() + 2 * size_of::<usize>();

/// Answers a request, of which the headers are given, that is refused before it is received.
type Refuse = fn(&HeaderMap, &Rejection) -> Response;

/// The connection of one listener to the store.
#[derive(Clone)]
pub(crate) struct Intake {
    store: Store,
    counters: Arc<IntakeCounters>,
    budget: IntakeBudget,
    clock: Clock,
    connections: Connections,
    recent: RecentRequests,
}

impl Intake {
    /// Connects a listener to the store.
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        counters: Arc<IntakeCounters>,
        budget: IntakeBudget,
    ) -> Self {
        let connections = Connections::new();
        Self { store, counters, budget, clock, connections, recent: RecentRequests::default() }
    }

    /// Commits records, and gives their memory back to the budget then.
    ///
    /// Goes on when the request ends before, because the store has the records until then. The
    /// success of `storing` is remembered.
    pub(crate) async fn commit(
        &self,
        batch: TelemetryBatch,
        reservation: Reservation,
        storing: Option<Storing>,
    ) -> Result<Accepted, StoreError> {
        let store = self.store.clone();
        let committing = self.connections.spawn(async move {
            let outcome = store.accept(batch).await;
            drop(reservation);
            if let Some(storing) = storing.filter(|_| outcome.is_ok()) {
                storing.succeed();
            }
            outcome
        });
        committing.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Begins the storing of a request, unless the same one was or is being stored.
    pub(crate) fn begin(&self, id: RequestId) -> Arrival {
        self.recent.begin(id, self.clock.instant())
    }

    /// Returns the memory budget of the receivers.
    pub(crate) fn budget(&self) -> &IntakeBudget {
        &self.budget
    }

    /// Returns the counters of the listener.
    pub(crate) fn counters(&self) -> &IntakeCounters {
        &self.counters
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the limits of the listener's requests.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Counts and logs a rejected request.
    pub(crate) fn reject(&self, rejection: &Rejection) {
        self.counters.count_rejection(rejection);
    }

    /// Serves `routes` on `listener` until `stop`. Open requests then have some seconds to finish.
    ///
    /// Other machines need the token for every route; `refuse` answers requests without it. Fails
    /// if the listener has no protection that it needs.
    pub(crate) async fn serve(
        &self,
        listener: Listener,
        routes: Router,
        refuse: Refuse,
        stop: CancellationToken,
    ) -> Result<(), IngestError> {
        let (socket, protection) = listener.open()?;
        let routes = match protection.clone() {
            Some(protection) => {
                let state = (self.clone(), protection, refuse);
                routes.layer(middleware::from_fn_with_state(state, authenticate))
            }
            None => routes,
        };
        let routes = routes.layer(middleware::from_fn_with_state((self.clone(), refuse), charge_headers));
        let (counters, budget) = (Arc::clone(&self.counters), self.budget.clone());
        let server =
            server::serve(socket, protection, routes, counters, budget, self.clock.clone(), stop.clone());
        self.connections.serve_until(stop, server).await;
        Ok(())
    }
}

/// Passes a request on if the budget has memory for its headers, which it holds until the answer.
async fn charge_headers(
    State((intake, refuse)): State<(Intake, Refuse)>,
    request: Request,
    next: Next,
) -> Response {
    let mut headers = intake.budget.reservation();
    let Err(rejection) = headers.charge(header_bytes(request.headers())) else {
        let response = next.run(request).await;
        drop(headers);
        return response;
    };
    intake.reject(&rejection);
    let (head, body) = request.into_parts();
    body::discard(body).await;
    refuse(&head.headers, &rejection)
}

/// Returns an estimate of the bytes of memory that headers take.
fn header_bytes(headers: &HeaderMap) -> usize {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + HEADER_OVERHEAD_BYTES
    };
    headers.iter().map(bytes).sum()
}

/// Passes requests with the token on. The question of a browser before its request (CORS) never
/// has one, and its answer contains nothing.
async fn authenticate(
    State((intake, protection, refuse)): State<(Intake, Protection, Refuse)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let Err(rejection) = protection.check(request.headers()) else { return next.run(request).await };
    intake.reject(&rejection);
    let (head, body) = request.into_parts();
    body::discard(body).await;
    let mut response = refuse(&head.headers, &rejection);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
