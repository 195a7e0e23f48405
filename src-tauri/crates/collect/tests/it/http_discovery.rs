//! Discovery by HTTP: a real server whose list, responses and password change.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use crate::common::{Bench, TIMEOUT, values, wait_until};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use collect::{run_prometheus_file, run_scrape};
use config::{Authorization, BasicAuth, HttpDiscovery, PrometheusFile, ScrapeTarget};
use futures_util::StreamExt as _;
use model::TelemetryBatch;
use runtime::Clock;

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
    bench.run(run_scrape(target, store, Clock::system(), reporter, stop));
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

#[tokio::test]
async fn the_list_is_followed_and_bad_responses_leave_its_targets() {
    let server = Server::start().await;
    let (one, two) = (target().await, target().await);
    let mut bench = Bench::new();
    start(&mut bench, job(server.settings()));
    wait_for_message(&bench, "no targets").await;

    server.answers(Answer::List(format!(
        r#"[{{"targets":["{one}"],"labels":{{"room":"lab","rack":7}}}},{{"targets":[]}}]"#
    )));
    let batch = until(&mut bench, &one, |up| up == 1.0).await;
    let (series, value) = values(&batch, "a").remove(0);
    assert_eq!(
        (value, series.attributes.text("room"), series.attributes.text("rack")),
        (1.0, Some("lab"), Some("7"))
    );
    let from = format!("http://{}/targets?token=***", server.address);
    assert_eq!(series.attributes.text("from"), Some(from.as_str()), "without what may be secret");

    for (answer, problem) in [
        (Answer::Status(StatusCode::INTERNAL_SERVER_ERROR), "answered 500"),
        (Answer::Status(StatusCode::NO_CONTENT), "answered 204"),
        (Answer::List("<html>hunter2</html>".into()), "not a list of targets"),
        (Answer::List(r#"{"targets":["hunter2"]}"#.into()), "not a list of targets"),
        (
            Answer::List(r#"[{"targets":["hunter2"],"lables":{"a":"hunter2"}}]"#.into()),
            "not a list of targets",
        ),
        (Answer::List(r#"[{"targets":[["hunter2"]]}]"#.into()), "not a list of targets"),
        (Answer::List(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), "not a list of targets"),
        (Answer::BrokenOff, "ended early"),
        (Answer::Endless, "larger than 16 MiB"),
    ] {
        server.answers(answer);
        let message = wait_for_message(&bench, problem).await;
        assert!(!message.contains("hunter2") && !message.contains("t0ken"), "{message}");
        until(&mut bench, &one, |up| up == 1.0).await;
    }

    server.answers(Answer::List(format!(r#"[{{"targets":["{two}","not a target/"]}}]"#)));
    let mut ended = false;
    let mut began = false;
    while !(ended && began) {
        let batch = bench.next_commit().await;
        ended |= up(&batch, &one).is_some_and(f64::is_nan);
        began |= up(&batch, &two) == Some(1.0);
    }
    wait_for_message(&bench, "not a host and port").await;
    assert!(
        values(&bench.next_commit().await, "a")
            .iter()
            .all(|(series, _)| { series.attributes.text("instance") == Some(two.as_str()) })
    );
    bench.stop().await;

    let requests = std::mem::take(&mut server.shared.lock().unwrap().requests);
    assert!(requests.len() > 10, "requests again and again");
    for headers in requests {
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers["x-prometheus-refresh-interval-seconds"], "0.25");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("binnacle/"));
        assert!(!headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn it_is_requested_once_per_interval() {
    let (server, frequent) = (Server::start().await, Server::start().await);
    server.answers(Answer::Status(StatusCode::SERVICE_UNAVAILABLE));
    let mut bench = Bench::new();
    start(&mut bench, job(HttpDiscovery { refresh_interval: "1h".to_owned(), ..server.settings() }));
    wait_for_message(&bench, "answered 503").await;
    start(&mut bench, job(frequent.settings()));
    wait_until("the other list is requested again", async || frequent.requests() > 4).await;
    assert_eq!(server.requests(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_starts_later_is_found() {
    let reserved = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let mut bench = Bench::new();
    let server = Server::start().await;
    let one = target().await;
    server.answers(Answer::List(format!(r#"[{{"targets":["{one}"]}}]"#)));
    start(&mut bench, job(HttpDiscovery { url: format!("http://{address}/targets"), ..server.settings() }));
    wait_for_message(&bench, "cannot be reached").await;
    let router = Router::new().route("/targets", get(list)).with_state(server.shared.clone());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    until(&mut bench, &one, |up| up == 1.0).await;
    bench.stop().await;
}

fn write_private(path: &Path, secret: &str) {
    runtime::replace_private_file(path, secret.as_bytes()).unwrap();
}

fn basic(folder: &Path) -> BasicAuth {
    BasicAuth { username: "u".into(), password_file: folder.join("password").display().to_string() }
}

#[tokio::test]
async fn credentials_are_read_again_and_never_reported() {
    let server = Server::start().await;
    let one = target().await;
    server.answers(Answer::List(format!(r#"[{{"targets":["{one}"]}}]"#)));
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    // A missing password, a wrong one, and the right one: base64 of `u:s3cret`.
    server.wants("Basic dTpzM2NyZXQ=");
    start(&mut bench, job(HttpDiscovery { basic_auth: Some(basic(folder.path())), ..server.settings() }));
    wait_for_message(&bench, "cannot read the secret").await;
    assert_eq!(server.requests(), 0, "nothing is requests without the password");
    write_private(&folder.path().join("password"), "wr0ng\n");
    let message = wait_for_message(&bench, "answered 401").await;
    assert!(!message.contains("wr0ng"), "{message}");
    write_private(&folder.path().join("password"), "s3cret\n");
    until(&mut bench, &one, |up| up == 1.0).await;
    // A password that other users can read is not sent.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join("password"), open).unwrap();
        let message = wait_for_message(&bench, "cannot read the secret").await;
        assert!(message.contains("chmod 600") && !message.contains("s3cret"), "{message}");
    }
    // Without the password again, the targets stay.
    write_private(&folder.path().join("password"), "wr0ng\n");
    wait_for_message(&bench, "answered 401").await;
    until(&mut bench, &one, |up| up == 1.0).await;
    bench.stop().await;

    server.wants("Token abc");
    write_private(&folder.path().join("token"), "abc");
    let authorization = Authorization {
        kind: "Token".into(),
        credentials_file: folder.path().join("token").display().to_string(),
    };
    let settings = HttpDiscovery { authorization: Some(authorization), ..server.settings() };
    let moved = format!("http://{}/moved", server.address);
    start(&mut bench, job(HttpDiscovery { url: moved.clone(), ..settings.clone() }));
    until(&mut bench, &one, |up| up == 1.0).await;
    bench.stop().await;
    start(&mut bench, job(HttpDiscovery { url: moved, follow_redirects: false, ..settings }));
    wait_for_message(&bench, "answered 307").await;
    bench.stop().await;
}

#[tokio::test]
async fn a_prometheus_yml_may_contain_credentials() {
    let server = Server::start().await;
    let one = target().await;
    server.answers(Answer::List(format!(r#"[{{"targets":["{one}"]}}]"#)));
    server.wants("Basic dTpzM2NyZXQ=");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let url = format!("http://{}/targets", server.address);
    for (entry, problem) in [
        ("basic_auth: { username: u, password: s3cret }, proxy_url: 'http://p:1'", ""),
        ("basic_auth: { username: u, password_file: password }", ""),
        ("basic_auth: { username: u, password: wr0ng }", "answered 401"),
        ("bearer_token: wr0ng", "answered 401"),
        ("oauth2: { client_secret: wr0ng }", "dropped"),
        ("basic_auth: { username: u, password: wr0ng }, bearer_token: wr0ng", "only one of"),
        ("tls_config: { ca_file: ca.pem }", "cannot read"),
    ] {
        write_private(&folder.path().join("password"), "s3cret\n");
        fs::write(
            &file,
            format!(
                "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: listed\n    \
                 http_sd_configs: [{{ url: '{url}', refresh_interval: 1s, {entry} }}]\n"
            ),
        )
        .unwrap();
        let mut bench = Bench::new();
        let settings = PrometheusFile { file: file.display().to_string() };
        let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
        bench.run(run_prometheus_file(settings, store, Clock::system(), reporter, stop));
        if problem.is_empty() {
            until(&mut bench, &one, |up| up == 1.0).await;
        } else {
            let message = wait_for_message(&bench, problem).await;
            assert!(!message.contains("wr0ng"), "{message}");
        }
        bench.stop().await;
    }
}
