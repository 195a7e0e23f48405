//! OTLP over HTTP.

use ingest::MAX_BODY_BYTES;
use model::{SpanKind, SpanStatus};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use store::StoreOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::receiver::{Receiver, gzip, log, logs, now, span, traces, within};

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

pub(crate) async fn post(
    receiver: &Receiver,
    path: &str,
    content_type: &str,
    encoding: &str,
    body: Vec<u8>,
) -> Response {
    let mut request =
        tls::http_client().post(receiver.url(path)).header(header::CONTENT_TYPE, content_type).body(body);
    if !encoding.is_empty() {
        request = request.header(header::CONTENT_ENCODING, encoding);
    }
    within("the request", request.send()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_plain_and_compressed_is_stored_before_it_is_acknowledged() {
    let mut receiver = Receiver::start().await;
    let body = traces(vec![span(1), span(2)]).encode_to_vec();
    let plain = post(&receiver, "/v1/traces", PROTOBUF, "", body).await;
    assert_eq!(plain.status(), 200);
    assert_eq!(plain.headers()[header::CONTENT_TYPE], PROTOBUF);
    let answer = ExportTraceServiceResponse::decode(plain.bytes().await.unwrap()).unwrap();
    assert_eq!(answer, ExportTraceServiceResponse::default());
    assert_eq!(receiver.committed().spans.len(), 2);

    let packed =
        post(&receiver, "/v1/logs", PROTOBUF, "gzip", gzip(&logs(vec![log("hi")]).encode_to_vec())).await;
    assert_eq!(packed.status(), 200);
    let batch = receiver.committed();
    assert_eq!(batch.logs[0].body, "hi");
    assert_eq!(batch.logs[0].resource.service(), "shop");
    let statistics = receiver.store.admin().statistics().await.unwrap();
    assert_eq!((statistics.spans, statistics.logs), (2, 1));
    let (counts, refused, last) = receiver.counters.snapshot();
    assert_eq!((counts.spans, counts.logs, refused), (2, 1, 0));
    assert!(last.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn json_in_its_many_spellings() {
    let mut receiver = Receiver::start().await;
    let time = now();
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "web" } }], "unknown": [1] },
        "scopeSpans": [{ "scope": { "name": "s", "version": "2" }, "spans": [{
            "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174", "parentSpanId": "",
            "name": "GET /", "kind": 3, "startTimeUnixNano": time.to_string(), "endTimeUnixNano": time + 5,
            "attributes": [
                { "key": "text", "value": { "intValue": "9007199254740993", "later": { "deep": [] } } },
                { "key": "number", "value": { "intValue": 12 } },
                { "key": "double", "value": { "doubleValue": "NaN" } },
                { "key": "bytes", "value": { "bytesValue": "AQI" } },
                { "key": "list", "value": { "arrayValue": { "values": [{ "boolValue": true }, {}] } } },
                { "key": "null", "value": null }
            ],
            "events": [{ "timeUnixNano": time + 1, "name": "e" }],
            "status": { "code": 2, "message": "no" }, "futureField": { "x": 1 }, "traceState": null
        }] }]
    }] });
    let response = post(
        &receiver,
        "/v1/traces",
        "application/json; charset=utf-8",
        "gzip",
        gzip(body.to_string().as_bytes()),
    )
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CONTENT_TYPE], JSON);
    assert_eq!(response.text().await.unwrap(), "{}");
    let batch = receiver.committed();
    let stored = &batch.spans[0];
    assert_eq!(stored.trace_id.to_string(), "5b8efff798038103d269b633813fc60c");
    assert_eq!((stored.kind, stored.status, stored.duration), (SpanKind::Client, SpanStatus::Error, 5));
    assert_eq!(
        stored.attributes.to_json(),
        r#"{"bytes":"AQI=","double":"NaN","list":[true,null],"null":null,"number":12,"text":9007199254740993}"#
    );
    assert_eq!((stored.events[0].name.as_str(), stored.scope.version.as_str()), ("e", "2"));

    let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [
        { "name": "g", "gauge": { "dataPoints": [{ "timeUnixNano": time, "asInt": "5" }, { "timeUnixNano": time, "asDouble": "-Infinity" }] } },
        { "name": "h", "histogram": { "aggregationTemporality": 2, "dataPoints": [{ "timeUnixNano": time.to_string(),
            "count": "3", "sum": 4, "bucketCounts": ["1", 2], "explicitBounds": [0.5],
            "exemplars": [{ "timeUnixNano": time, "asDouble": 1.5, "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174" }] }] } }
    ] }] }] });
    let response = post(&receiver, "/v1/metrics", JSON, "", metrics.to_string().into_bytes()).await;
    assert_eq!(response.status(), 200);
    let batch = receiver.committed();
    assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [5.0, f64::NEG_INFINITY]);
    assert_eq!((batch.histograms[0].count, batch.histograms[0].sum), (3, Some(4.0)));
    assert_eq!(batch.exemplars[0].trace_id, Some(stored.trace_id));
    assert_eq!(batch.series[0].1.resource.service(), model::UNKNOWN_SERVICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_records_are_reported_and_the_rest_is_stored() {
    let mut receiver = Receiver::start().await;
    let mut wrong = span(2);
    wrong.trace_id = vec![1; 3];
    let body = traces(vec![span(1), wrong, span(3)]).encode_to_vec();
    let response = post(&receiver, "/v1/traces", PROTOBUF, "", body).await;
    assert_eq!(response.status(), 200);
    let answer =
        ExportTraceServiceResponse::decode(response.bytes().await.unwrap()).unwrap().partial_success.unwrap();
    assert_eq!(answer.rejected_spans, 1);
    assert!(
        answer
            .error_message
            .contains("resource_spans[0].scope_spans[0].spans[1]: trace id: expected 16 bytes")
    );
    assert_eq!(receiver.committed().spans.len(), 2);

    let body =
        json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{ "timeUnixNano": "1" }, {}] }] }] });
    let response = post(&receiver, "/v1/logs", JSON, "", body.to_string().into_bytes()).await;
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "1");
    assert!(answer["partialSuccess"]["errorMessage"].as_str().unwrap().contains("log_records[0]"));
    assert_eq!(receiver.committed().logs.len(), 1);
    assert_eq!((receiver.counters.rejected_records(), receiver.counters.snapshot().1), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_bodies_are_rejected_in_the_encoding_of_the_request() {
    let mut receiver = Receiver::start().await;
    let good = traces(vec![span(1)]).encode_to_vec();
    let protobuf = [
        ("", good[..good.len() - 3].to_vec()),
        ("", b"{}".to_vec()),
        ("gzip", good.clone()),
        ("gzip", gzip(&good)[..20].to_vec()),
    ];
    for (encoding, body) in protobuf {
        let response = post(&receiver, "/v1/traces", PROTOBUF, encoding, body).await;
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROTOBUF);
        let status = tonic_types::Status::decode(response.bytes().await.unwrap()).unwrap();
        assert_eq!(status.code, 3);
        assert!(status.message.contains("protobuf") || status.message.contains("gzip"), "{}", status.message);
    }
    let json = [
        ("{", "invalid JSON"),
        ("[]", "expected an object, found a list"),
        ("null", "expected an object, found null"),
        (r#"{"resourceSpans":{}}"#, "resourceSpans: expected a list"),
        (
            r#"{"resourceSpans":[{"resource":7}]}"#,
            "resourceSpans[0].resource: expected an object, found the number 7",
        ),
        (r#"{"time":1,"level":"info"}"#, "expected the field \"resourceSpans\", found \"time\""),
        (r#"{"resource_logs":[]}"#, "send log records to /v1/logs"),
    ];
    for (body, expected) in json {
        let response = post(&receiver, "/v1/traces", JSON, "", body.as_bytes().to_vec()).await;
        assert_eq!(response.status(), 400);
        let status: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(status["code"], 3);
        assert!(status["message"].as_str().unwrap().contains(expected), "{status}");
    }
    let deep = format!("{{\"resourceSpans\":{}", "[".repeat(100_000));
    assert_eq!(post(&receiver, "/v1/traces", JSON, "", deep.into_bytes()).await.status(), 400);
    assert!(receiver.committed().is_empty());
    assert_eq!(receiver.counters.snapshot().1, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_bodies_and_bombs_are_rejected() {
    let receiver = Receiver::start().await;
    let large = vec![0; MAX_BODY_BYTES + 1];
    let response = post(&receiver, "/v1/logs", JSON, "", large.clone()).await;
    assert_eq!(response.status(), 413);
    let status: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(status["code"], 8);
    let bomb = gzip(&vec![b' '; 200 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(post(&receiver, "/v1/logs", JSON, "gzip", bomb).await.status(), 413);
    // Two bytes each, and hundreds in memory.
    let mut spans = Vec::new();
    let scope: Vec<u8> = [0x12, 0x00].repeat(8 << 20);
    for _ in 0..2 {
        let outer = if spans.is_empty() { &scope } else { &spans };
        let mut wrapped = vec![if spans.is_empty() { 0x12 } else { 0x0a }];
        prost::encoding::encode_varint(outer.len() as u64, &mut wrapped);
        wrapped.extend_from_slice(outer);
        spans = wrapped;
    }
    assert_eq!(post(&receiver, "/v1/traces", PROTOBUF, "", spans).await.status(), 413);
    assert_eq!(
        post(&receiver, "/v1/logs", PROTOBUF, "", logs(vec![log("still")]).encode_to_vec()).await.status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_types_methods_and_paths_are_rejected_with_a_message() {
    let receiver = Receiver::start().await;
    let response = post(&receiver, "/v1/traces", "text/plain", "", vec![]).await;
    assert_eq!(response.status(), 415);
    assert!(response.text().await.unwrap().contains("send application/x-protobuf or application/json"));
    assert_eq!(post(&receiver, "/v1/traces", PROTOBUF, "br", vec![]).await.status(), 415);
    let response = tls::http_client().get(receiver.url("/v1/traces")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()[header::ALLOW]),
        (405, &"POST, OPTIONS".parse().unwrap())
    );
    assert!(response.text().await.unwrap().contains("send telemetry with POST"));
    let response = post(&receiver, "/v2/traces", PROTOBUF, "", vec![]).await;
    assert_eq!(response.status(), 404);
    assert!(response.text().await.unwrap().contains("/v1/traces"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_may_send_and_others_may_not() {
    let mut receiver = Receiver::start().await;
    let client = tls::http_client();
    let preflight = |origin: &str| {
        client
            .request(Method::OPTIONS, receiver.url("/v1/logs"))
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,x-custom")
            .send()
    };
    let allowed = preflight("http://localhost:5173").await.unwrap();
    assert_eq!(allowed.status(), 204);
    assert_eq!(allowed.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "http://localhost:5173");
    assert_eq!(allowed.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS], "content-type,x-custom");
    let refused = preflight("https://example.com").await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(!refused.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let send = |origin: &str| {
        client
            .post(receiver.url("/v1/logs"))
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, PROTOBUF)
            .body(logs(vec![log(origin)]).encode_to_vec())
            .send()
    };
    let stored = send("http://127.0.0.1:3000").await.unwrap();
    assert_eq!(
        (stored.status().as_u16(), &stored.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN]),
        (200, &"http://127.0.0.1:3000".parse().unwrap())
    );
    assert_eq!(send("http://localhost.example.com").await.unwrap().status(), 403);
    assert_eq!(receiver.committed().logs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_store_asks_to_retry() {
    let receiver = Receiver::start_with(StoreOptions { queue_records: 1, ..StoreOptions::default() }).await;
    let filling = receiver.fill_queue();
    let rejection = within("a busy answer", async {
        loop {
            // Another time, because a request that is sent again is stored once.
            let body = logs(vec![log("one")]).encode_to_vec();
            let request = tls::http_client().post(receiver.url("/v1/logs"));
            let sent = request.header(header::CONTENT_TYPE, PROTOBUF).body(body).send();
            let answer = sent.await.unwrap();
            assert!(matches!(answer.status().as_u16(), 200 | 503), "{answer:?}");
            if answer.status() == 503 {
                return answer;
            }
        }
    })
    .await;
    filling.abort();
    let seconds: i64 = rejection.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!(seconds >= 1);
    let status = tonic_types::Status::decode(rejection.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, 14);
    let (counts, refused, _) = receiver.counters.snapshot();
    assert!(refused >= 1);
    assert_eq!(receiver.store.admin().statistics().await.unwrap().logs, counts.logs);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_frees_the_port() {
    let receiver = Receiver::start().await;
    let client = tls::http_client();
    let idle = client.post(receiver.url("/v1/logs")).header(header::CONTENT_TYPE, PROTOBUF).body(Vec::new());
    assert_eq!(idle.send().await.unwrap().status(), 200);
    receiver.stop.cancel();
    for server in receiver.servers {
        within("stopping", server).await.unwrap().unwrap();
    }
    assert!(client.post(format!("http://{}/v1/logs", receiver.http)).send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_delay_the_stop() {
    let receiver = Receiver::start().await;
    let mut connection = tokio::net::TcpStream::connect(receiver.http).await.unwrap();
    let head =
        "POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    // An answer on another connection shows that the listener runs.
    assert_eq!(tls::http_client().get(receiver.url("/")).send().await.unwrap().status(), 404);
    receiver.stop.cancel();
    for server in receiver.servers {
        within("stopping", server).await.unwrap().unwrap();
    }
    let mut answer = Vec::new();
    within("the answer", connection.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 503"), "{}", String::from_utf8_lossy(&answer));
}
