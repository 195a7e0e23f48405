//! A server that follows Sentry's published API schema, with known data.
//!
//! It has tokens with scopes, cursors, rate limits, a clock of its own and faults on demand.

mod answers;
mod data;
mod schema;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use anyhow::Result;
use axum::{
    Router,
    body::Body,
    extract::{Request, State as Shared},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use model::NANOS_PER_SECOND;
use parking_lot::{Mutex, MutexGuard};
use runtime::Clock;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use answers::{Answered, Query};
pub use data::{Data, ErrorEvent, Issue, Monitor, OutcomeEvent, SessionEvent, TransactionEvent};

/// A fault of one answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status instead of an answer.
    Status(u16),
    /// A 429 with `Retry-After`, in seconds.
    RetryAfter(u64),
    /// Half of the JSON.
    Truncated,
    /// Bytes that are not JSON.
    Malformed,
    /// One text of the answer replaced by another, as after a renamed field.
    Renamed(&'static str, &'static str),
    /// An answer of this many bytes.
    Huge(usize),
    /// An answer that waits in [`State::held`].
    Held,
    /// A broken connection.
    Broken,
    /// An error that repeats the token.
    EchoedToken,
}

/// A rate limit of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Requests per window.
    pub requests: u32,
    /// Seconds of a window.
    pub window: i64,
}

/// A request as the server received it.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Time of the answer.
    pub at: Instant,
    /// The endpoint.
    pub endpoint: &'static str,
    /// The whole path and query.
    pub uri: String,
    /// Status of the answer, 0 for a broken connection.
    pub status: u16,
}

/// The state of the server, which tests change while it runs.
pub struct State {
    /// Data of the installation.
    pub data: Data,
    /// Tokens with their scopes.
    pub tokens: HashMap<String, Vec<String>>,
    /// Seconds by which the server's clock is ahead of this machine's.
    pub skew: i64,
    /// Data sets of this installation.
    pub datasets: Vec<&'static str>,
    /// Maximum entries per page.
    pub page: usize,
    /// Limits by endpoint.
    pub limits: HashMap<&'static str, Limit>,
    /// Faults by endpoint, each for one request.
    pub faults: HashMap<&'static str, VecDeque<Fault>>,
    /// Answers that wait until their entry is removed.
    pub held: Vec<oneshot::Sender<()>>,
    /// True if monitors have one environment each, as the reference documents.
    pub documented_monitors: bool,
    /// Every request so far.
    pub requests: Vec<ReceivedRequest>,
    /// Maximum number of concurrent requests so far.
    pub max_concurrent: usize,
    /// Answers that do not follow the schema, and unknown parameters. Must stay empty.
    pub violations: Vec<String>,
    concurrent: usize,
    counted: HashMap<&'static str, (i64, u32)>,
}

impl State {
    /// Returns the time of the server's clock, in seconds since 1970.
    pub fn now(&self) -> i64 {
        Clock::system().now().0 / NANOS_PER_SECOND + self.skew
    }

    /// Counts the answers of an endpoint by status.
    pub fn statuses(&self, endpoint: &str) -> BTreeMap<u16, usize> {
        let mut statuses = BTreeMap::new();
        for request in self.requests.iter().filter(|request| request.endpoint == endpoint) {
            *statuses.entry(request.status).or_default() += 1;
        }
        statuses
    }

    /// Adds faults to the next answers of an endpoint.
    pub fn fail(&mut self, endpoint: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.faults.entry(endpoint).or_default().extend(faults);
    }
}

/// A running server, ended when dropped.
pub struct SentryServer {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    stop: CancellationToken,
}

/// A token with every scope.
pub const TOKEN: &str = "sntryu_4f1d2c3b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff00";

impl SentryServer {
    /// Starts a server with `data`; [`TOKEN`] may read everything.
    pub async fn start(data: Data) -> Result<Self> {
        Self::start_on(data, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a server on a given address.
    pub async fn start_on(data: Data, address: SocketAddr) -> Result<Self> {
        let scopes = ["org:read", "event:read", "project:read"].map(str::to_owned).to_vec();
        let state = Arc::new(Mutex::new(State {
            data,
            tokens: HashMap::from([(TOKEN.to_owned(), scopes)]),
            skew: 0,
            datasets: vec!["errors", "spans", "transactions", "discover"],
            page: 100,
            limits: HashMap::new(),
            faults: HashMap::new(),
            held: Vec::new(),
            documented_monitors: false,
            requests: Vec::new(),
            max_concurrent: 0,
            violations: Vec::new(),
            concurrent: 0,
            counted: HashMap::new(),
        }));
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        let router = Router::new().fallback(serve).with_state(state.clone());
        let stopped = stop.clone();
        // A separate runtime, so that open connections end with the server.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let serving = axum::serve(listener, router).into_future();
                tokio::select! {
                    _ = serving => {}
                    () = stopped.cancelled() => {}
                }
            });
        });
        Ok(Self { state, address, stop })
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Locks the state, to read or to change it.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for SentryServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock()
}

fn endpoint_of(path: &str) -> Option<(&'static str, Option<&str>)> {
    let parts: Vec<&str> = path.strip_prefix("/api/0/")?.strip_suffix('/')?.split('/').collect();
    match parts.as_slice() {
        ["organizations"] => Some(("organizations", None)),
        ["organizations", slug, last] => {
            let known = ["projects", "events", "stats_v2", "sessions", "issues", "monitors"];
            Some((known.into_iter().find(|known| known == last)?, Some(slug)))
        }
        _ => None,
    }
}

async fn serve(Shared(state): Shared<Arc<Mutex<State>>>, request: Request) -> Response {
    let uri = request.uri().to_string();
    let Some((endpoint, organization)) = endpoint_of(request.uri().path()) else {
        lock(&state).violations.push(format!("no endpoint {uri}"));
        return answer(
            &mut lock(&state),
            None,
            404,
            json!({"detail": "not found"}).to_string().into_bytes(),
            None,
        );
    };
    let fault = {
        let mut state = lock(&state);
        state.concurrent += 1;
        state.max_concurrent = state.max_concurrent.max(state.concurrent);
        state.faults.get_mut(endpoint).and_then(VecDeque::pop_front)
    };
    if matches!(fault, Some(Fault::Held)) {
        let (held, released) = oneshot::channel();
        lock(&state).held.push(held);
        // The sender is dropped to release the answer.
        let _ = released.await;
    }
    let mut state = lock(&state);
    state.concurrent -= 1;
    let (status, body, next) = match fault {
        Some(Fault::Status(status)) => (status, b"<html>Bad Gateway</html>".to_vec(), None),
        Some(Fault::EchoedToken) => {
            let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let detail = json!({"detail": format!("{} is odd", token.unwrap_or_default())});
            (418, detail.to_string().into_bytes(), None)
        }
        _ => respond(
            &mut state,
            endpoint,
            organization,
            request.uri().query().unwrap_or_default(),
            request.headers(),
        ),
    };
    let (status, body) = match fault {
        Some(Fault::RetryAfter(_)) => (429, b"{}".to_vec()),
        Some(Fault::Truncated) => (status, body[..body.len() / 2].to_vec()),
        Some(Fault::Malformed) => (status, b"\xff\xfe{{{".to_vec()),
        Some(Fault::Huge(bytes)) => (status, vec![b'['; bytes]),
        Some(Fault::Renamed(from, to)) => {
            (status, String::from_utf8_lossy(&body).replace(from, to).into_bytes())
        }
        _ => (status, body),
    };
    let recorded = if matches!(fault, Some(Fault::Broken)) { 0 } else { status };
    state.requests.push(ReceivedRequest { at: Clock::system().instant(), endpoint, uri, status: recorded });
    let mut response = answer(&mut state, Some(endpoint), status, body, next);
    match fault {
        Some(Fault::RetryAfter(seconds)) => {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        Some(Fault::Broken) => {
            *response.body_mut() = Body::from_stream(futures_util::stream::iter([
                Ok(bytes::Bytes::from_static(b"[{")),
                Err(std::io::Error::other("planted")),
            ]));
        }
        _ => {}
    }
    response
}

fn respond(
    state: &mut State,
    endpoint: &'static str,
    organization: Option<&str>,
    query: &str,
    headers: &HeaderMap,
) -> (u16, Vec<u8>, Option<String>) {
    let refuse =
        |status: u16, detail: &str| (status, json!({ "detail": detail }).to_string().into_bytes(), None);
    let token =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(scopes) = token.and_then(|token| state.tokens.get(token)) else {
        return refuse(401, "Invalid token");
    };
    let schema = schema::schema();
    let described = &schema[endpoint];
    let wanted = described["scopes"].as_array().cloned().unwrap_or_default();
    let allowed = wanted.iter().any(|scope| scopes.iter().any(|granted| scope == granted));
    if let Some(limit) = state.limits.get(endpoint).copied() {
        let window = state.now().div_euclid(limit.window);
        let counted = state.counted.entry(endpoint).or_insert((window, 0));
        if counted.0 != window {
            *counted = (window, 0);
        }
        counted.1 += 1;
        if counted.1 > limit.requests {
            return refuse(429, "You are attempting to use this endpoint too frequently.");
        }
    }
    if !allowed {
        return refuse(403, "You do not have permission to perform this action.");
    }
    if organization.is_some_and(|slug| slug != "acme") {
        return refuse(404, "The requested resource does not exist");
    }
    let query = Query(parse(query));
    let known = described["query"].as_array().cloned().unwrap_or_default();
    for (key, _) in &query.0 {
        if !known.iter().any(|known| known == key) {
            state.violations.push(format!("{endpoint} has no parameter {key}"));
        }
    }
    let answered = match endpoint {
        "organizations" => answers::organizations(),
        "projects" => answers::project_list(state),
        "events" => answers::events(state, &query),
        "stats_v2" => answers::stats(state, &query),
        "sessions" => answers::sessions(state, &query),
        "issues" => answers::issues(state, &query),
        _ => answers::monitors(state, &query),
    };
    let (rows, whole, head) = match answered {
        Ok(Answered::Rows(rows, whole, head)) => (rows, whole, head),
        Err((status, detail)) => return refuse(status, &detail),
    };
    let per_page = query.one("per_page").or(query.one("limit")).and_then(|text| text.parse().ok());
    let page = if endpoint == "stats_v2" { usize::MAX } else { per_page.unwrap_or(100).min(state.page) };
    let offset: usize = match query.one("cursor").map(|cursor| cursor.split(':').nth(1).map(str::parse)) {
        None => 0,
        Some(Some(Ok(offset))) if query.one("cursor").is_some_and(|cursor| cursor.starts_with("0:")) => {
            offset
        }
        Some(_) => return refuse(400, "Invalid cursor parameter."),
    };
    let more = rows.len() > offset.saturating_add(page);
    let link = |offset: usize, rel: &str, results: bool| {
        let cursor = format!("0:{offset}:{}", u8::from(rel == "previous"));
        format!(
            "<http://elsewhere.invalid/api/0/?&cursor={cursor}>; rel=\"{rel}\"; results=\"{results}\"; cursor=\"{cursor}\""
        )
    };
    let next = format!(
        "{}, {}",
        link(offset.saturating_sub(page), "previous", offset > 0),
        link(offset.saturating_add(page), "next", more)
    );
    let rows: Vec<Value> = rows.into_iter().skip(offset).take(page).collect();
    let value = whole(rows, &head);
    if let Some(violation) = schema::violation(&described["answer"], &value, endpoint) {
        state.violations.push(violation);
    }
    (200, value.to_string().into_bytes(), Some(next))
}

fn answer(
    state: &mut State,
    endpoint: Option<&'static str>,
    status: u16,
    body: Vec<u8>,
    link: Option<String>,
) -> Response {
    let now = state.now();
    let date =
        chrono::DateTime::from_timestamp(now, 0).unwrap_or_default().format("%a, %d %b %Y %H:%M:%S GMT");
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::DATE, date.to_string());
    if let Some(link) = link {
        response = response.header(header::LINK, link);
    }
    if let Some((endpoint, limit)) =
        endpoint.and_then(|endpoint| Some((endpoint, *state.limits.get(endpoint)?)))
    {
        let used = state.counted.get(endpoint).map_or(0, |(_, used)| *used);
        response = response
            .header("X-Sentry-Rate-Limit-Limit", limit.requests)
            .header("X-Sentry-Rate-Limit-Remaining", limit.requests.saturating_sub(used))
            .header("X-Sentry-Rate-Limit-Reset", (now.div_euclid(limit.window) + 1) * limit.window)
            .header("X-Sentry-Rate-Limit-ConcurrentLimit", 25)
            .header("X-Sentry-Rate-Limit-ConcurrentRemaining", 24);
    }
    response.body(Body::from(body)).unwrap_or_default()
}

fn parse(query: &str) -> Vec<(String, String)> {
    let address = reqwest::Url::parse(&format!("http://x/?{query}"));
    address.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}
