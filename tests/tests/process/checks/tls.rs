//! Probes of real servers over TLS, with a trusted and with an untrusted certificate authority.

use std::{env, process::Command};

use checks::{
    ProbeOutcome,
    kinds::{HttpCheck, PostgresCheck, RedisCheck},
    probe,
};
use model::{CheckKind, HealthState};
use runtime::Clock;
use test_support::{
    certificates::Authority,
    nginx::Nginx,
    servers::{Postgres, Redis},
};

use super::{check, http, postgres, redis};

const PASSWORD: &str = "correct horse";
/// Environment variable with the ports, for the process that trusts the authority.
const PORTS: &str = "BINNACLE_TEST_TLS_PORTS";

/// Ports of four nginx, PostgreSQL and Redis.
///
/// The certificates of the four: valid for two days, for ninety days, expired, for another name.
type Ports = [u16; 6];

async fn attempt(kind: impl Into<CheckKind>, secret: Option<&str>) -> ProbeOutcome {
    probe(&check("probe", kind), secret, &Clock::system()).await
}

async fn outcomes([web, long, ended, other, database, cache]: Ports) -> Vec<(&'static str, ProbeOutcome)> {
    let page = |port: u16| HttpCheck {
        expected_status: vec![200],
        body_contains: Some("over TLS".into()),
        ..http(format!("https://127.0.0.1:{port}/"))
    };
    let page_with_days = |port: u16, days: u32| HttpCheck { certificate_days: Some(days), ..page(port) };
    let query = "SELECT count(*) FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()";
    let database = PostgresCheck { tls: true, ..postgres(database, query) };
    let cache = RedisCheck { tls: true, ..redis(cache) };
    vec![
        ("web", attempt(page(web), None).await),
        ("long", attempt(page_with_days(long, 14), None).await),
        ("soon", attempt(page_with_days(web, 14), None).await),
        ("localhost", attempt(http(format!("https://localhost:{web}/")), None).await),
        ("database", attempt(database, Some(PASSWORD)).await),
        ("cache", attempt(cache, Some(PASSWORD)).await),
        ("ended", attempt(page(ended), None).await),
        ("other", attempt(page(other), None).await),
    ]
}

fn assert_refused(name: &str, outcome: &ProbeOutcome, reason: &str) {
    assert_eq!(outcome.state, HealthState::Unhealthy, "{name}: {outcome:?}");
    let message = &outcome.message;
    assert!(message.starts_with("encrypted connection to ") && message.contains(reason), "{name}: {message}");
    assert!(!message.contains(PASSWORD), "{name}: {message}");
}

/// Runs in a separate process, started by the test below, whose environment names the authority: a
/// process reads certificates once.
#[tokio::test]
async fn servers_under_a_trusted_authority_are_healthy() {
    let Ok(ports) = env::var(PORTS) else { return };
    let ports: Vec<u16> = ports.split(',').map(|port| port.parse().unwrap()).collect();
    for (name, outcome) in outcomes(ports.try_into().unwrap()).await {
        match name {
            "ended" => assert_refused(name, &outcome, "expired"),
            "other" => assert_refused(name, &outcome, "does not match the certificate"),
            "soon" => {
                assert_eq!(outcome.state, HealthState::Degraded, "{outcome:?}");
                assert_eq!(outcome.message, "the certificate ends in 2.0 days, sooner than 14");
            }
            _ => {
                assert_eq!(outcome.state, HealthState::Healthy, "{name}: {outcome:?}");
                assert!(outcome.duration > 0);
                let measured = &outcome.measurements;
                match name {
                    "database" => assert_eq!(measured["value"], 1.0, "the connection is encrypted"),
                    "cache" => assert!(measured["connect_seconds"] > 0.0 && measured["ping_seconds"] > 0.0),
                    _ => {
                        assert_eq!(measured["status_code"], 200.0);
                        let (days, left) =
                            (if name == "long" { 90.0 } else { 2.0 }, measured["certificate_days"]);
                        assert!(left <= days && left > days - 0.1, "{name}: {left}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn encrypted_connections_work_where_the_authority_is_trusted_and_only_there() {
    let servers = tokio::task::spawn_blocking(|| {
        let authority = Authority::new().unwrap();
        let here = "DNS:localhost,IP:127.0.0.1";
        let good = authority.sign("good", here, 2).unwrap();
        let long = authority.sign("long", here, 90).unwrap();
        let ended = authority.sign("ended", here, -1).unwrap();
        let other = authority.sign("other", "DNS:other.internal", 2).unwrap();
        let pages =
            [&good, &long, &ended, &other].map(|certificate| Nginx::start(certificate, "over TLS").unwrap());
        let database = Postgres::start_encrypted(PASSWORD, &good).unwrap();
        let cache = Redis::start_encrypted(PASSWORD, &good).unwrap();
        (authority, pages, database, cache)
    });
    let (authority, [good, long, ended, other], database, cache) = servers.await.unwrap();
    let ports: Ports = [
        good.port(),
        long.port(),
        ended.port(),
        other.port(),
        database.port(),
        cache.encrypted_port().unwrap(),
    ];

    for (name, outcome) in outcomes(ports).await {
        assert_refused(name, &outcome, "certificate");
    }

    let mut trusting = Command::new(env::current_exe().unwrap());
    trusting.args(["--exact", "checks::tls::servers_under_a_trusted_authority_are_healthy", "--nocapture"]);
    trusting.env("SSL_CERT_FILE", authority.certificate());
    trusting.env(PORTS, ports.map(|port| port.to_string()).join(","));
    let output = tokio::task::spawn_blocking(move || trusting.output().unwrap()).await.unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
