//! Random bytes, after which the listeners still work.

use std::io::Write;

use prost::Message;
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::header;

use crate::receiver::{Receiver, gzip, log, logs, metrics, span, traces, within};

const ROUNDS: u32 = 1500;
const HTTP: [&str; 3] = ["/v1/metrics", "/v1/logs", "/v1/traces"];
const GRPC: [&str; 3] = [
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
];

/// Returns a damaged request, or random bytes.
fn body(random: &mut StdRng) -> Vec<u8> {
    let good = match random.random_range(0..5) {
        0 => traces(vec![span(1), span(2)]).encode_to_vec(),
        1 => logs(vec![log("\0 a\u{fffd}'; drop table logs; --")]).encode_to_vec(),
        2 => metrics(vec![Default::default()]).encode_to_vec(),
        3 => br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"},"traceId":"00"}]}]}]}"#.to_vec(),
        _ => (0..random.random_range(0..200)).map(|_| random.random()).collect(),
    };
    let mut bytes = good;
    for _ in 0..random.random_range(0..4) {
        if !bytes.is_empty() {
            let index = random.random_range(0..bytes.len());
            bytes[index] = random.random();
        }
    }
    if random.random_bool(0.4) {
        bytes.truncate(random.random_range(0..=bytes.len()));
    }
    if random.random_bool(0.2) { gzip(&bytes) } else { bytes }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_and_truncated_bytes_never_stop_a_listener() {
    let receiver = Receiver::start().await;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let client = tls::http_client();
    let http2 = tls::http_client_builder().http2_prior_knowledge().build().unwrap();
    for round in 0..ROUNDS {
        let path = HTTP[random.random_range(0..3)];
        let content_type = ["application/x-protobuf", "application/json"][random.random_range(0..2)];
        let encoding = ["gzip", "identity"][random.random_range(0..2)];
        let request = client
            .post(receiver.url(path))
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_ENCODING, encoding)
            .body(body(&mut random));
        let status = within("an answer", request.send()).await.unwrap().status();
        assert!(matches!(status.as_u16(), 200 | 400), "round {round} got {status}");

        let mut message = body(&mut random);
        if random.random_bool(0.8) {
            let length = (message.len() as u32).to_be_bytes();
            message.splice(0..0, [random.random_range(0..2), length[0], length[1], length[2], length[3]]);
        }
        let request = http2
            .post(format!("http://{}{}", receiver.grpc, GRPC[random.random_range(0..3)]))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header("grpc-encoding", encoding)
            .body(message);
        let response = within("an answer", request.send()).await.unwrap();
        let code = response.headers().get("grpc-status").map(|code| code.to_str().unwrap().to_owned());
        // A successful answer has its code in the trailers.
        assert!(matches!(code.as_deref(), None | Some("3")), "round {round} got {code:?}");
    }
    for address in [receiver.http, receiver.grpc] {
        for _ in 0..100 {
            let bytes = body(&mut random);
            if let Ok(mut stream) = std::net::TcpStream::connect(address) {
                // The listener may close the connection at any time.
                drop(stream.write_all(&bytes));
            }
        }
    }
    let before = receiver.store.admin().statistics().await.unwrap().spans;
    let good = client.post(receiver.url("/v1/traces")).header(header::CONTENT_TYPE, "application/x-protobuf");
    let answer =
        within("a good answer", good.body(traces(vec![span(9)]).encode_to_vec()).send()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(receiver.store.admin().statistics().await.unwrap().spans, before + 1);
    let endpoint = format!("http://{}", receiver.grpc);
    let mut client =
        opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient::connect(
            endpoint,
        )
        .await
        .unwrap();
    within("a good answer", client.export(logs(vec![log("good")]))).await.unwrap();
}
