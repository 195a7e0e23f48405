//! Health checks against real servers.

mod dns;
mod probe;
mod scheduler;
#[cfg(unix)]
mod secrets;
mod tls;
mod tls_chain;
mod web;

use checks::kinds::{HttpCheck, PostgresCheck, RedisCheck, TcpCheck};
use model::{CheckKind, HealthCheck};

/// Returns a check as the console would save it, quick enough for a test.
fn check(name: &str, kind: impl Into<CheckKind>) -> HealthCheck {
    HealthCheck { interval_seconds: 1, timeout_seconds: 10, retries: 0, ..HealthCheck::new(name, kind) }
}

fn tcp(port: u16) -> TcpCheck {
    TcpCheck { port, ..TcpCheck::default() }
}

fn http(url: String) -> HttpCheck {
    HttpCheck { url, ..HttpCheck::default() }
}

fn postgres(port: u16, query: &str) -> PostgresCheck {
    PostgresCheck { port, query: query.into(), ..PostgresCheck::default() }
}

fn redis(port: u16) -> RedisCheck {
    RedisCheck { port, ..RedisCheck::default() }
}
