//! OTLP in JSON as senders write it: other spellings, faulty records, and what is no OTLP.

use model::{Severity, SpanKind, SpanStatus, Temporality, TraceId};
use serde_json::{Value, json};

use crate::{
    http::{JSON, post},
    receiver::{Receiver, now},
};

async fn send(receiver: &Receiver, path: &str, body: &Value) -> (u16, Value) {
    let response = post(receiver, path, JSON, "", body.to_string().into_bytes()).await;
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_enums_and_of_protobuf_fields_are_read() {
    let mut receiver = Receiver::start().await;
    let time = now();
    let spans = json!({ "resource_spans": [{ "scope_spans": [{ "spans": [{
        "trace_id": "0AF7651916CD43DD8448EB211C80319C", "span_id": "b7ad6b7169203331", "name": "checkout",
        "kind": "SPAN_KIND_PRODUCER", "start_time_unix_nano": time, "end_time_unix_nano": (time + 7).to_string(),
        "status": { "code": "STATUS_CODE_ERROR" },
        "attributes": [{ "key": "tries", "value": { "int_value": "3" } }, { "key": "paid", "value": { "boolValue": "true" } }]
    }] }] }] });
    assert_eq!(send(&receiver, "/v1/traces", &spans).await, (200, json!({})));
    let span = receiver.committed().spans.remove(0);
    assert_eq!((span.kind, span.status, span.duration), (SpanKind::Producer, SpanStatus::Error, 7));
    assert_eq!(span.attributes.to_json(), r#"{"paid":true,"tries":3}"#);

    let records = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [
        { "severityNumber": "SEVERITY_NUMBER_WARN2", "body": { "stringValue": 12 } },
        { "severityNumber": "13" }, { "severityText": "Error" }, { "severityText": "info3" }, { "severityText": "loud" }
    ] }] }] });
    assert_eq!(send(&receiver, "/v1/logs", &records).await, (200, json!({})));
    let logs = receiver.committed().logs;
    let severities: Vec<_> = logs.iter().map(|log| log.severity).collect();
    assert_eq!(severities, [14, 13, 17, 11, 0].map(Severity));
    assert_eq!(logs[0].body, "12");

    let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [
        { "name": "orders", "sum": { "aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA", "isMonotonic": true,
            "dataPoints": [{ "time_unix_nano": time, "as_int": "1e3" }, { "timeUnixNano": time, "asDouble": "2.5" }] } }
    ] }] }] });
    assert_eq!(send(&receiver, "/v1/metrics", &metrics).await, (200, json!({})));
    let batch = receiver.committed();
    assert_eq!(batch.series[0].1.temporality, Temporality::Delta);
    assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [1000.0, 2.5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_may_be_in_base64() {
    let mut receiver = Receiver::start().await;
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": "EBESExQVFhcYGRobHB0eHw==", "spanId": "ICEiIyQlJic=", "name": "a", "startTimeUnixNano": now()
    }] }] }] });
    assert_eq!(send(&receiver, "/v1/traces", &body).await.0, 200);
    let span = receiver.committed().spans.remove(0);
    assert_eq!(span.trace_id, TraceId(std::array::from_fn(|index| 0x10 + index as u8)));
    assert_eq!(span.span_id.to_string(), "2021222324252627");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_record_is_rejected_alone_with_its_position() {
    let mut receiver = Receiver::start().await;
    let span = |name: &str, fields: Value| {
        let mut span = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
            "name": name, "startTimeUnixNano": now(), "endTimeUnixNano": now() });
        span.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        span
    };
    let body = json!({ "resourceSpans": [{ "resource": { "attributes": 5 }, "scopeSpans": [{ "spans": [
        span("first", json!({ "traceId": "no digits" })),
        span("good", json!({})),
        span("third", json!({ "startTimeUnixNano": "-1" })),
        span("fourth", json!({ "attributes": [{ "key": "a", "value": { "intValue": [] } }] })),
        span("old", json!({ "startTimeUnixNano": 7 })),
        null, 12,
        span("last", json!({ "kind": 2, "links": [{ "traceId": "x" }] })),
    ] }] }] });
    let (status, answer) = send(&receiver, "/v1/traces", &body).await;
    assert_eq!((status, &answer["partialSuccess"]["rejectedSpans"]), (200, &json!("6")));
    let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    for expected in [
        "resourceSpans[0].resource.attributes: expected a list, found the number 5",
        "spans[0]: traceId: expected 32 hexadecimal digits, found the text \"no digits\"",
        "spans[2]: startTimeUnixNano: expected a whole number",
        "spans[3]: attributes[0].value.intValue: expected a whole number within its range, found a list",
        "spans[4]: start time",
        "and 3 more",
    ] {
        assert!(message.contains(expected), "{expected:?} is not in {message}");
    }
    let stored = receiver.committed().spans;
    assert_eq!(stored.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["good", "last"]);

    let point = |value: Value| json!({ "timeUnixNano": now(), "asDouble": value });
    let body = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [
        { "name": "a", "gauge": { "dataPoints": [point(json!(1)), point(json!("many")), point(json!(3))] } },
        { "name": "b", "sum": { "aggregationTemporality": "SOMETIMES", "dataPoints": [point(json!(4)), point(json!(5))] } },
        { "name": "c", "gauge": { "dataPoints": [point(json!(6))] } },
    ] }] }] });
    let (status, answer) = send(&receiver, "/v1/metrics", &body).await;
    assert_eq!((status, &answer["partialSuccess"]["rejectedDataPoints"]), (200, &json!("3")));
    let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(message.contains("metrics[0].data_points[1] of \"a\": asDouble: expected a number"), "{message}");
    assert!(
        message.contains("metrics[1]: sum.aggregationTemporality: expected a number or a name"),
        "{message}"
    );
    let values: Vec<f64> = receiver.committed().samples.iter().map(|sample| sample.value).collect();
    assert_eq!(values, [1.0, 3.0, 6.0]);

    let body = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [
        { "traceId": "not hexadecimal", "body": { "stringValue": "stored" } }, { "attributes": "x" }
    ] }] }] });
    let (_, answer) = send(&receiver, "/v1/logs", &body).await;
    assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "1");
    let logs = receiver.committed().logs;
    assert_eq!((logs.len(), logs[0].trace_id), (1, None), "a record does without an invalid trace id");
    assert_eq!(receiver.counters.rejected_records(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_are_ignored_beside_known_ones() {
    let mut receiver = Receiver::start().await;
    let body = json!({ "later": { "deep": [1] }, "resourceLogs": [{ "more": 1, "scopeLogs": [{ "logRecords": [
        { "later": [], "body": { "stringValue": "a" } }
    ] }] }] });
    assert_eq!(send(&receiver, "/v1/logs", &body).await, (200, json!({})));
    assert_eq!(receiver.committed().logs.len(), 1);
    assert_eq!(send(&receiver, "/v1/logs", &json!({})).await, (200, json!({})), "an empty request is valid");
}
