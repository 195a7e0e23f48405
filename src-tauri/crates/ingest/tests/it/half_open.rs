//! Connections that send nothing.

use model::RecordCounts;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::receiver::{Receiver, log, logs, within};

/// Connections of the attack: more than a listener accepts at a time.
const CONNECTIONS: usize = 1_100;

/// Opens connections to `address` and sends the beginning of a request on every second one.
async fn half_open(address: std::net::SocketAddr) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for number in 0..CONNECTIONS {
        let mut stream = within("a connection", TcpStream::connect(address)).await.unwrap();
        if number % 2 == 0 {
            // The receiver may have closed it already.
            let _ = stream.write_all(b"POST /v1/logs HTTP/1.1\r\nhost:").await;
        }
        open.push(stream);
    }
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_make_place_for_senders() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let receiver = Receiver::start().await;
    let mut http = half_open(receiver.http).await;
    let grpc = half_open(receiver.grpc).await;
    let request = tls::http_client()
        .post(receiver.url("/v1/logs"))
        .header("content-type", "application/x-protobuf")
        .body(prost::Message::encode_to_vec(&logs(vec![log("http")])));
    assert_eq!(within("an answer", request.send()).await.unwrap().status(), 200);
    crate::grpc::export_logs(&receiver, logs(vec![log("grpc")])).await.unwrap();
    assert_eq!(receiver.counters.snapshot().0, RecordCounts { logs: 2, ..RecordCounts::default() });
    // The oldest is closed: its end or a reset, but no wait.
    let mut answer = Vec::new();
    let _ = within("the end", http[0].read_to_end(&mut answer)).await;
    assert!(answer.is_empty(), "{answer:?}");
    drop((http, grpc));
}
