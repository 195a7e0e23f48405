//! Discovery by HTTP: a real server whose list, responses and password change.

mod credentials;
mod list;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use collect::{PullHandles, run_scrape};
use config::{HttpDiscovery, ScrapeTarget};
use futures_util::StreamExt as _;
use model::TelemetryBatch;
use runtime::Clock;

use crate::common::{Bench, TIMEOUT, values};

/// A response of the address that lists targets.
#[derive(Clone)]
enum Answer {
    List(String),
    Status(StatusCode),
    BrokenOff,
    Endless,
}

struct Listing {
    answer: Answer,
    /// The required `Authorization` header, if any.
    wanted: Option<String>,
    /// The headers of each request.
    requests: Vec<HeaderMap>,
}

type Shared = Arc<Mutex<Listing>>;

async fn list(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut shared = shared.lock().unwrap();
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    shared.requests.push(headers);
    if shared.wanted.is_some() && authorization != shared.wanted {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match shared.answer.clone() {
        Answer::List(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Answer::Status(status) => status.into_response(),
        Answer::BrokenOff => {
            let pieces = [Ok("[{\"targets\":"), Err(std::io::Error::other("gone"))];
            // The server sends the first chunk while the stream is pending.
            let slowly = futures_util::stream::iter(pieces).then(|piece| async {
                tokio::task::yield_now().await;
                piece
            });
            Body::from_stream(slowly).into_response()
        }
        Answer::Endless => {
            let piece = Bytes::from(vec![b' '; 1 << 20]);
            let endless = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
            Body::from_stream(endless).into_response()
        }
    }
}

struct Server {
    address: SocketAddr,
    shared: Shared,
}

impl Server {
    async fn start() -> Self {
        let shared: Shared = Arc::new(Mutex::new(Listing {
            answer: Answer::List("[]".to_owned()),
            wanted: None,
            requests: Vec::new(),
        }));
        let router = Router::new()
            .route("/targets", get(list))
            .route("/moved", get(|| async { Redirect::temporary("/targets") }))
            .with_state(shared.clone());
        Self { address: serve(router).await, shared }
    }

    fn settings(&self) -> HttpDiscovery {
        HttpDiscovery {
            url: format!("http://{}/targets?token=t0ken", self.address),
            refresh_interval: "250ms".to_owned(),
            basic_auth: None,
            authorization: None,
            tls_config: None,
            follow_redirects: true,
        }
    }

    fn answers(&self, answer: Answer) {
        self.shared.lock().unwrap().answer = answer;
    }

    fn wants(&self, authorization: &str) {
        self.shared.lock().unwrap().wanted = Some(authorization.to_owned());
    }

    fn requests(&self) -> usize {
        self.shared.lock().unwrap().requests.len()
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn target() -> String {
    serve(Router::new().route("/metrics", get(|| async { "a 1\n" }))).await.to_string()
}

fn job(discovery: HttpDiscovery) -> ScrapeTarget {
    let mut target = ScrapeTarget::new("listed", "");
    (target.interval_seconds, target.timeout_seconds) = (1, 1);
    target.relabel_configs =
        serde_json::from_str(r#"[{"source_labels":["__meta_url"],"target_label":"from"}]"#).unwrap();
    target.http_sd_configs = vec![discovery];
    target
}

fn start(bench: &mut Bench, target: ScrapeTarget) {
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(target, PullHandles::new(store, Clock::system()), None, reporter, stop));
}

/// Returns `up` of the target at `address` in a batch.
fn up(batch: &TelemetryBatch, address: &str) -> Option<f64> {
    let up = values(batch, "up");
    up.iter().find(|(series, _)| series.attributes.text("instance") == Some(address)).map(|(_, up)| *up)
}

/// Waits for a commit in which `up` of the target is `wanted`.
async fn until(bench: &mut Bench, address: &str, wanted: impl Fn(f64) -> bool) -> TelemetryBatch {
    let clock = Clock::system();
    let deadline = clock.instant() + TIMEOUT;
    loop {
        assert!(clock.instant() < deadline, "{address}: {}", bench.reporter.status().message);
        let batch = bench.next_commit().await;
        if up(&batch, address).is_some_and(&wanted) {
            return batch;
        }
    }
}

/// Waits until the message of the component contains `text`, and returns it.
async fn wait_for_message(bench: &Bench, text: &str) -> String {
    bench.wait_for_status(|status| status.message.contains(text)).await.message
}
