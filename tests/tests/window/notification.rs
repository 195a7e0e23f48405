//! An alert shown by a real notification service (dunst) on a separate session bus under Xvfb.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use alerts::{AlertRule, AlertService, Channels, MetricSource, NoDataPolicy};
use anyhow::{Context, Result, bail, ensure};
use model::{
    Aggregation, AlertSeverity, Attributes, Comparator, DeliveryOutcome, NANOS_PER_SECOND, Notification,
    NotificationKind, Resource, Series, TelemetryBatch, TimeRange, Timestamp,
};
use runtime::Clock;
use store::{Store, StoreOptions};
use test_support::{display::Started, wait::wait_until};
use tokio_util::sync::CancellationToken;

/// Environment variable of the process that runs inside the session.
const INSIDE: &str = "BINNACLE_TEST_INSIDE_SESSION";

/// Runs one test of this file as another process, with another environment.
fn run_inside(test: &str, through: &mut Command) -> Result<()> {
    let name = format!("notification::{test}");
    let output = through
        .arg(env::current_exe()?)
        .args([name.as_str(), "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    ensure!(text(&output.stdout).contains("1 passed"), "the test did not run: {}", text(&output.stdout));
    Ok(())
}

fn inside() -> bool {
    env::var_os(INSIDE).is_some()
}

fn now() -> Timestamp {
    Clock::system().now()
}

async fn open(folder: &tempfile::TempDir) -> Result<Store> {
    let path = folder.path().to_owned();
    Ok(tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default())).await??)
}

async fn write_latency(store: &Store, seconds: f64) -> Result<()> {
    let mut batch = TelemetryBatch::default();
    let cart = Arc::new(Resource::service_named("cart"));
    batch.add_sample(Series::gauge("latency", "s", cart, Attributes::new()), now(), seconds);
    Ok(store.write(batch).await?)
}

async fn log_of(store: &Store) -> Result<Vec<Notification>> {
    Ok(store.history().notifications(TimeRange::last(3600, now().offset(NANOS_PER_SECOND)), 100).await?)
}

fn dunstctl(arguments: &[&str]) -> Result<String> {
    let output = Command::new("dunstctl").args(arguments).output().context("dunstctl")?;
    ensure!(output.status.success(), "dunstctl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn displayed() -> Result<u32> {
    Ok(dunstctl(&["count", "displayed"])?.trim().parse()?)
}

/// Returns titles and bodies of the closed notifications, latest first.
fn history() -> Result<Vec<(String, String)>> {
    let history: serde_json::Value = serde_json::from_str(&dunstctl(&["history"])?)?;
    let entries = history["data"][0].as_array().context("history")?;
    let text =
        |entry: &serde_json::Value, key: &str| entry[key]["data"].as_str().unwrap_or_default().to_owned();
    Ok(entries.iter().map(|entry| (text(entry, "summary"), text(entry, "body"))).collect())
}

fn rule() -> AlertRule {
    AlertRule {
        id: String::new(),
        name: "Slow answers".into(),
        enabled: true,
        severity: AlertSeverity::Critical,
        source: MetricSource {
            metric: "latency".into(),
            matchers: vec![],
            aggregation: Aggregation::Last,
            group_by: vec!["service".into()],
            window_seconds: 600,
        }
        .into(),
        comparator: Comparator::Above,
        threshold: 0.8,
        resolve_threshold: None,
        for_seconds: 0,
        interval_seconds: 1,
        no_data: NoDataPolicy::KeepState,
        notify: true,
    }
}

#[tokio::test]
async fn an_alert_appears_on_the_desktop_is_answered_there_and_is_replaced_when_it_resolves() -> Result<()> {
    let test = "an_alert_appears_on_the_desktop_is_answered_there_and_is_replaced_when_it_resolves";
    if !inside() {
        let mut screen = Started(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .context("Xvfb")?,
        );
        let mut number = String::new();
        BufReader::new(screen.0.stdout.take().context("Xvfb")?).read_line(&mut number)?;
        let display = format!(":{}", number.trim());
        return run_inside(test, Command::new("dbus-run-session").arg("--").env("DISPLAY", display));
    }
    let _dunst = Started(Command::new("dunst").stderr(Stdio::null()).spawn().context("dunst")?);
    wait_until("dunst answers", async || Ok(displayed().is_ok())).await?;

    let folder = tempfile::tempdir()?;
    let store = open(&folder).await?;
    let stop = CancellationToken::new();
    let service =
        AlertService::start(store.clone(), Channels::open(|_| true)?, Clock::system(), stop.clone());
    let mut opened = service.subscribe_opened();
    write_latency(&store, 1.24).await?;
    service.save_rule(rule()).await?;
    wait_until("the notification is in the log", async || Ok(!log_of(&store).await?.is_empty())).await?;
    let notification = log_of(&store).await?.remove(0);
    ensure!(notification.outcome == DeliveryOutcome::Delivered, "{notification:?}");
    wait_until("the notification is on the screen", async || Ok(displayed()? == 1)).await?;

    // The default action of the notification opens the alert, and is recorded in the log.
    dunstctl(&["action", "0"])?;
    let answer = tokio::time::timeout(Duration::from_secs(30), opened.recv()).await??;
    ensure!(Some(&answer.fingerprint) == notification.fingerprint.as_ref());
    wait_until("the action is in the log", async || {
        Ok(log_of(&store).await?[0].action.as_deref() == Some("open"))
    })
    .await?;

    // The history has the text of closed notifications.
    dunstctl(&["close"])?;
    wait_until("the notification is in the history", async || Ok(history()?.len() == 1)).await?;
    let (title, body) = history()?.remove(0);
    ensure!(title == "Slow answers - cart", "{title}");
    ensure!(body.starts_with("Last value 1.24 s, threshold 800 ms, since "), "{body}");

    dunstctl(&["history-pop"])?;
    wait_until("the notification is shown again", async || Ok(displayed()? == 1 && history()?.is_empty()))
        .await?;
    write_latency(&store, 0.2).await?;
    wait_until("the resolution is in the log", async || {
        Ok(log_of(&store).await?.iter().any(|one| one.kind == NotificationKind::Resolved))
    })
    .await?;
    ensure!(displayed()? == 1, "the resolved notification is beside the firing one");
    dunstctl(&["close-all"])?;
    wait_until("the notification is closed", async || Ok(displayed()? == 0)).await?;
    let titles: Vec<String> = history()?.into_iter().map(|entry| entry.0).collect();
    ensure!(titles == ["Resolved: Slow answers - cart"], "{titles:?}");
    stop.cancel();
    Ok(())
}

#[tokio::test]
async fn without_a_notification_service_the_log_has_the_cause() -> Result<()> {
    if !inside() {
        let test = "without_a_notification_service_the_log_has_the_cause";
        let nowhere = "unix:path=/nonexistent/binnacle-test-bus";
        return run_inside(test, Command::new("env").env("DBUS_SESSION_BUS_ADDRESS", nowhere));
    }
    let folder = tempfile::tempdir()?;
    let store = open(&folder).await?;
    let stop = CancellationToken::new();
    let service =
        AlertService::start(store.clone(), Channels::open(|_| true)?, Clock::system(), stop.clone());
    let sent = service.test_notification().await?;
    let DeliveryOutcome::Failed(reason) = &sent.outcome else { bail!("{sent:?}") };
    ensure!(!reason.is_empty());
    ensure!(log_of(&store).await?[0].outcome == sent.outcome);
    stop.cancel();
    Ok(())
}
