//! Rules on a rate while the target, the engine or the clock pauses, or the clock jumps.
//!
//! A counter gains 5 per second. Nothing may fire or resolve but what the test causes at its end,
//! when the counter gains ten times as much, or a tenth.

use std::{
    fs,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use model::{
    Alert, AlertState, AlertTransition, EngineStatus, Gap, GapReason, NANOS_PER_SECOND, SeriesPoints,
    TimeRange, Timestamp,
};
use prost::Message as _;
use runtime::Clock;
use serde_json::{Value, json};
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    otlp_load::{self, OtlpConnection, Signal},
    wait::wait_until,
};

use crate::{fake_clock::FakeClock, log_bodies, one_log};

/// Length of a pause. With it, the increase across a gap would be four times the usual one.
const PAUSE: Duration = Duration::from_secs(20);
/// Window of the rules, in seconds.
const WINDOW: u32 = 6;
/// Seconds of five years.
const YEARS: i64 = 157_680_000;
/// Gain of the counter per second.
const PACE: f64 = 5.0;

/// A counter behind an address.
struct Counter {
    value: f64,
    pace: f64,
    counted: Instant,
    /// The target answers with an error.
    is_down: bool,
    /// The target does not have the series.
    is_hidden: bool,
}

type Shared = Arc<Mutex<Counter>>;

async fn metrics(State(counter): State<Shared>) -> Result<String, StatusCode> {
    let mut counter = counter.lock().unwrap();
    let now = Clock::system().instant();
    counter.value += counter.pace * (now - counter.counted).as_secs_f64();
    counter.counted = now;
    match (counter.is_down, counter.is_hidden) {
        (true, _) => Err(StatusCode::SERVICE_UNAVAILABLE),
        (_, true) => Ok("# TYPE other gauge\nother 1\n".to_owned()),
        _ => Ok(format!("# TYPE orders_total counter\norders_total {}\n", counter.value)),
    }
}

/// An engine that scrapes the counter every second and has a rule above and one below its rate.
struct Watched {
    engine: EngineProcess,
    counter: Shared,
    clock: FakeClock,
    /// Seconds by which the clock of the engine is ahead.
    ahead: i64,
}

impl Watched {
    async fn start() -> Self {
        let counter = Counter {
            value: 1000.0,
            pace: PACE,
            counted: Clock::system().instant(),
            is_down: false,
            is_hidden: false,
        };
        let counter = Arc::new(Mutex::new(counter));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/metrics", get(metrics)).with_state(Arc::clone(&counter));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let settings = format!(
            "{SETTINGS}\n[[scrape]]\nname = \"shop\"\nurl = \"http://{address}/metrics\"\n\
             interval_seconds = 1\ntimeout_seconds = 1\n"
        );
        let mut engine = EngineProcess::prepare(&settings).unwrap();
        let clock = FakeClock::of(&mut engine);
        engine.start_again().await.unwrap();
        let watched = Self { engine, counter, clock, ahead: 0 };
        watched.save_rule("high", "above", 2.0 * PACE).await;
        watched.save_rule("low", "below", 0.4 * PACE).await;
        watched.wait_for_samples().await;
        watched
    }

    async fn save_rule(&self, name: &str, comparator: &str, threshold: f64) {
        let rule = json!({"rule": {
            "id": "", "name": name, "enabled": true, "severity": "warning",
            "source": {"type": "metric", "metric": "orders_total", "matchers": [],
                "aggregation": "rate", "group_by": [], "window_seconds": WINDOW},
            "comparator": comparator, "threshold": threshold, "resolve_threshold": null,
            "for_seconds": 0, "interval_seconds": 1, "no_data": "resolve", "notify": false,
        }});
        let _: Value = self.engine.call("save_rule", rule).await.unwrap();
    }

    /// Starts an engine with a log record and one more rule, which fires while the counter goes on.
    async fn start_firing() -> Self {
        let watched = Self::start().await;
        watched.save_rule("flows", "above", 0.5 * PACE).await;
        let fires = async || Ok(watched.firing().await == 1);
        wait_until("the rule fires", fires).await.unwrap();
        let address = watched.engine.listener("otlp_grpc").await.unwrap();
        let mut connection = OtlpConnection::open(address).await.unwrap();
        connection.send(Signal::Logs, one_log("before").encode_to_vec()).await.unwrap();
        watched
    }

    async fn firing(&self) -> usize {
        let alerts: Vec<Alert> = self.engine.call("alerts", json!({})).await.unwrap();
        alerts.iter().filter(|alert| alert.state == AlertState::Firing).count()
    }

    /// Returns the time of the engine.
    fn now(&self) -> Timestamp {
        Timestamp(otlp_load::now() as i64).offset(self.ahead * NANOS_PER_SECOND)
    }

    /// Waits until more samples came than two windows hold.
    async fn wait_for_samples(&self) {
        let start = self.now();
        let came = async || {
            let range = TimeRange::new(start, self.now().offset(1_000_000_000));
            let request = json!({"metric": "orders_total", "matchers": [], "range": range, "limit": 1000});
            let series: Vec<SeriesPoints> = self.engine.call("samples", request).await?;
            Ok(series.iter().any(|points| points.values.len() > 2 * WINDOW as usize))
        };
        wait_until("samples came", came).await.unwrap();
    }

    /// Returns the transitions of alerts at any time.
    async fn transitions(&self) -> Vec<AlertTransition> {
        let range = any_time();
        self.engine.call("alert_history", json!({"range": range, "limit": 1000})).await.unwrap()
    }

    /// Returns the names of the rules that fired.
    async fn fired(&self) -> Vec<String> {
        let steps = self.transitions().await.into_iter().filter(|step| step.to == AlertState::Firing);
        steps.map(|step| step.rule_name).collect()
    }

    /// Asserts that a clock which was not right is known, and changed no alert and no record.
    async fn expect_nothing_but_a_report_of_the_clock(self) {
        self.wait_for_samples().await;
        let steps = self.transitions().await;
        let steps: Vec<_> = steps.iter().map(|step| (step.rule_name.as_str(), step.to)).collect();
        assert_eq!(steps, [("flows", AlertState::Firing)]);
        assert_eq!(self.firing().await, 1);
        assert_eq!(log_bodies(&self.engine, "before").await, ["before"]);
        let status = self.engine.status().await.unwrap();
        assert!(status.diagnostics.iter().any(|one| one.id == "clock"), "{:?}", status.diagnostics);
        let range = any_time();
        let gaps: Vec<Gap> = self.engine.call("gaps", json!({"range": range})).await.unwrap();
        assert!(gaps.iter().any(|gap| gap.reason == GapReason::ClockChanged), "{gaps:?}");
        self.counter.lock().unwrap().pace = 10.0 * PACE;
        let fires = async || Ok(self.fired().await.iter().any(|name| name == "high"));
        wait_until("a rule fires for another rate", fires).await.unwrap();
    }

    fn signal(&self, name: &str) {
        let process = self.engine.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    }

    /// Asserts that nothing fired, also after the pause, and that another rate then fires.
    async fn expect_silence_and_then_both_rules(self) {
        self.wait_for_samples().await;
        assert_eq!(self.fired().await, Vec::<String>::new());
        for (pace, rule) in [(10.0 * PACE, "high"), (0.1 * PACE, "low")] {
            self.counter.lock().unwrap().pace = pace;
            let fires = async || Ok(self.fired().await.iter().any(|name| name == rule));
            wait_until(&format!("{rule} fires"), fires).await.unwrap();
        }
    }
}

/// Returns a range with every time that a test sets the clock to.
fn any_time() -> TimeRange {
    let now = Timestamp(otlp_load::now() as i64);
    TimeRange::new(now.offset(-2 * YEARS * NANOS_PER_SECOND), now.offset(2 * YEARS * NANOS_PER_SECOND))
}

/// Sleeps for the length of a pause, which is what is tested.
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

#[tokio::test]
async fn a_target_that_is_down_fires_no_rule_on_its_rate() {
    let watched = Watched::start().await;
    watched.counter.lock().unwrap().is_down = true;
    pause().await;
    watched.counter.lock().unwrap().is_down = false;
    watched.expect_silence_and_then_both_rules().await;
}

#[tokio::test]
async fn a_series_that_ends_and_comes_back_fires_no_rule_on_its_rate() {
    let watched = Watched::start().await;
    watched.counter.lock().unwrap().is_hidden = true;
    pause().await;
    watched.counter.lock().unwrap().is_hidden = false;
    watched.expect_silence_and_then_both_rules().await;
}

#[tokio::test]
async fn an_engine_that_was_stopped_or_killed_fires_no_rule_on_a_rate() {
    let mut watched = Watched::start().await;
    assert!(watched.engine.stop().await.unwrap().success());
    pause().await;
    watched.engine.start_again().await.unwrap();
    watched.wait_for_samples().await;
    watched.engine.kill().unwrap();
    pause().await;
    watched.engine.start_again().await.unwrap();
    watched.expect_silence_and_then_both_rules().await;
}

#[tokio::test]
async fn an_engine_that_stalls_fires_no_rule_on_a_rate() {
    let watched = Watched::start().await;
    watched.signal("-STOP");
    pause().await;
    watched.signal("-CONT");
    watched.expect_silence_and_then_both_rules().await;
}

#[tokio::test]
async fn collecting_that_pauses_fires_no_rule_on_a_rate() {
    let watched = Watched::start().await;
    let _: Value = watched.engine.call("pause", json!({"paused": true})).await.unwrap();
    pause().await;
    let _: Value = watched.engine.call("pause", json!({"paused": false})).await.unwrap();
    watched.expect_silence_and_then_both_rules().await;
}

#[tokio::test]
async fn another_interval_fires_no_rule_on_a_rate() {
    let watched = Watched::start().await;
    let file = watched.engine.settings_file();
    let settings = fs::read_to_string(&file).unwrap();
    // A window then has two samples, but never only the last one before the change and the first
    // one after it. Those may be so close that they say little of a rate.
    fs::write(&file, settings.replace("interval_seconds = 1\n", "interval_seconds = 3\n")).unwrap();
    pause().await;
    fs::write(&file, settings).unwrap();
    watched.expect_silence_and_then_both_rules().await;
}

#[tokio::test]
async fn a_wall_clock_that_stops_and_goes_on_fires_and_resolves_nothing() {
    let watched = Watched::start_firing().await;
    watched.clock.stop_at(watched.now().0 / NANOS_PER_SECOND);
    pause().await;
    watched.clock.set_ahead(0);
    watched.expect_nothing_but_a_report_of_the_clock().await;
}

#[tokio::test]
async fn a_wall_clock_that_is_wrong_for_seconds_fires_and_resolves_nothing() {
    let watched = Watched::start_firing().await;
    for seconds in [2, -2, 30, -30, YEARS, -YEARS] {
        watched.clock.set_ahead(seconds);
        // The length of the jump is what is tested.
        tokio::time::sleep(Duration::from_secs(4)).await;
        watched.clock.set_ahead(0);
        watched.wait_for_samples().await;
    }
    watched.expect_nothing_but_a_report_of_the_clock().await;
}

/// Sets the clock by a number of seconds until the engine follows it, and then right again.
async fn expect_nothing_over_a_jump_that_lasts(seconds: i64) {
    let mut watched = Watched::start_firing().await;
    for ahead in [seconds, 0] {
        watched.clock.set_ahead(ahead);
        watched.ahead = ahead;
        let follows = async || {
            let status: EngineStatus = watched.engine.call("status", json!({})).await?;
            Ok(status.now.since(watched.now()).abs() < 5 * NANOS_PER_SECOND)
        };
        wait_until("the engine follows the clock", follows).await.unwrap();
        watched.wait_for_samples().await;
    }
    watched.expect_nothing_but_a_report_of_the_clock().await;
}

#[tokio::test]
async fn a_wall_clock_that_stays_ahead_fires_and_resolves_nothing() {
    expect_nothing_over_a_jump_that_lasts(20).await;
}

#[tokio::test]
async fn a_wall_clock_that_stays_behind_fires_and_resolves_nothing() {
    expect_nothing_over_a_jump_that_lasts(-20).await;
}

#[tokio::test]
async fn a_wall_clock_that_stays_years_ahead_fires_resolves_and_drops_nothing() {
    expect_nothing_over_a_jump_that_lasts(YEARS).await;
}
