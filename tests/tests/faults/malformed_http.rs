//! Malformed OTLP over HTTP.

use prost::Message;
use reqwest::StatusCode;
use test_support::{engine_process::EngineProcess, otlp_load::Signal};

use crate::{gzip, log_bodies, one_log};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

struct Case {
    name: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: StatusCode,
    message: &'static str,
}

fn case(
    name: &'static str,
    headers: &[(&'static str, &'static str)],
    body: impl Into<Vec<u8>>,
    status: StatusCode,
    message: &'static str,
) -> Case {
    Case { name, headers: headers.to_vec(), body: body.into(), status, message }
}

fn cases() -> Vec<Case> {
    let good = one_log("good").encode_to_vec();
    let compressed = gzip(&good);
    let half = compressed[..compressed.len() / 2].to_vec();
    let wrong_type = r#"{"resourceLogs": [{"scopeLogs": [{"logRecords": "none"}]}]}"#;
    let protobuf = ("content-type", PROTOBUF);
    let json = ("content-type", JSON);
    let gzipped = ("content-encoding", "gzip");
    let bad = StatusCode::BAD_REQUEST;
    vec![
        case("not protobuf", &[protobuf], *b"\xff\xff\xff\xff", bad, "protobuf"),
        case("protobuf cut off", &[protobuf], &good[..good.len() - 3], bad, "protobuf"),
        case("JSON as protobuf", &[protobuf], wrong_type, bad, "protobuf"),
        case("not gzip", &[protobuf, gzipped], good.clone(), bad, "gzip"),
        case("gzip cut off", &[protobuf, gzipped], half, bad, "gzip"),
        case("protobuf as JSON", &[json], good.clone(), bad, "JSON"),
        case("JSON cut off", &[json], &wrong_type[..20], bad, "JSON"),
        case("text instead of a list", &[json], wrong_type, bad, "logRecords"),
        case("a list instead of an object", &[json], "[1, 2]", bad, "OTLP"),
        case("50 MB", &[protobuf], vec![0; 50 << 20], StatusCode::PAYLOAD_TOO_LARGE, "MiB"),
        case(
            "50 MB behind gzip",
            &[protobuf, gzipped],
            gzip(&vec![0; 50 << 20]),
            StatusCode::PAYLOAD_TOO_LARGE,
            "MiB",
        ),
        case(
            "plain text",
            &[("content-type", "text/plain")],
            "hello",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content type",
        ),
        case("no content type", &[], good.clone(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "content type"),
        case(
            "unknown encoding",
            &[protobuf, ("content-encoding", "br")],
            good,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoding",
        ),
    ]
}

#[tokio::test]
async fn each_malformed_request_gets_its_error_and_the_next_good_one_is_stored() {
    let engine = EngineProcess::start().await.unwrap();
    let url = format!("http://{}/v1/logs", engine.listener("otlp_http").await.unwrap());
    let client = tls::http_client();
    for (number, case) in cases().into_iter().enumerate() {
        let request = client.post(&url).body(case.body);
        let request =
            case.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), case.status, "{}", case.name);
        let text = response.bytes().await.unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains(case.message), "{}: {text}", case.name);

        let body = format!("after {number}.");
        let good = client.post(&url).header("content-type", PROTOBUF).body(one_log(&body).encode_to_vec());
        assert_eq!(good.send().await.unwrap().status(), StatusCode::OK, "after {}", case.name);
        assert_eq!(log_bodies(&engine, &body).await, [body], "after {}", case.name);
    }
    // The status is updated once a second.
    engine
        .wait_for_status("all requests are counted", |status| {
            let listener = status.listeners.iter().find(|listener| listener.protocol == "otlp_http");
            listener.is_some_and(|listener| (listener.rejected_requests, listener.received.logs) == (14, 14))
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_record_with_a_malformed_field_is_reported_and_the_others_are_stored() {
    let engine = EngineProcess::start().await.unwrap();
    let url = format!("http://{}/v1/logs", engine.listener("otlp_http").await.unwrap());
    let body = r#"{"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "faults"}}]},
        "scopeLogs": [{"logRecords": [
            {"timeUnixNano": {}, "body": {"stringValue": "bad"}},
            {"body": {"stringValue": "beside it"}}]}]}]}"#;
    let response =
        tls::http_client().post(&url).header("content-type", JSON).body(body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.text().await.unwrap();
    assert!(text.contains(r#""rejectedLogRecords":"1""#) && text.contains("timeUnixNano"), "{text}");
    assert_eq!(log_bodies(&engine, "beside").await, ["beside it"]);
}

#[tokio::test]
async fn spans_with_bad_ids_are_reported_and_the_others_are_stored() {
    let engine = EngineProcess::start().await.unwrap();
    let url = format!("http://{}{}", engine.listener("otlp_http").await.unwrap(), Signal::Spans.path());
    let span = |trace_id: &str, span_id: &str, name: &str| {
        let end = test_support::otlp_load::now().to_string();
        serde_json::json!({
            "traceId": trace_id, "spanId": span_id, "name": name,
            "startTimeUnixNano": end, "endTimeUnixNano": end,
        })
    };
    let spans = [
        span("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "good"),
        span("5b8e", "eee19b7ec3c1b175", "short trace id"),
        span("00000000000000000000000000000000", "eee19b7ec3c1b176", "zero trace id"),
        span("5b8efff798038103d269b633813fc60c", "0000000000000000", "zero span id"),
    ];
    let request = serde_json::json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
    let response = tls::http_client().post(&url).json(&request).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let answer: serde_json::Value = response.json().await.unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "3", "{answer}");
    assert!(answer["partialSuccess"]["errorMessage"].as_str().unwrap().contains("trace id"), "{answer}");
    let arguments = serde_json::json!({ "trace_id": "5b8efff798038103d269b633813fc60c", "limit": 10 });
    let trace: model::Trace = engine.call("trace", arguments).await.unwrap();
    let names: Vec<&str> = trace.spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["good"]);
}
