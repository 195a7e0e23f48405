//! Health checks of web addresses against real servers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod odd_answers;
mod web_trust;

use checks::kinds::HttpCheck;
use model::{CheckKind, HealthCheck};

/// Returns a check as the console would save it.
fn check(name: &str, kind: impl Into<CheckKind>) -> HealthCheck {
    HealthCheck { interval_seconds: 1, retries: 0, ..HealthCheck::new(name, kind) }
}

fn http(url: String) -> HttpCheck {
    HttpCheck { url, ..HttpCheck::default() }
}
