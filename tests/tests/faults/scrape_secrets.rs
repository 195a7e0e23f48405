//! The password of a scrape job goes to another server only after a confirmation.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use model::Confirmation;
use serde_json::json;
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    wait::{wait_for, wait_until},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Starts a target. Returns its address, the number of requests and of those with the password.
async fn target() -> (String, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/metrics", listener.local_addr().unwrap());
    let requests: Arc<[AtomicUsize; 2]> = Arc::default();
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap_or_default();
            // `ann:hunter2` in base64.
            let has_password = String::from_utf8_lossy(&request[..length]).contains("YW5uOmh1bnRlcjI=");
            counted[0].fetch_add(1, Ordering::Relaxed);
            counted[1].fetch_add(usize::from(has_password), Ordering::Relaxed);
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: 4\r\n\
                          connection: close\r\n\r\na 1\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, requests)
}

async fn wait_for_password(requests: &[AtomicUsize; 2]) {
    let before = requests[1].load(Ordering::Relaxed);
    wait_until("the password is sent", async || Ok(requests[1].load(Ordering::Relaxed) > before))
        .await
        .unwrap();
}

/// Waits for the question whether the password may go to a target.
async fn confirmation(engine: &EngineProcess, target: &str) -> Confirmation {
    let pending = wait_for("a confirmation is asked for", async || {
        let pending: Vec<Confirmation> = engine.call("confirmations", json!({})).await?;
        Ok(pending.into_iter().next())
    });
    let pending = pending.await.unwrap();
    let origin = target.trim_end_matches("/metrics");
    assert!(pending.effects[0].ends_with(&format!("to {origin} as the user ann")), "{:?}", pending.effects);
    pending
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_settings_file_moves_no_password() {
    let (first, at_first) = target().await;
    let (second, at_second) = target().await;
    let (third, at_third) = target().await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    write_private(&password, "hunter2\n");
    let settings = |url: &str| {
        format!(
            "{SETTINGS}\n[[scrape]]\nname = \"a\"\nurl = {url:?}\ninterval_seconds = 1\ntimeout_seconds = 1\n\
             basic_auth = {{ username = \"ann\", password_file = {password:?} }}\n"
        )
    };
    let mut engine = EngineProcess::prepare(&settings(&first)).unwrap();
    engine.start_again().await.unwrap();
    wait_for_password(&at_first).await;

    fs::write(engine.settings_file(), settings(&second)).unwrap();
    confirmation(&engine, &second).await;
    let held = engine.wait_for_status("the job says so", |status| {
        let job = status.components.iter().find(|one| one.name == "scrape a");
        job.is_some_and(|job| job.message.contains("not sent until they are confirmed"))
    });
    held.await.unwrap();
    assert_eq!(at_second[0].load(Ordering::Relaxed), 0, "no request of any kind");
    // A restart does not make it the first use.
    engine.stop().await.unwrap();
    engine.start_again().await.unwrap();
    let again = confirmation(&engine, &second).await;
    assert_eq!(at_second[0].load(Ordering::Relaxed), 0);
    let _: () = engine.call("confirm", json!({"id": again.id})).await.unwrap();
    wait_for_password(&at_second).await;

    // A change by the command line or the window is a confirmation.
    let text = settings(&third);
    let _: serde_json::Value = engine.call("save_settings", json!({"text": text})).await.unwrap();
    wait_for_password(&at_third).await;
}

/// Writes a file that only this user can read.
fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_prometheus_configuration_moves_no_secret() {
    let (first, at_first) = target().await;
    let (second, at_second) = target().await;
    let (plain, at_plain) = target().await;
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("password"), "hunter2\n");
    let file = folder.path().join("prometheus.yml");
    let configuration = |url: &str| {
        let address = |url: &str| url.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
        format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n\
             - job_name: a\n  static_configs: [{{ targets: [{:?}] }}]\n  \
               basic_auth: {{ username: ann, password_file: password }}\n\
             - job_name: plain\n  static_configs: [{{ targets: [{:?}] }}]\n",
            address(url),
            address(&plain)
        )
    };
    fs::write(&file, configuration(&first)).unwrap();
    let settings = format!("{SETTINGS}\n[[prometheus]]\nfile = {file:?}\n");
    let mut engine = EngineProcess::prepare(&settings).unwrap();
    engine.start_again().await.unwrap();
    wait_for_password(&at_first).await;

    fs::write(&file, configuration(&second)).unwrap();
    let pending = confirmation(&engine, &second).await;
    assert!(pending.requested_by.ends_with("prometheus.yml"), "{}", pending.requested_by);
    let held = engine.wait_for_status("the file's component says so", |status| {
        let file = status.components.iter().find(|one| one.name.starts_with("prometheus "));
        file.is_some_and(|file| file.message.contains("not sent until they are confirmed"))
    });
    held.await.unwrap();
    let before = at_plain[0].load(Ordering::Relaxed);
    let others =
        wait_until("other jobs go on", async || Ok(at_plain[0].load(Ordering::Relaxed) > before + 1));
    others.await.unwrap();
    assert_eq!(at_second[0].load(Ordering::Relaxed), 0, "no request of any kind");

    let _: () = engine.call("confirm", json!({"id": pending.id})).await.unwrap();
    wait_for_password(&at_second).await;
    assert_eq!(at_plain[1].load(Ordering::Relaxed), 0);
}
