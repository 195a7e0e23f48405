//! Access to the API: the token, the host and the origin of requests.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use test_support::engine_process::EngineProcess;

async fn status_of(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn only_the_token_from_this_origin_opens_the_commands() {
    let engine = EngineProcess::start().await.unwrap();
    let client = tls::http_client();
    let url = format!("{}/api/command/status", engine.address());
    let request = || client.post(&url).json(&json!({}));
    assert_eq!(status_of(request().bearer_auth(engine.token())).await, StatusCode::OK);
    assert_eq!(status_of(request()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status_of(request().bearer_auth("0".repeat(64))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status_of(request().bearer_auth("")).await, StatusCode::UNAUTHORIZED);
    let in_address = client.post(format!("{url}?token={}", engine.token())).json(&json!({}));
    assert_eq!(status_of(in_address).await, StatusCode::UNAUTHORIZED, "addresses end up in histories");

    let authorized = || request().bearer_auth(engine.token());
    assert_eq!(status_of(authorized().header("host", "evil.example")).await, StatusCode::FORBIDDEN);
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(
            status_of(authorized().header("origin", foreign)).await,
            StatusCode::FORBIDDEN,
            "{foreign}"
        );
    }
    assert_eq!(status_of(authorized().header("origin", engine.address())).await, StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_subscribe() {
    let engine = EngineProcess::start().await.unwrap();
    let client = tls::http_client();
    let upgrade = |token: &str| {
        client
            .get(format!("{}/api/subscribe?token={token}", engine.address()))
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    assert_eq!(status_of(upgrade(engine.token())).await, StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(status_of(upgrade("wrong")).await, StatusCode::UNAUTHORIZED);
    let foreign = upgrade(engine.token()).header("origin", "http://evil.example");
    assert_eq!(status_of(foreign).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn invalid_requests_get_an_error_in_json() {
    let engine = EngineProcess::start().await.unwrap();
    let client = tls::http_client();
    let request = |name: &str, body: &str| {
        client
            .post(format!("{}/api/command/{name}", engine.address()))
            .bearer_auth(engine.token())
            .body(body.to_owned())
    };
    for (name, body, status, code, message) in [
        ("make_coffee", "{}", StatusCode::NOT_FOUND, "not_found", "make_coffee"),
        ("status", "{\"milk\": true}", StatusCode::BAD_REQUEST, "invalid", "milk"),
        ("series", "{\"metric\": 7}", StatusCode::BAD_REQUEST, "invalid", "series"),
        ("series", "nonsense", StatusCode::BAD_REQUEST, "invalid", "JSON"),
        ("delete_check", "{\"id\": \"none\"}", StatusCode::NOT_FOUND, "not_found", "none"),
    ] {
        let response = request(name, body).send().await.unwrap();
        assert_eq!(response.status(), status, "{name} {body}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
    let elsewhere = client.get(format!("{}/api/elsewhere", engine.address())).bearer_auth(engine.token());
    assert_eq!(status_of(elsewhere).await, StatusCode::NOT_FOUND);
}
