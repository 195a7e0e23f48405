//! Single probes of a check.

use checks::{
    ProbeOutcome,
    kinds::{HttpCheck, PostgresCheck, RedisCheck, TcpCheck},
    probe,
};
use model::{CheckKind, HealthCheck, HealthState};
use runtime::Clock;
use test_support::servers::{Postgres, Redis, free_port};

use super::{check, http, postgres, redis, tcp, web::Web};

async fn attempt(kind: impl Into<CheckKind>, secret: Option<&str>) -> ProbeOutcome {
    probe(&check("probe", kind), secret, &Clock::system()).await
}

async fn probe_for_one_second(kind: impl Into<CheckKind>) -> ProbeOutcome {
    probe(&HealthCheck { timeout_seconds: 1, ..check("probe", kind) }, None, &Clock::system()).await
}

fn assert_fails(outcome: &ProbeOutcome, message: &str) {
    assert_eq!((outcome.state, outcome.message.as_str()), (HealthState::Unhealthy, message));
}

fn assert_works(outcome: &ProbeOutcome) {
    assert_eq!(outcome.state, HealthState::Healthy, "{outcome:?}");
    assert!(outcome.duration > 0);
}

#[tokio::test]
async fn web_addresses_are_judged_by_status_and_body() {
    let web = Web::start().await;
    let request = |path: &str, expected_status: Vec<u16>, body_contains: Option<&str>| {
        attempt(
            HttpCheck {
                expected_status,
                body_contains: body_contains.map(str::to_owned),
                ..http(web.url(path))
            },
            None,
        )
    };
    let fine = request("/ok", vec![], Some("is ok")).await;
    assert_works(&fine);
    assert_eq!((fine.measurements["status_code"], fine.measurements["body_bytes"]), (200.0, 9.0));
    assert!(fine.measurements["first_byte_seconds"] > 0.0);

    let agent = concat!("binnacle/", env!("CARGO_PKG_VERSION"));
    assert_works(&request("/agent", vec![], Some(agent)).await);
    assert_fails(&request("/ok", vec![], Some("fine")).await, "body does not contain \"fine\"");
    let broken = request("/broken", vec![], None).await;
    assert_fails(&broken, "status 503, expected 200 to 399");
    assert_eq!(broken.measurements["status_code"], 503.0);
    assert_works(&request("/broken", vec![503], None).await);
    assert_fails(&request("/ok", vec![201, 204], None).await, "status 200, expected 201 or 204");

    assert_works(&request("/moved", vec![200], Some("is ok")).await);
    assert_works(&request("/moved", vec![303], None).await);
    assert_fails(&request("/loop", vec![], None).await, "more than 10 redirects, the last to /loop");

    let large = request("/large", vec![], Some("ok")).await;
    assert_fails(&large, "the first 1 MiB of the body do not contain \"ok\"");
    assert_eq!(large.measurements["body_bytes"], f64::from(1 << 20));
}

#[tokio::test]
async fn web_addresses_that_hang_or_are_slow() {
    let web = Web::start().await;
    let hung = probe_for_one_second(http(web.url("/hang"))).await;
    assert_fails(&hung, &format!("no complete answer from {} within 1 s", web.url("/hang")));
    let dripping = HttpCheck { body_contains: Some("more than begun".into()), ..http(web.url("/drip")) };
    let dripping = probe_for_one_second(dripping).await;
    assert_eq!(dripping.state, HealthState::Unhealthy, "{dripping:?}");
    assert_eq!(dripping.measurements["status_code"], 200.0);

    let slow = HealthCheck { degraded_above_ms: Some(30), ..check("slow", http(web.url("/slow"))) };
    let outcome = probe(&slow, None, &Clock::system()).await;
    assert_eq!(outcome.state, HealthState::Degraded, "{outcome:?}");
    assert!(outcome.message.ends_with(" ms, over 30 ms"), "{}", outcome.message);
}

#[tokio::test]
async fn web_passwords_are_sent_and_not_shown() {
    let web = Web::start().await;
    let url = web.url("/private").replace("//", "//ann@");
    assert_works(&attempt(http(url.clone()), Some("hunter22")).await);
    let refused = attempt(http(url), Some("wrong-password")).await;
    assert_fails(&refused, "status 401, expected 200 to 399");

    let closed = format!("http://ann:hunter22@127.0.0.1:{}/", free_port().unwrap());
    let outcome = probe_for_one_second(http(closed)).await;
    assert!(!format!("{outcome:?}").contains("hunter22") && !outcome.message.contains("ann"), "{outcome:?}");
}

#[tokio::test]
async fn ports_that_are_closed_or_cannot_be_found() {
    let port = free_port().unwrap();
    let refusal = format!("connection refused by 127.0.0.1:{port}");
    assert_fails(&attempt(tcp(port), None).await, &refusal);
    assert_fails(&attempt(http(format!("http://127.0.0.1:{port}/")), None).await, &refusal);
    assert_fails(&attempt(postgres(port, "SELECT 1"), Some("x")).await, &refusal);
    assert_fails(&attempt(redis(port), None).await, &refusal);
    let nowhere = TcpCheck { host: "nowhere.invalid".into(), port };
    assert_fails(&attempt(nowhere, None).await, "cannot resolve host \"nowhere.invalid\"");
    let nowhere = http("http://nowhere.invalid/".into());
    assert_fails(&attempt(nowhere, None).await, "cannot resolve host \"nowhere.invalid\"");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let open = attempt(tcp(listener.local_addr().unwrap().port()), None).await;
    assert_works(&open);
    assert!(open.measurements["connect_seconds"] > 0.0);
}

#[tokio::test]
async fn a_server_that_speaks_another_protocol_is_unhealthy() {
    let web = Web::start().await;
    let port: u16 = web.url("").rsplit(':').next().unwrap().parse().unwrap();
    for kind in [
        CheckKind::from(postgres(port, "SELECT 1")),
        redis(port).into(),
        http(format!("https://127.0.0.1:{port}/")).into(),
    ] {
        let outcome = probe_for_one_second(kind).await;
        assert_eq!(outcome.state, HealthState::Unhealthy);
        assert!(!outcome.message.is_empty());
    }
}

#[tokio::test]
async fn postgres_is_probed() {
    let server = tokio::task::spawn_blocking(|| Postgres::start("correct horse").unwrap()).await.unwrap();
    let request = |query: &str| attempt(postgres(server.port(), query), Some("correct horse"));

    for (query, value) in [
        ("SELECT 42", 42.0),
        ("SELECT 12.5::numeric, 'other'", 12.5),
        ("SELECT -0.00012::numeric", -0.00012),
        ("SELECT 98765432109.875::numeric", 98765432109.875),
        ("SELECT count(*) FROM pg_class WHERE relname = 'pg_class'", 1.0),
        ("SELECT generate_series(7, 1000000)", 7.0),
        ("SELECT true", 1.0),
        ("SHOW max_connections", 100.0),
    ] {
        let outcome = request(query).await;
        assert_works(&outcome);
        assert_eq!(outcome.measurements.get("value"), Some(&value), "{query}");
        assert!(outcome.measurements["connect_seconds"] > 0.0 && outcome.measurements["query_seconds"] > 0.0);
    }
    let text = request("SELECT 'words'").await;
    assert_works(&text);
    assert_eq!(text.measurements.get("value"), None);
    assert_eq!(request("SELECT 1 WHERE false").await.message, "the query gave no row");

    assert_fails(&request("SELECT broken").await, "column \"broken\" does not exist");
    let written = request("CREATE TABLE t (x int)").await;
    assert_fails(&written, "cannot execute CREATE TABLE in a read-only transaction");
    let smuggled = request("COMMIT; CREATE TABLE t (x int)").await;
    assert_fails(&smuggled, "cannot insert multiple commands into a prepared statement");

    let wrong = attempt(postgres(server.port(), "SELECT 1"), Some("battery staple")).await;
    assert_fails(&wrong, "password authentication failed for user \"postgres\"");
    let none = attempt(postgres(server.port(), "SELECT 1"), None).await;
    assert_fails(&none, &format!("127.0.0.1:{} requires a password and none is stored", server.port()));

    let slow = HealthCheck {
        timeout_seconds: 1,
        ..check("slow", postgres(server.port(), "SELECT pg_sleep_for('1 minute')"))
    };
    let cut_off = probe(&slow, Some("correct horse"), &Clock::system()).await;
    assert_eq!(cut_off.state, HealthState::Unhealthy);
    assert!(cut_off.measurements["connect_seconds"] > 0.0);

    let port = server.port();
    let host = server.socket_folder().display().to_string();
    let socket = PostgresCheck { host, ..postgres(port, "SELECT 1") };
    assert_works(&attempt(socket, Some("correct horse")).await);
    let encrypted = PostgresCheck { tls: true, ..postgres(port, "SELECT 1") };
    let message = format!("127.0.0.1:{port} does not offer encrypted connections");
    assert_fails(&attempt(encrypted, Some("correct horse")).await, &message);
}

#[tokio::test]
async fn redis_is_probed() {
    let server = tokio::task::spawn_blocking(|| Redis::start("correct horse").unwrap()).await.unwrap();
    let fine = attempt(redis(server.port()), Some("correct horse")).await;
    assert_works(&fine);
    assert_eq!(fine.message, "answered PONG");
    for name in ["connect_seconds", "ping_seconds", "connected_clients", "used_memory_bytes"] {
        assert!(fine.measurements[name] > 0.0, "{name}");
    }
    let place = format!("127.0.0.1:{}", server.port());
    let wrong = attempt(redis(server.port()), Some("battery staple")).await;
    assert_fails(&wrong, &format!("{place} refused the user or the password"));
    let none = attempt(redis(server.port()), None).await;
    assert_fails(&none, &format!("{place} requires a password and none is stored"));
    let beyond = RedisCheck { database: 4000, ..redis(server.port()) };
    let outcome = attempt(beyond, Some("correct horse")).await;
    assert_eq!(outcome.state, HealthState::Unhealthy);
    assert!(outcome.message.contains("DB index is out of range"), "{}", outcome.message);
}
