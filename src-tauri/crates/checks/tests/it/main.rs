//! Health checks of web addresses against real servers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod odd_answers;
mod web_trust;

use checks::kinds::HttpCheck;
use model::{CheckKind, HealthCheck};

/// Returns a check as the console would save it.
fn check(name: &str, kind: impl Into<CheckKind>) -> HealthCheck {
    HealthCheck {
        id: String::new(),
        name: name.to_owned(),
        enabled: true,
        kind: kind.into(),
        interval_seconds: 1,
        timeout_seconds: 5,
        retries: 0,
        retry_interval_seconds: 0,
        degraded_above_ms: None,
        service: None,
    }
}

fn http(url: String) -> HttpCheck {
    HttpCheck { url, ..HttpCheck::default() }
}
