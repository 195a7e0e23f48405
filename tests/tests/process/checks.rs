//! Health checks against real servers.

mod probe;
mod scheduler;
#[cfg(unix)]
mod secrets;
mod tls;
mod web;

use model::{CheckKind, HealthCheck};

/// A check of `kind` as the console would save it, quick enough for a test.
fn check(name: &str, kind: CheckKind) -> HealthCheck {
    HealthCheck {
        id: String::new(),
        name: name.to_owned(),
        enabled: true,
        kind,
        interval_seconds: 1,
        timeout_seconds: 10,
        retries: 0,
        retry_interval_seconds: 0,
        degraded_above_ms: None,
        service: None,
    }
}

fn tcp(port: u16) -> CheckKind {
    CheckKind::Tcp { host: "127.0.0.1".into(), port }
}

fn http(url: String) -> CheckKind {
    CheckKind::Http {
        url,
        method: "GET".into(),
        expected_status: vec![],
        body_contains: None,
        certificate_days: None,
    }
}

fn postgres(port: u16, query: &str) -> CheckKind {
    CheckKind::Postgres {
        host: "127.0.0.1".into(),
        port,
        database: "postgres".into(),
        user: "postgres".into(),
        query: query.into(),
        tls: false,
    }
}

fn redis(port: u16) -> CheckKind {
    CheckKind::Redis { host: "127.0.0.1".into(), port, database: 0, user: None, tls: false }
}
