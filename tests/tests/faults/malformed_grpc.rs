//! Malformed OTLP over gRPC.

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use reqwest::StatusCode;
use test_support::{
    engine_process::EngineProcess,
    otlp_load::{OtlpConnection, Signal, now, resource, spans_request},
};
use tonic::Code;

use crate::{gzip, log_bodies, one_log};

/// Wraps a message in a gRPC frame.
fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    frame
}

struct Case {
    name: &'static str,
    path: &'static str,
    encoding: &'static str,
    body: Vec<u8>,
    code: Code,
}

fn cases() -> Vec<Case> {
    let good = one_log("good").encode_to_vec();
    let compressed = gzip(&good);
    let logs = Signal::Logs.method();
    let case = |name, encoding, body, code| Case { name, path: logs, encoding, body, code };
    let mut wrong_length = framed(0, &good);
    wrong_length.truncate(20);
    vec![
        case("not protobuf", "identity", framed(0, b"\xff\xff\xff\xff"), Code::InvalidArgument),
        case("protobuf cut off", "identity", framed(0, &good[..good.len() - 3]), Code::InvalidArgument),
        case("a frame cut off", "identity", wrong_length, Code::InvalidArgument),
        case("no frame", "identity", Vec::new(), Code::InvalidArgument),
        case("not gzip", "gzip", framed(1, &good), Code::InvalidArgument),
        case("gzip cut off", "gzip", framed(1, &compressed[..compressed.len() / 2]), Code::InvalidArgument),
        case("50 MB", "identity", framed(0, &vec![0; 50 << 20]), Code::ResourceExhausted),
        case("50 MB behind gzip", "gzip", framed(1, &gzip(&vec![0; 50 << 20])), Code::ResourceExhausted),
        case("unknown encoding", "snappy", framed(1, &good), Code::Unimplemented),
        Case {
            name: "unknown method",
            path: "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
            encoding: "identity",
            body: framed(0, &good),
            code: Code::Unimplemented,
        },
    ]
}

#[tokio::test]
async fn each_malformed_message_gets_its_status_and_the_next_good_one_is_stored() {
    let engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let client = tls::http_client_builder().http2_prior_knowledge().build().unwrap();
    let mut connection = OtlpConnection::open(address).await.unwrap();
    for (number, case) in cases().into_iter().enumerate() {
        let request = client
            .post(format!("http://{address}{}", case.path))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", case.encoding)
            .body(case.body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{}: gRPC has errors in its own status", case.name);
        let code = response.headers().get("grpc-status").unwrap_or_else(|| panic!("{}", case.name));
        assert_eq!(Code::from_bytes(code.as_bytes()), case.code, "{}", case.name);
        assert!(response.headers().contains_key("grpc-message"), "{}", case.name);

        let body = format!("after {number}.");
        connection.send(Signal::Logs, one_log(&body).encode_to_vec()).await.unwrap();
        assert_eq!(log_bodies(&engine, &body).await, [body], "after {}", case.name);
    }
}

#[tokio::test]
async fn another_protocol_on_the_port_is_rejected_with_a_reason() {
    let engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let request = tls::http_client()
        .post(format!("http://{address}/v1/logs"))
        .header("content-type", "application/x-protobuf")
        .body(one_log("lost").encode_to_vec());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(response.text().await.unwrap().contains("OTLP over HTTP"));
}

#[tokio::test]
async fn spans_with_bad_ids_are_counted_in_the_answer() {
    let engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let span = |trace_id: Vec<u8>, span_id: Vec<u8>| Span {
        trace_id,
        span_id,
        name: "span".into(),
        start_time_unix_nano: now(),
        end_time_unix_nano: now(),
        ..Span::default()
    };
    let spans =
        vec![span(vec![7; 16], vec![7; 8]), span(vec![7; 5], vec![7; 8]), span(vec![0; 16], vec![7; 8])];
    let request = spans_request(resource("faults", Vec::new()), spans).encode_to_vec();
    let rejected = OtlpConnection::open(address).await.unwrap().send(Signal::Spans, request).await.unwrap();
    assert_eq!(rejected, 2);
    let arguments = serde_json::json!({ "trace_id": "07".repeat(16), "limit": 10 });
    let trace: model::Trace = engine.call("trace", arguments).await.unwrap();
    assert_eq!(trace.spans.len(), 1);
}
