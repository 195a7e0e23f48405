//! Limits, failures, odd answers, missing scopes, other clocks.

use std::time::{Duration, Instant};

use model::HealthState;
use runtime::Clock;
use test_support::{
    sentry_server::{Data, Fault, Limit, SentryServer, TOKEN},
    wait::wait_until,
};

use crate::bench::{Bench, HOUR, assert_schema_followed, busy_server, first_start, now, settings};

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_never_exceeded_once_they_are_known() {
    let server = busy_server().await;
    for endpoint in ["organizations", "projects", "events", "stats_v2", "sessions", "issues", "monitors"] {
        server.state().limits.insert(endpoint, Limit { requests: 2, window: 2 });
    }
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait("many requests are received", |_| server.state().requests.len() > 60).await;
    bench.stop().await;
    let state = server.state();
    let limited = state.requests.iter().filter(|request| request.status == 429).count();
    assert_eq!(limited, 0, "no request without remaining quota");
    assert!(state.statuses("events")[&200] > 10);
    drop(state);
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_respected_and_reported_while_other_feeds_continue() {
    let server = busy_server().await;
    server.state().fail("stats_v2", [Fault::RetryAfter(6), Fault::RetryAfter(6)]);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "stats_v2: rate limited until").await;
    bench.wait_until_caught_up(&server, "errors").await;
    bench
        .wait("the feed is requested again", |_| server.state().statuses("stats_v2").contains_key(&200))
        .await;
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    let state = server.state();
    let times: Vec<Instant> =
        state.requests.iter().filter(|one| one.endpoint == "stats_v2").map(|one| one.at).collect();
    for pair in times.windows(2).take(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(6), "requested again after {:?}", pair[1] - pair[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_backed_off_from_and_waited_out() {
    let server = busy_server().await;
    server.state().fail("events", vec![Fault::Status(502); 4]);
    server.state().fail("sessions", [Fault::Malformed, Fault::Truncated, Fault::Broken]);
    server.state().fail("monitors", [Fault::Huge(20 << 20), Fault::Status(503)]);
    server.state().fail("projects", [Fault::Held]);
    let start = first_start(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait("an answer is held", |_| !server.state().held.is_empty()).await;
    server.state().held.clear();
    bench.wait_for_state(HealthState::Degraded, "answered 502").await;
    bench.wait_until_complete(&server).await;
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    let state = server.state();
    let times: Vec<Instant> =
        state.requests.iter().filter(|one| one.endpoint == "events").take(5).map(|one| one.at).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    for (gap, min) in gaps.iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!(*gap >= min, "the pauses were {gaps:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_fields_are_refused_rather_than_guessed() {
    let server = busy_server().await;
    server.state().fail("events", vec![Fault::Renamed("count()", "count"); 2]);
    server.state().fail("stats_v2", vec![Fault::Renamed("sum(quantity)", "quantity"); 2]);
    server.state().fail("sessions", vec![Fault::Renamed("\"start\":\"20", "\"start\":\"19"); 2]);
    let start = first_start(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "no number `count()`").await;
    bench.wait_for_state(HealthState::Degraded, "another time range").await;
    bench.wait_until_complete(&server).await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_scopes_are_named_and_other_feeds_continue() {
    let server = busy_server().await;
    server.state().tokens.insert("narrow".to_owned(), vec!["org:read".to_owned()]);
    let mut bench = Bench::new();
    bench.start(&settings(&server), "narrow");
    bench.wait_for_state(HealthState::Degraded, "issues: the token lacks the scope event:read").await;
    bench.wait_until_caught_up(&server, "errors").await;
    assert!(server.state().statuses("issues")[&403] <= 1, "not requested again");
    bench.stop().await;

    let access = collect::sentry_access(&settings(&server), "narrow".to_owned(), &Clock::system()).await;
    assert!(access.usable, "{access:?}");
    assert_eq!(access.missing_scopes, ["event:read"]);
    assert_eq!(access.organizations[0].projects, ["checkout", "search", "mail"]);
    let available: Vec<&str> =
        access.feeds.iter().filter(|feed| feed.available).map(|feed| feed.feed.as_str()).collect();
    assert_eq!(available, ["errors", "transactions", "outcomes", "sessions", "monitors"]);

    server.state().tokens.insert("useless".to_owned(), vec!["project:write".to_owned()]);
    let access = collect::sentry_access(&settings(&server), "useless".to_owned(), &Clock::system()).await;
    assert!(!access.usable);
    assert_eq!(access.missing_scopes, ["org:read"]);
    let access = collect::sentry_access(&settings(&server), "unknown".to_owned(), &Clock::system()).await;
    assert!(!access.usable && access.message.contains("refused (401)"), "{access:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_installation_ends_its_values_and_comes_back() {
    let server = busy_server().await;
    let (address, settings) = (server.address(), settings(&server));
    let mut bench = Bench::new();
    bench.start(&settings, TOKEN);
    bench.wait_until_caught_up(&server, "errors").await;
    // The first round reports its result at its end.
    let reported = wait_until("the first round is reported", async || {
        Ok(bench.points("sentry_source_up").await.iter().any(|up| up.values.contains(&1.0)))
    });
    reported.await.unwrap();
    let data = server.state().data.clone();
    drop(server);
    bench.wait_for_state(HealthState::Unhealthy, "cannot be reached").await;
    let before = bench.points("sentry_monitor_up").await;
    let rounds = wait_until("three rounds have failed", async || {
        let up = bench.points("sentry_source_up").await;
        Ok(up.iter().flat_map(|up| &up.values).filter(|value| **value == 0.0).count() >= 3)
    });
    rounds.await.unwrap();
    assert_eq!(bench.points("sentry_monitor_up").await, before, "nothing is made up");
    let up = bench.points("sentry_source_up").await;
    assert!(up[0].values.contains(&1.0) && up[0].values.last() == Some(&0.0), "{up:?}");
    let server = SentryServer::start_on(data, address).await.unwrap();
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clock_and_an_older_installation_are_supported() {
    let skew = -5 * HOUR - 1234;
    let server = SentryServer::start(Data::busy(now() + skew - 30 * HOUR, now() + skew)).await.unwrap();
    {
        let mut state = server.state();
        (state.skew, state.datasets, state.documented_monitors) = (skew, vec!["discover"], true);
    }
    let start = first_start(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "behind of this machine's").await;
    bench.wait_until_complete(&server).await;
    bench.wait("issues and monitors", |_| server.state().statuses("monitors").contains_key(&200)).await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    assert!(!bench.points("sentry_monitor_up").await.is_empty());
    assert_schema_followed(&server);
}
