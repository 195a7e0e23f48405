//! Settings files that are edited while the engine runs.

use std::{fs, net::SocketAddr};

use anyhow::ensure;
use prost::Message;
use serde_json::{Value, json};
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    servers::free_port,
    wait::{wait_for, wait_until},
};

use crate::{log_bodies, one_log};

async fn send(address: SocketAddr, body: &str) -> reqwest::Result<reqwest::StatusCode> {
    let request = tls::http_client()
        .post(format!("http://{address}/v1/logs"))
        .header("content-type", "application/x-protobuf")
        .body(one_log(body).encode_to_vec());
    Ok(request.send().await?.status())
}

#[tokio::test]
async fn a_listener_moves_when_the_file_is_edited_by_hand() {
    let engine = EngineProcess::start().await.unwrap();
    let process = engine.process_id().unwrap();
    let before = engine.listener("otlp_http").await.unwrap();
    assert!(send(before, "before.").await.unwrap().is_success());

    let wanted = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let text = SETTINGS.replace("otlp_http = \"127.0.0.1:0\"", &format!("otlp_http = \"{wanted}\""));
    fs::write(engine.settings_file(), text).unwrap();
    engine
        .wait_for_status("the listener moves", |status| {
            status.listeners.iter().any(|listener| {
                listener.address == wanted.to_string() && listener.state == model::HealthState::Healthy
            })
        })
        .await
        .unwrap();
    assert!(send(wanted, "after.").await.unwrap().is_success());
    assert_eq!(log_bodies(&engine, "after.").await, ["after."]);
    assert_eq!(log_bodies(&engine, "before.").await, ["before."]);
    assert_eq!(engine.process_id().unwrap(), process);
    let closed = wait_until("the old port is closed", async || Ok(send(before, "late.").await.is_err()));
    closed.await.unwrap();
}

#[tokio::test]
async fn a_broken_file_is_reported_and_the_previous_settings_stay() {
    let engine = EngineProcess::start().await.unwrap();
    let listener = engine.listener("otlp_http").await.unwrap();
    for (text, message) in [
        ("[listen\n", "line 1"),
        ("[listen]\notlp_htpp = \"127.0.0.1:0\"\n", "otlp_http"),
        ("[host]\ninterval_seconds = 0\n", "at least 1"),
        ("[listen]\notlp_http = 4318\n", "expected a string"),
    ] {
        fs::write(engine.settings_file(), text).unwrap();
        let document = wait_for_settings(&engine, |document| {
            document["error"].to_string().contains(message) && document["text"] == text
        })
        .await;
        assert_eq!(document["values"]["listen"]["otlp_http"], "127.0.0.1:0", "{text:?}: {document}");
        assert_eq!(engine.listener("otlp_http").await.unwrap(), listener, "{text:?}");
    }
    fs::write(engine.settings_file(), SETTINGS).unwrap();
    wait_for_settings(&engine, |document| document["error"] == "").await;
}

#[tokio::test]
async fn an_emptied_or_broken_file_leaves_the_last_valid_settings_also_after_a_start() {
    let mut engine = EngineProcess::start().await.unwrap();
    let listener = engine.listener("otlp_http").await.unwrap();
    for text in ["", "\n", "[listen\n"] {
        fs::write(engine.settings_file(), text).unwrap();
        engine
            .wait_for_status("the file is reported", |status| {
                status.diagnostics.iter().any(|one| one.id == "settings" && one.detail.contains("last valid"))
            })
            .await
            .unwrap();
        assert_eq!(engine.listener("otlp_http").await.unwrap(), listener, "{text:?}");
    }
    assert!(engine.stop().await.unwrap().success());
    for text in ["", "[listen\n"] {
        fs::write(engine.settings_file(), text).unwrap();
        // With the defaults it would use the ports of everyone.
        engine.start_again().await.unwrap();
        let status = engine.status().await.unwrap();
        assert!(status.diagnostics.iter().any(|one| one.id == "settings"), "{:?}", status.diagnostics);
        assert_ne!(engine.listener("otlp_http").await.unwrap().port(), 4318);
        fs::write(engine.settings_file(), SETTINGS).unwrap();
        engine
            .wait_for_status("the corrected file is in force", |status| {
                status.diagnostics.iter().all(|one| one.id != "settings")
            })
            .await
            .unwrap();
        assert!(engine.stop().await.unwrap().success());
    }
}

async fn wait_for_settings(engine: &EngineProcess, wanted: impl Fn(&Value) -> bool) -> Value {
    let document = wait_for("the settings are as wanted", async || {
        let document: Value = engine.call("settings", json!({})).await?;
        ensure!(wanted(&document), "the settings are {document}");
        Ok(Some(document))
    });
    document.await.unwrap()
}
