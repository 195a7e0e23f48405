//! The console follows its address in the settings.

use anyhow::Context as _;
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    servers::free_port,
    wait::wait_until,
};

async fn answers(address: &str, token: &str) -> bool {
    let request = tls::http_client().post(format!("{address}/api/command/status")).bearer_auth(token);
    request.send().await.is_ok_and(|response| response.status().is_success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_moves_with_its_setting_and_retains_its_token() {
    let engine = EngineProcess::start().await.unwrap();
    let before = engine.address().to_owned();
    let token = engine.token().to_owned();
    assert!(answers(&before, &token).await);

    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let moved = SETTINGS.replace("web = \"127.0.0.1:0\"", &format!("web = \"{address}\""));
    assert_ne!(moved, SETTINGS);
    std::fs::write(engine.settings_file(), moved).unwrap();

    let new = format!("http://{address}");
    let moved = wait_until("the console is at its new address", async || Ok(answers(&new, &token).await));
    moved.await.with_context(|| engine.log()).unwrap();
    let left = wait_until("the old address is closed", async || Ok(!answers(&before, &token).await));
    left.await.unwrap();
}
