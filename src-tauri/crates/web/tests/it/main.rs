//! Tests of the console's sessions and of the local socket, with an engine in this process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod local;
mod sessions;

use engine::{Engine, EngineOptions};
use runtime::Clock;
use tempfile::TempDir;

/// A folder with an engine that only answers requests.
async fn engine(folder: &TempDir, clock: Clock) -> Engine {
    let mut options = EngineOptions::new(folder.path().join("data"));
    options.observe = false;
    options.clock = clock;
    Engine::start(options).await.unwrap()
}
