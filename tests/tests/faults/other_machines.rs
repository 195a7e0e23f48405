//! Receivers that other machines would reach, without and with their protection.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use model::{EngineStatus, HealthState, ListenerAccess, ListenerStatus};
use prost::Message as _;
use serde_json::json;
use test_support::{certificates::Authority, engine_process::EngineProcess, wait::wait_until};

use crate::{log_bodies, one_log};

/// A settings file as earlier versions accepted it, with receivers on all addresses.
const EARLIER: &str = "[listen]\notlp_grpc = \"0.0.0.0:0\"\notlp_http = \"127.0.0.1:0\"\n\
                       remote_write = \"[::]:0\"\nstatsd = \"0.0.0.0:0\"\nweb = \"127.0.0.1:0\"\n\
                       [alerts]\ndesktop_notifications = false\n";
const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn listener<'a>(status: &'a EngineStatus, protocol: &str) -> &'a ListenerStatus {
    status.listeners.iter().find(|found| found.protocol == protocol).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

async fn set(engine: &EngineProcess, key: &str, value: serde_json::Value) {
    let _: serde_json::Value = engine.call("set_setting", json!({"key": key, "value": value})).await.unwrap();
}

/// Waits until a receiver is not listening for a reason that contains `reason`.
async fn refused(engine: &EngineProcess, protocol: &str, reason: &str) -> EngineStatus {
    let condition = format!("{protocol} does not listen: {reason}");
    let waited = engine.wait_for_status(&condition, |status| {
        let found = listener(status, protocol);
        found.access == ListenerAccess::Refused
            && found.state == HealthState::Unhealthy
            && found.message.contains(reason)
            && status.diagnostics.iter().any(|one| one.detail.contains(reason))
    });
    waited.await.unwrap()
}

async fn accessible(engine: &EngineProcess, protocol: &str, access: ListenerAccess) -> EngineStatus {
    let condition = format!("{protocol} listens, {}", access.label());
    let waited = engine.wait_for_status(&condition, |status| {
        let found = listener(status, protocol);
        found.access == access && found.state == HealthState::Healthy
    });
    waited.await.unwrap()
}

#[tokio::test]
async fn settings_of_an_earlier_version_open_and_unprotected_receivers_do_not_listen() {
    let mut engine = EngineProcess::prepare(EARLIER).unwrap();
    engine.launch(&[]).await.unwrap();
    for (protocol, missing) in [
        ("otlp_grpc", "listen.tls_cert_file, listen.tls_key_file, listen.token_file are not set"),
        ("remote_write", "listen.tls_cert_file, listen.tls_key_file, listen.token_file are not set"),
        ("statsd", "statsd.non_local_traffic is not set"),
    ] {
        let status = refused(&engine, protocol, missing).await;
        assert!(listener(&status, protocol).address.ends_with(":0"), "nothing is bound");
    }

    // All else runs.
    let http = listener(&engine.status().await.unwrap(), "otlp_http").clone();
    assert_eq!((http.state, http.access), (HealthState::Healthy, ListenerAccess::Local));
    let request = tls::http_client().post(format!("http://{}/v1/logs", http.address));
    let request = request.header("content-type", "application/x-protobuf");
    let response = request.body(one_log("by HTTP.").encode_to_vec()).send().await.unwrap();
    assert!(response.status().is_success());
    assert_eq!(log_bodies(&engine, "by HTTP.").await, ["by HTTP."]);

    // The unprotected datagrams are accepted explicitly, or the address is changed.
    set(&engine, "statsd.non_local_traffic", json!(true)).await;
    let status = accessible(&engine, "statsd", ListenerAccess::Unprotected).await;
    assert!(listener(&status, "statsd").address.starts_with("0.0.0.0:"));
    set(&engine, "listen.otlp_grpc", json!("127.0.0.1:0")).await;
    accessible(&engine, "otlp_grpc", ListenerAccess::Local).await;
    let one = |status: &EngineStatus| status.diagnostics.len() == 1;
    engine.wait_for_status("only remote write is reported", one).await.unwrap();
}

#[tokio::test]
async fn certificate_and_token_are_followed_while_a_receiver_runs() {
    let authority = Authority::new().unwrap();
    let signed = authority.sign("server", "IP:127.0.0.1", 30).unwrap();
    let token = authority.folder().join("token");
    fs::write(&token, TOKEN).unwrap();
    set_mode(&signed.key, 0o600);
    set_mode(&token, 0o644);
    let mut engine = EngineProcess::prepare(EARLIER).unwrap();
    engine.launch(&[]).await.unwrap();
    set(&engine, "listen.tls_cert_file", json!(signed.certificate)).await;
    set(&engine, "listen.tls_key_file", json!(signed.key)).await;
    refused(&engine, "remote_write", "listen.token_file is not set").await;
    set(&engine, "listen.token_file", json!(token)).await;
    refused(&engine, "remote_write", "other users have access to it").await;
    set_mode(&token, 0o600);
    let status = accessible(&engine, "remote_write", ListenerAccess::Protected).await;
    let port = listener(&status, "remote_write").address.rsplit(':').next().unwrap().to_owned();

    let trusted = fs::read(authority.certificate()).unwrap();
    let trusted = reqwest::Certificate::from_pem(&trusted).unwrap();
    let url = format!("https://127.0.0.1:{port}/api/v1/write");
    let send = async |token: &str| {
        let client = tls::http_client_builder().tls_certs_only([trusted.clone()]).no_proxy().build().unwrap();
        let sent = client.post(&url).bearer_auth(token).body(vec![0; 256 << 10]).send().await;
        sent.map(|response| response.status().as_u16())
    };
    assert_eq!(send(TOKEN).await.unwrap(), 400, "the token is right, the body is not");
    assert_eq!(send("0f1e2d3c4b5a69788796a5b4c3d2e1f1").await.unwrap(), 401);

    // Another token, and a certificate for another name: both apply without a restart.
    let other = "another token".replace(' ', "-") + TOKEN;
    fs::write(&token, &other).unwrap();
    wait_until("the new token applies", async || Ok(send(&other).await? == 400)).await.unwrap();
    assert_eq!(send(TOKEN).await.unwrap(), 401);
    let renewed = authority.sign("renewed", "DNS:elsewhere.example", 30).unwrap();
    fs::copy(&renewed.certificate, &signed.certificate).unwrap();
    let degraded = |status: &EngineStatus| {
        let found = listener(status, "remote_write");
        found.state == HealthState::Degraded && found.message.contains("the key of another certificate")
    };
    engine.wait_for_status("certificate and key differ", degraded).await.unwrap();
    assert_eq!(send(&other).await.unwrap(), 400, "the certificate before stays in use");
    fs::copy(&renewed.key, &signed.key).unwrap();
    wait_until("the new certificate applies", async || Ok(send(&other).await.is_err())).await.unwrap();

    // Without its token the receiver closes.
    fs::remove_file(&token).unwrap();
    refused(&engine, "remote_write", "cannot be read").await;
}
