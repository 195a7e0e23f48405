//! Queries of `binnacle-cli`: the same answers from a running engine and from the folder of a
//! stopped one.

use std::{fs, path::PathBuf, process::Output};

use alerts::{AlertRule, MetricSource, NoDataPolicy, RuleOverview};
use checks::kinds::TcpCheck;
use model::{
    Aggregation, AlertSeverity, CheckOverview, Comparator, HealthCheck, LogLine, SeriesResponse, TraceSummary,
};
use serde_json::{Value, json};
use test_support::{
    engine_process::{self, EngineProcess},
    otlp_load::{NUMBERED_METRIC, OtlpConnection, Signal},
};

/// `binnacle-cli` on one folder.
struct Terminal<'engine> {
    engine: &'engine EngineProcess,
}

impl Terminal<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        engine_process::command(&self.engine.data(), arguments).unwrap().output().unwrap()
    }

    /// Runs a command that must succeed and returns its standard output.
    fn output(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that writes a file and returns the content of the file.
    fn file(&self, arguments: &[&str], name: &str) -> Vec<u8> {
        let path = self.path(name);
        let mut arguments = arguments.to_vec();
        arguments.extend(["--output", path.to_str().unwrap()]);
        self.output(&arguments);
        fs::read(path).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.engine.scratch().join(name)
    }
}

/// Decodes one JSON document per line.
fn json_lines<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn rule() -> AlertRule {
    AlertRule {
        id: String::new(),
        name: "Numbers are high".into(),
        enabled: true,
        severity: AlertSeverity::Warning,
        source: MetricSource {
            metric: NUMBERED_METRIC.into(),
            matchers: Vec::new(),
            aggregation: Aggregation::Maximum,
            group_by: Vec::new(),
            window_seconds: 300,
        }
        .into(),
        comparator: Comparator::Above,
        threshold: 1e9,
        resolve_threshold: None,
        for_seconds: 60,
        interval_seconds: 30,
        no_data: NoDataPolicy::KeepState,
        notify: false,
    }
}

fn check(port: u16) -> HealthCheck {
    HealthCheck {
        // Runs only on request.
        enabled: false,
        retries: 0,
        ..HealthCheck::new("A port of this test", TcpCheck { host: "127.0.0.1".into(), port })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_engine_and_its_folder_answer_alike() {
    let mut engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let mut connection = OtlpConnection::open(address).await.unwrap();
    for signal in Signal::ALL {
        connection.send(signal, signal.numbered(0..10)).await.unwrap();
    }
    let output = Terminal { engine: &engine }.output(&[
        "demo",
        "--once",
        "--history",
        "10m",
        "--to",
        &address.to_string(),
    ]);
    assert!(output.contains(&format!("http://{address}")), "{output}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let saved: HealthCheck =
        engine.call("save_check", json!({ "check": check(port), "secret": null })).await.unwrap();

    let terminal = Terminal { engine: &engine };
    let rules = terminal.path("rules.json");
    fs::write(&rules, serde_json::to_string(&[rule()]).unwrap()).unwrap();
    let imported = terminal.output(&["rules", "import", rules.to_str().unwrap()]);
    assert_eq!(imported, "saved Numbers are high\n");

    assert!(terminal.output(&["status"]).starts_with("running "));
    check_all_commands(&terminal, &saved);
    assert!(engine.stop().await.unwrap().success());
    let terminal = Terminal { engine: &engine };
    assert!(terminal.output(&["status"]).starts_with("not running "));
    check_all_commands(&terminal, &saved);

    drop(listener);
    let down = terminal.run(&["check", "run", "A port of this test"]);
    assert_eq!(down.status.code(), Some(2), "the exit code of an unhealthy check");
    let follow = terminal.run(&["logs", "--follow"]);
    assert!(!follow.status.success(), "nothing can be followed without an engine");
    assert!(String::from_utf8_lossy(&follow.stderr).contains("no engine runs on"));
}

fn check_all_commands(terminal: &Terminal<'_>, check: &HealthCheck) {
    metrics_logs_and_traces(terminal);
    checks_and_rules(terminal, check);
    reports_and_exports(terminal);
    mistakes(terminal);
}

fn metrics_logs_and_traces(terminal: &Terminal<'_>) {
    let text = terminal.output(&["query", NUMBERED_METRIC, "--aggregation", "maximum"]);
    assert!(text.starts_with(&format!("# {NUMBERED_METRIC} ")) && text.contains("  9\n"), "{text}");
    let text = terminal.output(&["query", NUMBERED_METRIC, "--aggregation", "count", "--json"]);
    let answer: SeriesResponse = serde_json::from_str(&text).unwrap();
    assert_eq!(answer.series[0].values.iter().sum::<f64>(), 10.0);
    let elsewhere = terminal.output(&["query", NUMBERED_METRIC, "--where", "service=elsewhere"]);
    assert!(elsewhere.starts_with("no samples of"), "{elsewhere}");

    let text = terminal.output(&["logs", "numbered-7"]);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("info") && text.contains("numbered-7; the order was taken"), "{text}");
    let lines: Vec<LogLine> = json_lines(&terminal.output(&["logs", "service:numbered", "--json"]));
    let bodies: Vec<&str> = lines.iter().map(|line| line.body.split_once(';').unwrap().0).collect();
    let expected: Vec<String> = (0..10).map(|number| format!("numbered-{number}")).collect();
    assert_eq!(bodies, expected, "oldest first, as a terminal scrolls");
    assert_eq!(terminal.output(&["logs", "--limit", "3"]).lines().count(), 3);

    let traces: Vec<TraceSummary> = json_lines(&terminal.output(&["traces", "service:numbered", "--json"]));
    assert_eq!(traces.len(), 10);
    let demonstration = terminal.output(&["traces", "--slowest", "--limit", "5"]);
    assert_eq!(demonstration.lines().count(), 6, "a header and five traces: {demonstration}");
}

fn checks_and_rules(terminal: &Terminal<'_>, check: &HealthCheck) {
    let run = terminal.output(&["check", "run", &check.name]);
    assert!(run.starts_with("A port of this test healthy "), "{run}");
    let list = terminal.output(&["check", "list"]);
    assert!(list.contains("A port of this test  healthy"), "{list}");
    let checks: Vec<CheckOverview> =
        serde_json::from_str(&terminal.output(&["check", "list", "--json"])).unwrap();
    assert_eq!(checks.iter().map(|one| &one.check).collect::<Vec<_>>(), [check]);

    let list = terminal.output(&["rules", "list"]);
    assert!(list.contains("Numbers are high  inactive"), "{list}");
    let overviews: Vec<RuleOverview> =
        serde_json::from_str(&terminal.output(&["rules", "list", "--json"])).unwrap();
    assert_eq!(overviews.len(), 1);
    let exported = terminal.output(&["rules", "export"]);
    let rules: Vec<AlertRule> = serde_json::from_str(&exported).unwrap();
    assert_eq!(AlertRule { id: String::new(), ..rules[0].clone() }, rule());
    // An export can be imported and replaces the rule of the same name.
    let changed = terminal.path("changed.json");
    fs::write(&changed, exported).unwrap();
    terminal.output(&["rules", "import", changed.to_str().unwrap()]);
    let again: Vec<AlertRule> = serde_json::from_str(&terminal.output(&["rules", "export"])).unwrap();
    assert_eq!(again, rules);
}

fn reports_and_exports(terminal: &Terminal<'_>) {
    let page = terminal.file(&["report", "--last", "1h", "--title", "The last hour"], "report.html");
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("The last hour") && page.contains("<svg"), "no report");
    let rows = terminal.file(&["report", "--last", "1h", "--format", "csv"], "report.csv");
    let rows = String::from_utf8(rows).unwrap();
    assert!(rows.starts_with("time,service,requests") && rows.lines().count() > 10, "{rows}");
    assert_parquet(&terminal.file(&["report", "--last", "1h", "--format", "parquet"], "report.parquet"));

    for (signal, mark) in [("metrics", NUMBERED_METRIC), ("logs", "numbered-"), ("spans", "numbered-")] {
        let rows = terminal.output(&["export", signal, "--last", "1h", "--format", "csv", "--output", "-"]);
        assert_eq!(rows.lines().filter(|row| row.contains(mark)).count(), 10, "{signal}");
        assert_parquet(&terminal.file(&["export", signal, "--last", "1h"], "export.parquet"));
    }
}

fn assert_parquet(bytes: &[u8]) {
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "not a Parquet file");
}

fn mistakes(terminal: &Terminal<'_>) {
    for (arguments, message) in [
        (&["logs", "(unfinished"] as &[&str], "parenthesis"),
        (&["query", NUMBERED_METRIC, "--where", "nonsense"], "KEY=VALUE"),
        (&["query", NUMBERED_METRIC, "--last", "soon"], "is not a duration"),
        (&["check", "run", "none of this name"], "no check is called"),
        (&["rules", "import", "/nowhere/rules.json"], "cannot read /nowhere/rules.json"),
    ] {
        let output = terminal.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(errors.contains(message), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_missing_folder_is_reported_and_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let output = engine_process::command(&missing, &["status"]).unwrap().output().unwrap();
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("no data folder"), "{errors}");
    assert!(!missing.exists());
}

#[tokio::test]
async fn addresses_on_the_command_line_win_over_the_settings() {
    let mut engine = EngineProcess::prepare(engine_process::SETTINGS).unwrap();
    let port = |_| test_support::servers::free_port().unwrap();
    let [web, grpc, http] = [0, 1, 2].map(port).map(|port| format!("127.0.0.1:{port}"));
    let arguments = ["--http", &web, "--otlp-grpc", &grpc, "--otlp-http", &http];
    engine.launch(&arguments).await.unwrap();
    assert_eq!(engine.address(), format!("http://{web}"));
    engine
        .wait_for_status("every receiver listens at its given address", |status| {
            let addresses: Vec<&str> =
                status.listeners.iter().map(|listener| listener.address.as_str()).collect();
            [&grpc, &http, &web].iter().all(|given| addresses.contains(&given.as_str()))
                && status.listeners.iter().all(|listener| listener.state == model::HealthState::Healthy)
        })
        .await
        .unwrap();
    let settings: Value = engine.call("settings", json!({})).await.unwrap();
    assert_eq!(settings["values"]["listen"]["otlp_grpc"], "127.0.0.1:0", "the file is left alone");
}
