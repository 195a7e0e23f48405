//! Access to the console's address: the host and the origin of requests, and what is served there.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::{console_page::ConsolePage, engine_process::EngineProcess};

/// Sends lines as they are and returns the status and the headers of the response.
fn raw(host: &str, lines: &[&str]) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let response = String::from_utf8_lossy(&response).into_owned();
    response.split("\r\n\r\n").next().unwrap().to_lowercase()
}

fn status(response: &str) -> u16 {
    response.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn requests_for_another_host_or_of_another_site_are_rejected() {
    let engine = EngineProcess::start().await.unwrap();
    let host = engine.address().trim_start_matches("http://").to_owned();
    let port = host.split(':').nth(1).unwrap().to_owned();
    let own = format!("Host: {host}");
    let origin = format!("Origin: http://{host}");
    let get = |path: &str, lines: &[&str]| {
        let first = format!("GET {path} HTTP/1.1");
        let all: Vec<&str> = std::iter::once(first.as_str()).chain(lines.iter().copied()).collect();
        status(&raw(&host, &all))
    };
    assert_eq!(get("/", &[&own]), 200);
    assert_eq!(get("/", &[&own, &origin, "Sec-Fetch-Site: same-origin"]), 200);
    assert_eq!(get("/", &[&own, "Sec-Fetch-Site: none"]), 200);
    let window = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    assert_eq!(get("/", &[&own, window[0], window[1], window[2]]), 200, "a link on another site");
    assert_eq!(get("/favicon.svg", &[&own, window[0], window[1], window[2]]), 403);

    for lines in [
        vec!["Host: evil.example".to_owned()],
        vec![format!("Host: evil.example:{port}")],
        vec!["Host: 127.0.0.1".to_owned()],
        vec!["Host: 127.0.0.1:1".to_owned()],
        vec![format!("Host: 127.0.0.2:{port}")],
        vec![format!("Host: [::1]:{port}")],
        vec![own.clone(), own.clone()],
        vec![own.clone(), "Host: evil.example".to_owned()],
        vec![own.clone(), "Origin: http://evil.example".to_owned()],
        vec![own.clone(), "Origin: null".to_owned()],
        vec![own.clone(), "Origin: http://127.0.0.1:1".to_owned()],
        vec![own.clone(), format!("Origin: https://{host}")],
        vec![own.clone(), origin.clone(), origin.clone()],
        vec![own.clone(), "Sec-Fetch-Site: cross-site".to_owned()],
        vec![own.clone(), "Sec-Fetch-Site: same-site".to_owned()],
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!([400, 403].contains(&get("/", &lines)), "{lines:?}");
        assert!([400, 403].contains(&get("/api/session", &lines)), "{lines:?}");
    }
    assert!([400, 403].contains(&get("/", &[])));
    assert_eq!(get("http://evil.example/", &[&own]), 403);
    assert_eq!(get("/", &[&format!("Host: localhost:{port}")]), 307, "leads to the address");
    ConsolePage::connect(&host, &format!("localhost:{port}")).await.unwrap_err();
    ConsolePage::connect(&host, &host).await.unwrap();
}

#[tokio::test]
async fn the_address_serves_files_and_sessions_only() {
    let engine = EngineProcess::start().await.unwrap();
    let host = engine.address().trim_start_matches("http://").to_owned();
    let client = tls::http_client();
    let send =
        |method: Method, path: &str| client.request(method, format!("{}{path}", engine.address())).send();
    for path in ["/api/command/status", "/api/subscribe", "/api/link", "/api/elsewhere"] {
        assert_eq!(send(Method::POST, path).await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(send(Method::GET, path).await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let response = send(method.clone(), "/").await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(send(Method::HEAD, "/").await.unwrap().status(), StatusCode::OK);
    for path in ["/", "/no-such-file"] {
        let response = send(Method::GET, path).await.unwrap();
        let header =
            |name| response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.contains(&format!("connect-src 'self' ws://{host};")), "{policy}");
        assert!(!policy.contains("ws:;") && !policy.contains("ws: "), "{policy}");
    }
}

#[tokio::test]
async fn invalid_requests_get_an_error_in_json() {
    let engine = EngineProcess::start().await.unwrap();
    let client = engine.client().unwrap();
    for (name, body, status, code, message) in [
        ("make_coffee", "{}", StatusCode::NOT_FOUND, "not_found", "make_coffee"),
        ("status", "{\"milk\": true}", StatusCode::BAD_REQUEST, "invalid", "milk"),
        ("series", "{\"metric\": 7}", StatusCode::BAD_REQUEST, "invalid", "series"),
        ("series", "nonsense", StatusCode::BAD_REQUEST, "invalid", "JSON"),
        ("delete_check", "{\"id\": \"none\"}", StatusCode::NOT_FOUND, "not_found", "none"),
    ] {
        let response =
            client.post(&format!("/api/command/{name}")).body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), status, "{name} {body}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[tokio::test]
async fn output_that_is_no_terminal_has_the_address_and_no_link() {
    let mut engine = EngineProcess::start().await.unwrap();
    let link = engine.link().unwrap();
    let (mut page, browser) = ConsolePage::open(&link).await.unwrap();
    page.call("status", json!({})).await.unwrap();
    assert!(engine.address().starts_with("http://127.0.0.1:"), "{}", engine.address());
    engine.stop().await.unwrap();
    let code = link.split_once("#code=").unwrap().1;
    let (id, secret) = code.split_once('.').unwrap();
    let log = engine.log();
    for hidden in [id, secret, browser.id.as_str(), "code="] {
        assert!(!log.contains(hidden), "{log}");
    }
    assert!(engine.output().is_empty(), "one line: {:?}", engine.output());
}

#[tokio::test]
async fn the_console_is_not_served_to_other_machines() {
    let mut engine = EngineProcess::prepare(test_support::engine_process::SETTINGS).unwrap();
    engine.launch(&["--http", "0.0.0.0:0"]).await.unwrap();
    assert!(engine.address().starts_with("http://127.0.0.1:"), "{}", engine.address());
    assert!(engine.log().contains("other machines could reach it"), "{}", engine.log());
}
