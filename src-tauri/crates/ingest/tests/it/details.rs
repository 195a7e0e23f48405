//! What a sender says of a record beside its content is stored and can be read.

use model::{Attributes, Filter, TimeRange, Timestamp};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceResponse, trace::v1::Span};
use prost::Message;
use serde_json::{Value, json};

use crate::{
    http::{JSON, PROTOBUF, post},
    receiver::{Receiver, now, span, text, traces},
};

fn around() -> TimeRange {
    TimeRange::last(3600, Timestamp(now() as i64 + 1_000_000_000))
}

async fn send(receiver: &Receiver, path: &str, body: &Value) {
    let response = post(receiver, path, JSON, "", body.to_string().into_bytes()).await;
    assert_eq!(response.text().await.unwrap(), "{}");
}

fn parsed(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn details_of_spans_are_readable() {
    let receiver = Receiver::start().await;
    let time = now() - 1_000_000;
    let body = json!({ "resourceSpans": [{
        "resource": { "droppedAttributesCount": 4 },
        "scopeSpans": [{ "scope": { "name": "lib", "version": "1.2.3", "droppedAttributesCount": 5 }, "spans": [{
            "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "pay",
            "startTimeUnixNano": time, "endTimeUnixNano": time + 10, "traceState": "vendor=1", "flags": 257,
            "droppedAttributesCount": 1, "droppedEventsCount": 2, "droppedLinksCount": 3,
            "events": [{ "timeUnixNano": time + 1, "name": "e", "droppedAttributesCount": 6 }],
            "links": [{ "traceId": "0af7651916cd43dd8448eb211c80319d", "spanId": "b7ad6b7169203332",
                "traceState": "vendor=2", "flags": 1, "droppedAttributesCount": 7 }],
            "attributes": [
                { "key": "big", "value": { "intValue": "9007199254740993" } },
                { "key": "small", "value": { "intValue": "9007199254740991" } },
                { "key": "infinite", "value": { "doubleValue": "-Infinity" } },
                { "key": "none", "value": {} }
            ]
        }] }]
    }] });
    send(&receiver, "/v1/traces", &body).await;
    let id = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    let trace = receiver.store.traces().trace(id, 10).await.unwrap().unwrap();
    let span = &trace.spans[0];
    assert_eq!(
        (span.scope.as_str(), span.scope_version.as_str(), span.trace_state.as_str(), span.flags),
        ("lib", "1.2.3", "vendor=1", 257)
    );
    assert_eq!(
        span.attributes,
        parsed(
            r#"{"big":"9007199254740993","small":9007199254740991,"infinite":"-Infinity","none":null,
            "otel.dropped_attributes_count":1,"otel.dropped_events_count":2,"otel.dropped_links_count":3,
            "otel.scope.dropped_attributes_count":5}"#
        )
    );
    assert_eq!(span.resource, parsed(r#"{"otel.dropped_attributes_count":4}"#));
    assert_eq!(span.events[0].attributes, parsed(r#"{"otel.dropped_attributes_count":6}"#));
    assert_eq!(
        span.links[0].attributes,
        parsed(r#"{"otel.trace_state":"vendor=2","otel.flags":1,"otel.dropped_attributes_count":7}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn details_of_log_records_are_readable() {
    let receiver = Receiver::start().await;
    let time = now() - 1_000_000;
    let body = json!({ "resourceLogs": [{ "scopeLogs": [{ "scope": { "name": "lib", "version": "2" }, "logRecords": [{
        "timeUnixNano": time, "observedTimeUnixNano": time + 7, "flags": 1, "droppedAttributesCount": 2,
        "body": { "intValue": "-9223372036854775808" },
        "attributes": [{ "key": "list", "value": { "arrayValue": { "values": [{ "intValue": "-9007199254740993" }, {}] } } }]
    }] }] }] });
    send(&receiver, "/v1/logs", &body).await;
    let (lines, _) = receiver.store.logs().search(&Filter::everything(), around(), 10, None).await.unwrap();
    let line = &lines[0];
    assert_eq!((line.time.0 as u64, line.observed_time.0 as u64), (time, time + 7));
    assert_eq!(
        (line.scope_version.as_str(), line.body.as_str(), line.flags),
        ("2", "-9223372036854775808", 1)
    );
    assert_eq!(
        line.attributes,
        parsed(r#"{"list":["-9007199254740993",null],"otel.dropped_attributes_count":2}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_utf_8_is_replaced_and_costs_no_record() {
    let mut receiver = Receiver::start().await;
    let mut torn = span(1);
    torn.name = "caf@@".into();
    torn.attributes = vec![text("key@@", "value@@"), text("fine", "\u{fc}ber")];
    let broken = |request: Vec<u8>| {
        // As many bytes as the marks, so that the lengths remain valid.
        let at: Vec<usize> = (1..request.len()).filter(|at| request[at - 1..=*at] == *b"@@").collect();
        let mut request = request;
        at.into_iter().for_each(|at| request[at - 1..=at].copy_from_slice(&[0xc3, 0x28]));
        request
    };
    let body = broken(traces(vec![torn, span(2)]).encode_to_vec());
    let answer = post(&receiver, "/v1/traces", PROTOBUF, "", body).await;
    assert_eq!(answer.status(), 200);
    let answer = ExportTraceServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 0);
    assert!(partial.error_message.starts_with("3 texts with invalid UTF-8"), "{}", partial.error_message);
    let spans = receiver.committed().spans;
    assert_eq!((spans.len(), spans[0].name.as_str()), (2, "caf\u{fffd}("));
    assert_eq!(spans[0].attributes.to_json(), "{\"fine\":\"\u{fc}ber\",\"key\u{fffd}(\":\"value\u{fffd}(\"}");
    // A body that is damaged in other ways as well is refused.
    let mut damaged = broken(traces(vec![Span { name: "@@".into(), ..span(3) }]).encode_to_vec());
    damaged.pop();
    assert_eq!(post(&receiver, "/v1/traces", PROTOBUF, "", damaged).await.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_not_unicode_is_replaced_and_costs_no_record() {
    let mut receiver = Receiver::start().await;
    let body = |text: &str| {
        let record = format!(r#"{{"timeUnixNano":"{}","body":{{"stringValue":"{text}"}}}}"#, now());
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#).into_bytes()
    };
    let latin = body("caf@").into_iter().map(|byte| if byte == b'@' { 0xe9 } else { byte }).collect();
    let cases = [
        (latin, "caf\u{fffd}", "1 character with"),
        (body(r"a\ud800b\udc00"), "a\u{fffd}b\u{fffd}", "2 characters with"),
        (body(r"\ud83d\ude00 \\ud800"), "\u{1f600} \\ud800", "{}"),
    ];
    for (body, stored, answer) in cases {
        let response = post(&receiver, "/v1/logs", JSON, "", body).await;
        assert_eq!(response.status(), 200);
        let text = response.text().await.unwrap();
        assert!(text.contains(answer), "{text}");
        assert_eq!(receiver.committed().logs[0].body, stored);
    }
}
