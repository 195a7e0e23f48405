//! Everything is counted, and counted once.

use std::collections::BTreeMap;

use anyhow::ensure;
use config::SentryFeed;
use model::HealthState;
use test_support::{
    sentry_server::{ErrorEvent, Limit, SentryServer, TOKEN},
    wait::{wait_for, wait_until},
};

use crate::bench::{Bench, assert_schema_followed, busy_server, first_start, settings};

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_counted_once_and_pages_are_followed() {
    let server = busy_server().await;
    server.state().page = 2;
    let start = first_start(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    for feed in ["errors", "transactions"] {
        bench.wait_until_caught_up(&server, feed).await;
    }
    bench
        .wait("hours are stored", |bench| {
            bench.done("outcomes") == bench.done("sessions") && bench.done("outcomes").is_some()
        })
        .await;
    // The issues take hundreds of pages of two.
    server.state().page = 100;
    bench.wait_for_state(HealthState::Healthy, "").await;

    // Issues, of which there are several pages, by level; zero where there is none.
    let issues = wait_for("issues are stored", async || {
        let issues = bench.points("sentry_issues").await;
        Ok((!issues.is_empty()).then_some(issues))
    });
    let issues = issues.await.unwrap();
    let mut truth: BTreeMap<(String, String), f64> = BTreeMap::new();
    for issue in &server.state().data.issues {
        *truth.entry((issue.project.to_owned(), issue.level.to_owned())).or_default() += 1.0;
    }
    for one in &issues {
        let key = (one.labels["project"].clone(), one.labels["level"].clone());
        assert_eq!(one.values.last().copied(), Some(truth.get(&key).copied().unwrap_or(0.0)), "{key:?}");
        assert_eq!(one.labels["service.name"], one.labels["project"]);
    }
    assert_eq!(issues.len(), 15, "three projects with five levels each");

    // Monitors: fine, failed and missed, by environment.
    let up = wait_for("monitors are stored", async || {
        let up = bench.points("sentry_monitor_up").await;
        Ok((up.len() >= 3).then_some(up))
    });
    let up: BTreeMap<(String, String), f64> = up
        .await
        .unwrap()
        .into_iter()
        .map(|one| ((one.labels["monitor"].clone(), one.labels["environment"].clone()), one.values[0]))
        .collect();
    let expected =
        [("invoices", "production", 0.0), ("nightly", "production", 1.0), ("nightly", "staging", 0.0)];
    assert_eq!(
        up,
        expected.map(|(slug, environment, value)| ((slug.to_owned(), environment.to_owned()), value)).into()
    );
    let overdue = bench.points("sentry_monitor_overdue_seconds").await;
    assert!(overdue.iter().all(|one| one.values[0] >= 90.0), "{overdue:?}");

    // Quantiles in seconds and crash-free rates between 0 and 1, per release too.
    let durations = bench.points("sentry_transaction_duration_seconds").await;
    assert_eq!(durations.len(), 12, "three projects with four quantiles");
    assert!(durations.iter().flat_map(|one| &one.values).all(|value| (0.005..2.005).contains(value)));
    let rates = bench.points("sentry_release_crash_free_sessions_ratio").await;
    assert!(
        !rates.is_empty() && rates.iter().flat_map(|one| &one.values).all(|rate| (0.0..=1.0).contains(rate))
    );
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    assert!(server.state().max_concurrent <= 1, "one request at a time");
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_have_times_within_their_interval_and_never_before_its_end() {
    let server = busy_server().await;
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_until_caught_up(&server, "errors").await;
    for one in bench.points("sentry_errors_total").await {
        for time in &one.times {
            let end = time.0 + 1_000_000;
            assert_eq!(end % 60_000_000_000, 0, "{end}");
            assert!(end / 1_000_000_000 + 30 <= server.state().now());
        }
        let mut times = one.times.clone();
        times.dedup();
        assert_eq!(times.len(), one.times.len(), "no interval twice");
    }
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_or_lost_by_repeated_aborts() {
    let server = busy_server().await;
    server.state().page = 3;
    let start = first_start(&server, 2);
    let mut bench = Bench::new();
    let mut settings = settings(&server);
    settings.exclude = vec![SentryFeed::Issues];
    for round in 0..25 {
        let answered = server.state().requests.len();
        bench.start(&settings, TOKEN);
        let further = wait_until("further requests are answered", async || {
            Ok(server.state().requests.len() >= answered + 1 + round % 8)
        });
        further.await.unwrap();
        bench.abort().await;
    }
    bench.start(&settings, TOKEN);
    bench.wait_until_complete(&server).await;
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_walk_resumes_at_its_page() {
    let server = busy_server().await;
    server.state().page = 50;
    server.state().limits.insert("issues", Limit { requests: 3, window: 1 });
    let mut bench = Bench::new();
    let mut settings = settings(&server);
    settings.exclude = SentryFeed::ALL.into_iter().filter(|feed| *feed != SentryFeed::Issues).collect();
    bench.start(&settings, TOKEN);
    let fetched = wait_until("six pages are fetched", async || {
        Ok(server.state().statuses("issues").get(&200).copied().unwrap_or(0) >= 6)
    });
    fetched.await.unwrap();
    bench.abort().await;
    assert!(bench.points("sentry_issues").await.is_empty(), "a partial walk stores nothing");
    bench.start(&settings, TOKEN);
    let stored =
        wait_until("issues are stored", async || Ok(!bench.points("sentry_issues").await.is_empty()));
    stored.await.unwrap();
    bench.stop().await;
    let stored: f64 = bench.points("sentry_issues").await.iter().map(|one| one.values[0]).sum();
    assert_eq!(stored, 731.0);
    let first_pages = server
        .state()
        .requests
        .iter()
        .filter(|request| request.endpoint == "issues" && !request.uri.contains("cursor"))
        .count();
    assert_eq!(first_pages, 1, "the second run began in the middle");
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_events_are_counted_and_nothing_is_requested_more_than_twice() {
    let server = busy_server().await;
    let start = first_start(&server, 2);
    let mut bench = Bench::new();
    let mut settings = settings(&server);
    settings.exclude = SentryFeed::ALL.into_iter().filter(|feed| *feed != SentryFeed::Errors).collect();
    bench.start(&settings, TOKEN);
    bench.wait_until_caught_up(&server, "errors").await;
    let late = bench.done("errors").unwrap() - 30;
    {
        let mut state = server.state();
        for _ in 0..7 {
            state.data.errors.push(ErrorEvent { project: "checkout", level: "fatal", time: late });
        }
        // A quarter of an hour goes by at the installation.
        state.skew += 16 * 60;
    }
    let expected = |server: &SentryServer, end: i64| -> BTreeMap<[String; 2], f64> {
        let truth = server.state().data.error_totals(start, end);
        truth.into_iter().map(|((project, level), count)| ([project, level], count)).collect()
    };
    wait_until("the late events are stored", async || {
        let stored = bench.totals("sentry_errors_total", ["project", "level"]).await;
        let end = bench.done("errors").unwrap_or_default();
        ensure!(end > late + 60 && stored == expected(&server, end), "stored up to {end}: {stored:?}");
        Ok(true)
    })
    .await
    .unwrap();
    bench.stop().await;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for one in server.state().requests.iter().filter(|one| one.endpoint == "events" && one.status == 200) {
        *counts.entry(one.uri.clone()).or_default() += 1;
    }
    assert!(
        counts.values().all(|times| *times <= 2) && counts.values().any(|times| *times == 2),
        "{counts:?}"
    );
    assert_schema_followed(&server);
}
