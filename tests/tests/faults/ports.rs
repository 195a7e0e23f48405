//! Ports that another program uses.

use model::HealthState;
use prost::Message;
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    otlp_load::{OtlpConnection, Signal},
};
use tokio::net::TcpListener;

use crate::{log_bodies, one_log};

#[tokio::test]
async fn a_port_in_use_is_reported_and_taken_once_it_is_free() {
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = holder.local_addr().unwrap();
    let mut engine = EngineProcess::prepare(SETTINGS).unwrap();
    engine.launch(&["--otlp-grpc", &taken.to_string()]).await.unwrap();

    let status = engine
        .wait_for_status("every receiver has a state", |status| {
            status.listeners.len() >= 3
                && status.listeners.iter().all(|listener| listener.state != HealthState::Unknown)
        })
        .await
        .unwrap();
    let listener = |protocol: &str| status.listeners.iter().find(|found| found.protocol == protocol).unwrap();
    let grpc = listener("otlp_grpc");
    assert_eq!(grpc.state, HealthState::Unhealthy);
    assert_eq!(grpc.address, taken.to_string());
    assert!(grpc.message.contains(&format!("{taken} is in use by another program")), "{}", grpc.message);
    assert!(grpc.message.contains("listen.otlp_grpc"), "{}", grpc.message);
    assert!(engine.log().contains("is in use by another program"), "{}", engine.log());

    // The other receivers work.
    assert_eq!(listener("otlp_http").state, HealthState::Healthy);
    let url = format!("http://{}/v1/logs", listener("otlp_http").address);
    let request = tls::http_client().post(url).header("content-type", "application/x-protobuf");
    let response = request.body(one_log("by HTTP.").encode_to_vec()).send().await.unwrap();
    assert!(response.status().is_success());
    assert_eq!(log_bodies(&engine, "by HTTP.").await, ["by HTTP."]);

    drop(holder);
    engine
        .wait_for_status("the port is taken", |status| {
            status.listeners.iter().all(|listener| listener.state == HealthState::Healthy)
        })
        .await
        .unwrap();
    let mut connection = OtlpConnection::open(taken).await.unwrap();
    connection.send(Signal::Logs, one_log("by gRPC.").encode_to_vec()).await.unwrap();
    assert_eq!(log_bodies(&engine, "by gRPC.").await, ["by gRPC."]);
}

#[tokio::test]
async fn the_console_takes_another_port_when_its_own_is_in_use() {
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let mut engine = EngineProcess::prepare(SETTINGS).unwrap();
    engine.launch(&["--http", &taken]).await.unwrap();
    assert!(!engine.address().ends_with(&taken), "{}", engine.address());
    assert!(engine.log().contains(&taken), "{}", engine.log());
    engine.status().await.unwrap();
}
