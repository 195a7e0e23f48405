//! Limits on label values, for pushed and for scraped metrics.

use std::fmt::Write as _;

use model::{AlertSeverity, EngineStatus};
use serde_json::{Value, json};
use test_support::engine_process::{EngineProcess, SETTINGS};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const LIMIT: usize = 20;

/// Creates points of one metric, each with another user.
fn users(service: &str, count: usize) -> Value {
    let text = |key: &str, text: &str| json!({ "key": key, "value": { "stringValue": text } });
    let points: Vec<Value> = (0..count)
        .map(|user| {
            json!({
                "timeUnixNano": test_support::otlp_load::now().to_string(),
                "asDouble": 1.0,
                "attributes": [text("user.id", &format!("u{user}"))],
            })
        })
        .collect();
    json!({ "resourceMetrics": [{
        "resource": { "attributes": [text("service.name", service)] },
        "scopeMetrics": [{ "metrics": [{ "name": "requests", "gauge": { "dataPoints": points } }] }],
    }] })
}

/// Starts a target whose metric has a label with 300 values.
async fn exploding_target() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let mut body = String::new();
            for session in 0..300 {
                writeln!(body, "sessions{{session=\"s{session}\"}} 1").unwrap();
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    format!("http://{address}/metrics")
}

fn title<'status>(status: &'status EngineStatus, service: &str) -> Option<&'status str> {
    status
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.title.as_str())
        .find(|title| title.starts_with(service))
}

#[tokio::test]
async fn exploding_labels_are_dropped_and_reported_for_every_source() {
    let target = exploding_target().await;
    let mut engine = EngineProcess::prepare(&format!(
        "{SETTINGS}\n[host]\nenabled = false\n\n[limits]\nvalues_per_label = {LIMIT}\n\n[[scrape]]\nname = \"exploding\"\n\
         url = {target:?}\ninterval_seconds = 1\n"
    ))
    .unwrap();
    engine.start_again().await.unwrap();
    let address = engine.listener("otlp_http").await.unwrap();
    let send = async |body: Value| -> Value {
        let request = tls::http_client().post(format!("http://{address}/v1/metrics")).json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    };
    assert_eq!(send(users("shop", LIMIT)).await, json!({}));
    let answer = send(users("shop", 500)).await;
    assert_eq!(answer["partialSuccess"]["rejectedDataPoints"], "480");
    let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    for word in ["480 points", "\"user.id\"", "\"shop\"", "limit 20"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert_eq!(send(users("shop", LIMIT)).await, json!({}), "existing series continue");
    assert_eq!(send(users("billing", LIMIT)).await, json!({}), "other services are not affected");

    let status = engine
        .wait_for_status("both are reported", |status| {
            title(status, "shop").is_some() && title(status, "exploding").is_some()
        })
        .await
        .unwrap();
    let pushed = status.diagnostics.iter().find(|diagnostic| diagnostic.title.starts_with("shop")).unwrap();
    assert_eq!(pushed.severity, AlertSeverity::Warning);
    assert!(pushed.title.contains("label user.id has about"), "{}", pushed.title);
    assert!(pushed.detail.contains("480 points"), "{}", pushed.detail);
    assert!(pushed.detail.contains("otlp_http"), "{}", pushed.detail);
    let scraped =
        status.diagnostics.iter().find(|diagnostic| diagnostic.title.starts_with("exploding")).unwrap();
    assert!(scraped.title.contains("label session has about"), "{}", scraped.title);
    assert!(scraped.detail.contains("scrape exploding"), "{}", scraped.detail);
    assert_eq!(status.diagnostics.len(), 2, "{:?}", status.diagnostics);
}
