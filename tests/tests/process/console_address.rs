//! The console follows its address in the settings.

use std::time::{Duration, Instant};

use test_support::{
    engine_process::{EngineProcess, PATIENCE, SETTINGS},
    servers::free_port,
};

async fn answers(address: &str, token: &str) -> bool {
    let asked = tls::http_client().post(format!("{address}/api/command/status")).bearer_auth(token);
    asked.send().await.is_ok_and(|response| response.status().is_success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_moves_with_its_setting_and_keeps_its_token() {
    let engine = EngineProcess::start().await.unwrap();
    let before = engine.address().to_owned();
    let token = engine.token().to_owned();
    assert!(answers(&before, &token).await);

    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let moved = SETTINGS.replace("web = \"127.0.0.1:0\"", &format!("web = \"{address}\""));
    assert_ne!(moved, SETTINGS);
    std::fs::write(engine.settings_file(), moved).unwrap();

    let began = Instant::now();
    while !answers(&format!("http://{address}"), &token).await {
        assert!(began.elapsed() < PATIENCE, "the console never came to {address}: {}", engine.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    while answers(&before, &token).await {
        assert!(began.elapsed() < PATIENCE, "the console is still at {before}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
