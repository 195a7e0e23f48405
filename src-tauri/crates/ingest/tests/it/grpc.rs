//! OTLP over gRPC.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{ExportLogsServiceRequest, logs_service_client::LogsServiceClient},
        metrics::v1::metrics_service_client::MetricsServiceClient,
        trace::v1::trace_service_client::TraceServiceClient,
    },
    metrics::v1::{Gauge, Metric, NumberDataPoint, metric::Data, number_data_point},
};
use prost::Message;
use reqwest::{Response, header};
use store::StoreOptions;
use tonic::{Code, Status, codec::CompressionEncoding};
use tonic_types::StatusExt;

use crate::receiver::{Receiver, gzip, log, logs, metrics, now, span, traces, within};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// Sends raw bytes as a gRPC request.
async fn raw(receiver: &Receiver, path: &str, encoding: &str, body: Vec<u8>) -> Response {
    let client = tls::http_client_builder().http2_prior_knowledge().build().unwrap();
    let mut request = client
        .post(format!("http://{}{path}", receiver.grpc))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .body(body);
    if !encoding.is_empty() {
        request = request.header("grpc-encoding", encoding);
    }
    within("the request", request.send()).await.unwrap()
}

/// Exports log records over a connection of its own.
pub(crate) async fn export_logs(receiver: &Receiver, body: ExportLogsServiceRequest) -> Result<(), Status> {
    let mut client = LogsServiceClient::connect(format!("http://{}", receiver.grpc)).await.unwrap();
    within("an answer", client.export(body)).await.map(|_| ())
}

fn code(response: &Response) -> &str {
    response.headers().get("grpc-status").map_or("", |code| code.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_signals_plain_and_compressed() {
    let mut receiver = Receiver::start().await;
    let endpoint = format!("http://{}", receiver.grpc);
    let mut traces_client = TraceServiceClient::connect(endpoint.clone()).await.unwrap();
    let answer = traces_client.export(traces(vec![span(1)])).await.unwrap().into_inner();
    assert_eq!(answer.partial_success, None);
    let mut logs_client = LogsServiceClient::connect(endpoint.clone())
        .await
        .unwrap()
        .send_compressed(CompressionEncoding::Gzip);
    logs_client.export(logs(vec![log("compressed")])).await.unwrap();
    let mut metrics_client = MetricsServiceClient::connect(endpoint).await.unwrap();
    let value = Some(number_data_point::Value::AsDouble(1.5));
    let point = NumberDataPoint { time_unix_nano: now(), value, ..NumberDataPoint::default() };
    let gauge = Gauge { data_points: vec![point, NumberDataPoint::default()] };
    let metric = Metric { name: "m".into(), data: Some(Data::Gauge(gauge)), ..Metric::default() };
    let answer =
        metrics_client.export(metrics(vec![metric])).await.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(answer.rejected_data_points, 1);
    assert!(answer.error_message.contains("data_points[1] of \"m\": point has no value"));
    let batch = receiver.committed();
    assert_eq!(batch.spans[0].name, "span 1");
    assert_eq!(batch.logs[0].body, "compressed");
    assert_eq!(batch.samples[0].value, 1.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_are_invalid_arguments() {
    let mut receiver = Receiver::start().await;
    let good = traces(vec![span(1)]).encode_to_vec();
    let mut wrong_length = frame(0, &good);
    wrong_length.truncate(20);
    let cases = [
        ("", vec![]),
        ("", vec![0, 0, 0]),
        ("", wrong_length),
        ("", frame(0, &good[..good.len() - 2])),
        ("", frame(9, &good)),
        ("", frame(1, &good)),
        ("gzip", frame(1, &good)),
        ("gzip", frame(1, &gzip(&good)[..25])),
    ];
    for (index, (encoding, body)) in cases.into_iter().enumerate() {
        let response = raw(&receiver, TRACES, encoding, body).await;
        assert_eq!((response.status().as_u16(), code(&response)), (200, "3"), "case {index}");
        assert!(!response.headers()["grpc-message"].is_empty());
    }
    let response = raw(&receiver, TRACES, "snappy", frame(1, &good)).await;
    assert_eq!(code(&response), "12");
    let response =
        raw(&receiver, "/opentelemetry.proto.collector.trace.v1.TraceService/Import", "", vec![]).await;
    assert_eq!(code(&response), "12");
    let bomb = gzip(&vec![0; 100 << 20]);
    let response = raw(&receiver, TRACES, "gzip", frame(1, &bomb)).await;
    assert_eq!(code(&response), "8");
    let response = raw(&receiver, TRACES, "", frame(0, &vec![0; 33 << 20])).await;
    assert_eq!(code(&response), "8");
    assert!(receiver.committed().is_empty());
    let zstd = zstd::encode_all(&*traces(vec![span(2)]).encode_to_vec(), 3).unwrap();
    for (encoding, message) in [("", frame(0, &good)), ("zstd", frame(1, &zstd))] {
        let response = raw(&receiver, TRACES, encoding, message).await;
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap();
        assert_eq!(receiver.committed().spans.len(), 1, "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_on_the_wrong_port_gets_a_message() {
    let receiver = Receiver::start().await;
    let answer = tls::http_client()
        .post(format!("http://{}/v1/traces", receiver.grpc))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 415);
    assert!(answer.text().await.unwrap().contains("OTLP over gRPC"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_store_says_when_to_retry() {
    let receiver = Receiver::start_with(StoreOptions { queue_records: 1, ..StoreOptions::default() }).await;
    let client = LogsServiceClient::connect(format!("http://{}", receiver.grpc)).await.unwrap();
    let filling = receiver.fill_queue();
    let status = within("a busy answer", async {
        loop {
            if let Err(status) = client.clone().export(logs(vec![log("one")])).await {
                return status;
            }
        }
    })
    .await;
    filling.abort();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().and_then(|info| info.retry_delay).is_some());
}
