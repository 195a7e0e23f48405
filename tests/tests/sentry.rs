//! A Sentry installation collected into a real store, through everything that can happen on the way. The installation is
//! a server that follows the published API schema (see `tests/src/sentry_server`), with data of which the totals are
//! known.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its server should fail")]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use config::{Sentry, SentryFeed};
use model::{HealthState, PartReporter, SamplesRequest, SeriesPoints, TimeRange, Timestamp};
use store::{Store, StoreOptions};
use tests::{
    engine_process::{EngineProcess, PATIENCE},
    sentry_server::{Data, Fault, Limit, SentryServer, TOKEN},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const HOUR: i64 = 3600;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A server whose projects were busy for the last day, by its own clock.
async fn busy_server() -> SentryServer {
    SentryServer::start(Data::busy(now() - 30 * HOUR, now())).await.unwrap()
}

/// Settings for as many requests as the limits allow, two hours back.
fn settings(server: &SentryServer) -> Sentry {
    let mut settings = Sentry::new("test", &server.url());
    (settings.interval_seconds, settings.requests_per_second) = (1, 40);
    (settings.settle_seconds, settings.backfill_hours) = (30, 2);
    settings
}

/// A store and a poller that can be ended and started again.
struct Bench {
    folder: tempfile::TempDir,
    store: Option<Store>,
    reporter: PartReporter,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: None,
            reporter: PartReporter::new("test"),
            running: None,
        }
    }

    fn store(&mut self) -> Store {
        let folder = self.folder.path().join("data");
        self.store
            .get_or_insert_with(|| {
                let options =
                    StoreOptions { memory_limit_bytes: 256 << 20, threads: 1, ..StoreOptions::default() };
                Store::open(&folder, options).unwrap()
            })
            .clone()
    }

    fn start(&mut self, settings: &Sentry, token: &str) {
        let (store, stop) = (self.store(), CancellationToken::new());
        let token = token.to_owned();
        let poller = collect::run_sentry(
            settings.clone(),
            Arc::new(move || Ok(token.clone())),
            store,
            self.folder.path().join("positions"),
            self.reporter.clone(),
            stop.clone(),
        );
        self.running = Some((stop, tokio::spawn(poller)));
    }

    /// Ends the poller at whatever it is doing, without a word.
    async fn abort(&mut self) {
        if let Some((_, task)) = self.running.take() {
            task.abort();
            let _ = task.await;
        }
    }

    async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            tokio::time::timeout(PATIENCE, task).await.expect("the part ends when it is stopped").unwrap();
        }
    }

    async fn points(&mut self, metric: &str) -> Vec<SeriesPoints> {
        let request = SamplesRequest {
            metric: metric.to_owned(),
            matchers: vec![],
            range: TimeRange::new(Timestamp(0), Timestamp(i64::MAX)),
            limit: 1_000_000,
        };
        self.store().read_samples(&request).await.unwrap()
    }

    /// Sums of a counter by labels, and the end of the stretch of its last sample, in seconds.
    async fn totals<const N: usize>(&mut self, metric: &str, keys: [&str; N]) -> BTreeMap<[String; N], f64> {
        let mut totals = BTreeMap::new();
        for one in self.points(metric).await {
            let key = keys.map(|key| one.labels.get(key).cloned().unwrap_or_default());
            *totals.entry(key).or_default() += one.values.iter().sum::<f64>();
        }
        totals
    }

    /// The moment up to which `feed` is stored, from the state file, in seconds.
    fn done(&self, feed: &str) -> Option<i64> {
        let folder = std::fs::read_dir(self.folder.path().join("positions")).ok()?;
        let path = folder
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.to_string_lossy().ends_with(&format!("-{feed}.json")))?;
        let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        Some(kept["acme"]["done"].as_i64()? / 1_000_000_000)
    }

    async fn wait(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}; {:?}", self.reporter.status());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until everything up to less than two minutes ago is stored.
    async fn wait_until_caught_up(&mut self, server: &SentryServer, feed: &str) {
        self.wait(&format!("{feed} caught up"), |bench| {
            bench.done(feed).is_some_and(|done| server.state().now() - done < 120)
        })
        .await;
    }

    async fn wait_for_state(&mut self, state: HealthState, part: &str) {
        self.wait(&format!("{state:?} {part}"), |bench| {
            let status = bench.reporter.status();
            status.state == state && status.message.contains(part)
        })
        .await;
    }

    /// The store must hold exactly what the server counted, up to where it was asked.
    async fn compare_with_truth(&mut self, server: &SentryServer, start: i64) {
        let errors = self.done("errors").unwrap();
        let stored = self.totals("sentry_errors_total", ["project", "level"]).await;
        let truth = server.state().data.error_totals(start, errors);
        let truth: BTreeMap<[String; 2], f64> =
            truth.into_iter().map(|((project, level), count)| ([project, level], count)).collect();
        assert!(!truth.is_empty());
        assert_eq!(stored, truth, "errors");

        let transactions = self.done("transactions").unwrap();
        let stored = self.totals("sentry_transactions_total", ["project"]).await;
        let truth = server.state().data.transaction_totals(start, transactions);
        assert_eq!(stored, truth.into_iter().map(|(project, count)| ([project], count)).collect());

        let outcomes = self.done("outcomes").unwrap();
        let mut stored = self.totals("sentry_outcomes_total", ["project", "category", "outcome"]).await;
        stored.extend(self.totals("sentry_outcome_bytes_total", ["project", "category", "outcome"]).await);
        for (key, seconds) in
            self.totals("sentry_outcome_seconds_total", ["project", "category", "outcome"]).await
        {
            stored.insert(key, (seconds * 1e3).round());
        }
        let truth = server.state().data.outcome_totals(start, outcomes);
        let truth: BTreeMap<[String; 3], f64> =
            truth.into_iter().map(|((a, b, c), n)| ([a, b, c], n)).collect();
        assert_eq!(stored, truth, "outcomes");

        let sessions = self.done("sessions").unwrap();
        let stored = self.totals("sentry_sessions_total", ["project", "environment", "status"]).await;
        let truth = server.state().data.session_totals(start, sessions, |one| {
            [one.project, one.environment, one.status].map(str::to_owned)
        });
        let truth: BTreeMap<[String; 3], f64> =
            truth.into_iter().map(|(key, [count, ..])| (key, count)).collect();
        assert_eq!(stored, truth, "sessions");
    }
}

fn assert_schema_followed(server: &SentryServer) {
    assert_eq!(server.state().violations, Vec::<String>::new());
}

/// The first moment that is asked for at first contact.
fn first_moment(server: &SentryServer, hours: i64) -> i64 {
    (server.state().now() - hours * HOUR).div_euclid(HOUR) * HOUR
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_counted_once_and_pages_are_followed() {
    let server = busy_server().await;
    server.state().page = 2;
    let start = first_moment(&server, 2);
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
    bench.compare_with_truth(&server, start).await;

    // Issues, of which there are several pages, by level; zero where there is none.
    let begun = Instant::now();
    let issues = loop {
        let issues = bench.points("sentry_issues").await;
        if !issues.is_empty() {
            break issues;
        }
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
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
    let up: BTreeMap<(String, String), f64> = bench
        .points("sentry_monitor_up")
        .await
        .into_iter()
        .map(|one| ((one.labels["monitor"].clone(), one.labels["environment"].clone()), one.values[0]))
        .collect();
    let expected =
        [("invoices", "production", 0.0), ("nightly", "production", 1.0), ("nightly", "staging", 0.0)];
    assert_eq!(up, expected.map(|(slug, place, value)| ((slug.to_owned(), place.to_owned()), value)).into());
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
    assert!(server.state().most_at_once <= 1, "one request at a time");
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_stamped_within_their_stretch_and_never_before_it_closed() {
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
        assert_eq!(times.len(), one.times.len(), "no stretch twice");
    }
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_or_lost_however_often_it_is_ended() {
    let server = busy_server().await;
    server.state().page = 3;
    let start = first_moment(&server, 2);
    let mut bench = Bench::new();
    let mut settings = settings(&server);
    settings.leave_out = vec![SentryFeed::Issues];
    for round in 0..25_u64 {
        bench.start(&settings, TOKEN);
        tokio::time::sleep(Duration::from_millis(40 + 23 * round)).await;
        bench.abort().await;
    }
    bench.start(&settings, TOKEN);
    for feed in ["errors", "transactions"] {
        bench.wait_until_caught_up(&server, feed).await;
    }
    bench
        .wait("hours are stored", |bench| {
            bench.done("outcomes").is_some() && bench.done("sessions").is_some()
        })
        .await;
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_walk_goes_on_where_it_was_ended() {
    let server = busy_server().await;
    server.state().page = 50;
    server.state().limits.insert("issues", Limit { requests: 3, window: 1 });
    let mut bench = Bench::new();
    let mut settings = settings(&server);
    settings.leave_out = SentryFeed::ALL.into_iter().filter(|feed| *feed != SentryFeed::Issues).collect();
    bench.start(&settings, TOKEN);
    let begun = Instant::now();
    while server.state().statuses("issues").get(&200).copied().unwrap_or(0) < 6 {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.abort().await;
    assert!(bench.points("sentry_issues").await.is_empty(), "half a walk tells nothing");
    bench.start(&settings, TOKEN);
    let begun = Instant::now();
    while bench.points("sentry_issues").await.is_empty() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench.stop().await;
    let stored: f64 = bench.points("sentry_issues").await.iter().map(|one| one.values[0]).sum();
    assert_eq!(stored, 731.0);
    let first_pages = server
        .state()
        .asked
        .iter()
        .filter(|asked| asked.endpoint == "issues" && !asked.uri.contains("cursor"))
        .count();
    assert_eq!(first_pages, 1, "the second run began in the middle");
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_never_exceeded_once_they_were_told() {
    let server = busy_server().await;
    for endpoint in ["organizations", "projects", "events", "stats_v2", "sessions", "issues", "monitors"] {
        server.state().limits.insert(endpoint, Limit { requests: 2, window: 2 });
    }
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait("many requests", |_| server.state().asked.len() > 60).await;
    bench.stop().await;
    let state = server.state();
    let refused = state.asked.iter().filter(|asked| asked.status == 429).count();
    assert_eq!(refused, 0, "told that nothing is left, nothing was asked");
    assert!(state.statuses("events")[&200] > 10);
    drop(state);
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_waited_out_and_told_while_the_rest_goes_on() {
    let server = busy_server().await;
    server.state().fail("stats_v2", [Fault::RetryAfter(6), Fault::RetryAfter(6)]);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "stats_v2: rate limited until").await;
    bench.wait_until_caught_up(&server, "errors").await;
    bench.wait("asked again", |_| server.state().statuses("stats_v2").contains_key(&200)).await;
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    let state = server.state();
    let times: Vec<Instant> =
        state.asked.iter().filter(|asked| asked.endpoint == "stats_v2").map(|asked| asked.at).collect();
    for pair in times.windows(2).take(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(6), "asked again after {:?}", pair[1] - pair[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_backed_off_from_and_waited_out() {
    let server = busy_server().await;
    server.state().fail("events", vec![Fault::Status(502); 4]);
    server.state().fail("sessions", [Fault::Malformed, Fault::Truncated, Fault::Broken]);
    server.state().fail("monitors", [Fault::Huge(20 << 20), Fault::Status(503)]);
    server.state().fail("projects", [Fault::Slow(Duration::from_secs(2))]);
    let start = first_moment(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "answered 502").await;
    for feed in ["errors", "transactions"] {
        bench.wait_until_caught_up(&server, feed).await;
    }
    bench
        .wait("hours are stored", |bench| {
            bench.done("outcomes").is_some() && bench.done("sessions").is_some()
        })
        .await;
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    let state = server.state();
    let times: Vec<Instant> =
        state.asked.iter().filter(|asked| asked.endpoint == "events").take(5).map(|asked| asked.at).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    for (gap, least) in gaps.iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!(*gap >= least, "the pauses were {gaps:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_fields_are_refused_rather_than_guessed() {
    let server = busy_server().await;
    server.state().fail("events", vec![Fault::Renamed("count()", "count"); 2]);
    server.state().fail("stats_v2", vec![Fault::Renamed("sum(quantity)", "quantity"); 2]);
    server.state().fail("sessions", vec![Fault::Renamed("\"start\":\"20", "\"start\":\"19"); 2]);
    let start = first_moment(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "no number `count()`").await;
    bench.wait_for_state(HealthState::Degraded, "another stretch of time").await;
    for feed in ["errors", "transactions"] {
        bench.wait_until_caught_up(&server, feed).await;
    }
    bench
        .wait("hours are stored", |bench| {
            bench.done("outcomes").is_some() && bench.done("sessions").is_some()
        })
        .await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_scopes_are_named_and_the_rest_goes_on() {
    let server = busy_server().await;
    server.state().tokens.insert("narrow".to_owned(), vec!["org:read".to_owned()]);
    let mut bench = Bench::new();
    bench.start(&settings(&server), "narrow");
    bench.wait_for_state(HealthState::Degraded, "issues: the token lacks the scope event:read").await;
    bench.wait_until_caught_up(&server, "errors").await;
    assert!(server.state().statuses("issues")[&403] <= 1, "not asked again and again");
    bench.stop().await;

    let access = collect::sentry_access(&settings(&server), "narrow".to_owned()).await;
    assert!(access.usable, "{access:?}");
    assert_eq!(access.missing_scopes, ["event:read"]);
    assert_eq!(access.organizations[0].projects, ["checkout", "search", "mail"]);
    let available: Vec<&str> =
        access.feeds.iter().filter(|feed| feed.available).map(|feed| feed.feed.as_str()).collect();
    assert_eq!(available, ["errors", "transactions", "outcomes", "sessions", "monitors"]);

    server.state().tokens.insert("useless".to_owned(), vec!["project:write".to_owned()]);
    let access = collect::sentry_access(&settings(&server), "useless".to_owned()).await;
    assert!(!access.usable);
    assert_eq!(access.missing_scopes, ["org:read"]);
    let access = collect::sentry_access(&settings(&server), "unknown".to_owned()).await;
    assert!(!access.usable && access.message.contains("refused (401)"), "{access:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_installation_ends_its_values_and_comes_back() {
    let server = busy_server().await;
    let (address, settings) = (server.address(), settings(&server));
    let mut bench = Bench::new();
    bench.start(&settings, TOKEN);
    bench.wait_until_caught_up(&server, "errors").await;
    let data = server.state().data.clone();
    drop(server);
    bench.wait_for_state(HealthState::Unhealthy, "cannot be reached").await;
    let before = bench.points("sentry_monitor_up").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(bench.points("sentry_monitor_up").await, before, "nothing is made up");
    let up = bench.points("sentry_source_up").await;
    assert!(up[0].values.contains(&1.0) && up[0].values.last() == Some(&0.0), "{up:?}");
    let server = SentryServer::start_on(data, address).await.unwrap();
    bench.wait_for_state(HealthState::Healthy, "").await;
    bench.stop().await;
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clock_and_an_older_installation_are_understood() {
    let skew = -5 * HOUR - 1234;
    let server = SentryServer::start(Data::busy(now() + skew - 30 * HOUR, now() + skew)).await.unwrap();
    {
        let mut state = server.state();
        (state.skew, state.datasets, state.documented_monitors) = (skew, vec!["discover"], true);
    }
    let start = first_moment(&server, 2);
    let mut bench = Bench::new();
    bench.start(&settings(&server), TOKEN);
    bench.wait_for_state(HealthState::Degraded, "behind of this machine's").await;
    for feed in ["errors", "transactions"] {
        bench.wait_until_caught_up(&server, feed).await;
    }
    bench
        .wait("hours are stored", |bench| {
            bench.done("outcomes").is_some() && bench.done("sessions").is_some()
        })
        .await;
    bench.wait("issues and monitors", |_| server.state().statuses("monitors").contains_key(&200)).await;
    bench.stop().await;
    bench.compare_with_truth(&server, start).await;
    assert!(!bench.points("sentry_monitor_up").await.is_empty());
    assert_schema_followed(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_keeps_the_token_secret_and_counts_once_over_kill_9() {
    let server = busy_server().await;
    let start = first_moment(&server, 3);
    let mut engine = EngineProcess::start().await.unwrap();
    server.state().fail("monitors", vec![Fault::Telltale; 3]);
    let arguments = |token: Option<&str>| serde_json::json!({"name": "acme", "url": server.url(), "token": token, "organizations": [], "projects": []});
    let refused: model::SentryAccess =
        engine.call("sentry_connect", arguments(Some("wrong-token-0123456789"))).await.unwrap();
    assert!(!refused.usable);
    let settings = std::fs::read_to_string(engine.settings_file()).unwrap();
    assert!(!settings.contains("[[sentry]]"), "an installation that cannot be asked is not kept");

    let access: model::SentryAccess = engine.call("sentry_connect", arguments(Some(TOKEN))).await.unwrap();
    assert!(access.usable, "{access:?}");
    let mut settings = std::fs::read_to_string(engine.settings_file()).unwrap();
    assert!(settings.contains("[[sentry]]"));
    settings.push_str(
        "interval_seconds = 5\nbackfill_hours = 3\nsettle_seconds = 30\nrequests_per_second = 20\n",
    );
    std::fs::write(engine.settings_file(), &settings).unwrap();
    let part = |status: &model::EngineStatus| {
        status.parts.iter().find(|part| part.name == "sentry acme").map(|part| part.state)
    };
    for round in 0..6_u64 {
        tokio::time::sleep(Duration::from_millis(300 * round)).await;
        engine.kill().unwrap();
        engine.start_again().await.unwrap();
    }
    engine
        .wait_for_status("Sentry is collected", |status| {
            matches!(part(status), Some(HealthState::Healthy | HealthState::Degraded))
        })
        .await
        .unwrap();
    let begun = Instant::now();
    let closed = |seconds: i64| (server.state().now() - 30 - seconds).div_euclid(60) * 60;
    let stored = loop {
        let question = serde_json::json!({
            "metric": "sentry_errors_total", "matchers": [], "limit": 100_000,
            "range": {"start": 0, "end": i64::MAX}
        });
        let points: Vec<SeriesPoints> = engine.call("samples", question).await.unwrap();
        let last = points.iter().flat_map(|one| &one.times).max().map_or(0, |time| time.0 / 1_000_000_000);
        if last > closed(180) {
            break points;
        }
        assert!(begun.elapsed() < PATIENCE, "the past was not collected");
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let last = stored.iter().flat_map(|one| &one.times).max().unwrap().0 / 1_000_000_000 + 1;
    let mut totals: BTreeMap<(String, String), f64> = BTreeMap::new();
    for one in &stored {
        let key = (one.labels["project"].clone(), one.labels["level"].clone());
        *totals.entry(key).or_default() += one.values.iter().sum::<f64>();
    }
    let truth = server.state().data.error_totals(start, last);
    assert_eq!(totals.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>());
    assert_eq!(totals, truth);

    engine.stop().await.unwrap();
    let log = engine.log();
    assert!(!log.contains(TOKEN) && !log.contains("wrong-token-0123456789"));
    for entry in walk(&engine.data()) {
        if entry.file_name().is_some_and(|name| name == "secrets.json") {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            continue;
        }
        let bytes = std::fs::read(&entry).unwrap();
        for secret in [TOKEN, "wrong-token-0123456789"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a token is in {}", entry.display());
        }
    }
    // With another start it is still there, and gone once the installation is removed.
    engine.start_again().await.unwrap();
    let _: () = engine.call("sentry_remove", serde_json::json!({"name": "acme"})).await.unwrap();
    let secrets = std::fs::read_to_string(engine.data().join("secrets.json")).unwrap_or_default();
    assert!(!secrets.contains(TOKEN));
    assert!(!std::fs::read_to_string(engine.settings_file()).unwrap().contains("[[sentry]]"));
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(walk(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}
