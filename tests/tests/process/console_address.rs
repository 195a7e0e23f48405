//! The console follows its address in the settings.

use anyhow::Context as _;
use serde_json::json;
use test_support::{
    console_page::ConsolePage,
    engine_process::{EngineProcess, SETTINGS},
    servers::free_port,
    wait::wait_until,
};

async fn is_served(address: &str) -> bool {
    tls::http_client().get(address).send().await.is_ok_and(|response| response.status().is_success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_moves_with_its_setting_and_links_follow() {
    let engine = EngineProcess::start().await.unwrap();
    let before = engine.address().to_owned();
    assert!(is_served(&before).await);
    assert!(engine.link().unwrap().starts_with(&before));

    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let moved = SETTINGS.replace("web = \"127.0.0.1:0\"", &format!("web = \"{address}\""));
    assert_ne!(moved, SETTINGS);
    std::fs::write(engine.settings_file(), moved).unwrap();

    let new = format!("http://{address}");
    let moved = wait_until("the console is at its new address", async || Ok(is_served(&new).await));
    moved.await.with_context(|| engine.log()).unwrap();
    let left = wait_until("the old address is closed", async || Ok(!is_served(&before).await));
    left.await.unwrap();
    let link = engine.link().unwrap();
    assert!(link.starts_with(&new), "{link}");
    let (mut page, _) = ConsolePage::open(&link).await.unwrap();
    page.call("status", json!({})).await.unwrap();
}
