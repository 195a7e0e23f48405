//! Spans, services, history and exports through the public surface.

use std::fs;

use crate::fixtures::*;
use model::*;
use runtime::Clock;
use store::{Store, StoreOptions};

#[tokio::test]
async fn traces_are_found_by_a_span_and_summarized_as_a_whole() {
    let (_folder, store) = open();
    let mut failing = span("bank", 1, 2, Some(1), at(2), NANOS_PER_SECOND);
    failing.status = SpanStatus::Error;
    failing.attributes = Attributes::new().with("retry", 3_i64);
    failing.events = vec![SpanEvent {
        time: at(2),
        name: "exception".into(),
        attributes: Attributes::new().with("m", "x"),
    }];
    failing.links =
        vec![SpanLink { trace_id: TraceId([9; 16]), span_id: SpanId([9; 8]), attributes: Attributes::new() }];
    let looping = span("loop", 2, 5, Some(5), at(10), i64::MAX);
    store
        .write(spans(vec![span("shop", 1, 1, None, at(0), 9 * NANOS_PER_SECOND), failing.clone(), looping]))
        .await
        .unwrap();
    let filter = field("status", FieldOperator::Equal, "error");
    let narrow = TimeRange::new(at(1), at(3));
    let (found, more) = store.traces().search(&filter, narrow, TraceOrder::Newest, 10).await.unwrap();
    assert!(!more);
    assert_eq!(found.len(), 1);
    let summary = &found[0];
    assert_eq!((summary.spans, summary.errors, summary.complete), (2, 1, true));
    assert_eq!((summary.root_name.as_str(), summary.root_service.as_str()), ("operation 1", "shop"));
    assert_eq!((summary.start, summary.duration), (at(0), 9 * NANOS_PER_SECOND));
    assert_eq!(summary.services, ["bank", "shop"]);
    for (key, operator, value, expected) in [
        ("duration", FieldOperator::Greater, "2000000000", 2),
        ("kind", FieldOperator::Equal, "server", 1),
        ("name", FieldOperator::Contains, "OPERATION", 2),
        ("retry", FieldOperator::GreaterOrEqual, "3", 1),
        ("span_id", FieldOperator::Equal, "0202020202020202", 1),
    ] {
        let filter = field(key, operator, value);
        let (found, _) = store.traces().search(&filter, around(), TraceOrder::Slowest, 10).await.unwrap();
        assert_eq!(found.len(), expected, "{key} {value}");
    }
    let (one, more) =
        store.traces().search(&Filter::everything(), around(), TraceOrder::Slowest, 1).await.unwrap();
    assert!(more && one[0].trace_id == TraceId([2; 16]) && !one[0].complete);
    let trace = store.traces().trace(TraceId([1; 16]), 100).await.unwrap().unwrap();
    assert_eq!(trace.spans.len(), 2);
    let read = &trace.spans[1];
    assert_eq!((read.offset, read.parent_span_id), (2 * NANOS_PER_SECOND, Some(SpanId([1; 8]))));
    assert_eq!(
        (&read.events, &read.links, &read.attributes),
        (&failing.events, &failing.links, &failing.attributes)
    );
    assert_eq!(store.traces().trace(TraceId([8; 16]), 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_span_that_is_sent_again_is_stored_once() {
    let (folder, store) = open();
    let mut commits = store.subscribe();
    // The first commit reads the spans of the table that are newer than a quarter of an hour.
    let now = Timestamp(Clock::system().now().0 - NANOS_PER_SECOND);
    let sent = || vec![span("shop", 1, 1, None, now, 9), span("shop", 1, 2, Some(1), now, 5)];
    store.write(spans(sent())).await.unwrap();
    let mut again = sent();
    again.push(span("shop", 1, 3, Some(1), now, 4));
    again[1].kind = SpanKind::Client;
    store.write(spans(again)).await.unwrap();
    let committed: Vec<usize> = std::iter::from_fn(|| commits.try_recv().ok())
        .map(|commit| commit.telemetry.iter().map(|batch| batch.spans.len()).sum())
        .collect();
    assert_eq!(committed, [2, 2], "only new spans are announced; another role makes another span");
    let count =
        async |store: &Store| store.traces().trace(TraceId([1; 16]), 100).await.unwrap().unwrap().spans.len();
    assert_eq!(count(&store).await, 4);

    store.close().await.unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    store.write(spans(sent())).await.unwrap();
    assert_eq!(count(&store).await, 4, "also after a restart");
}

#[tokio::test]
async fn services_are_listed_in_the_order_of_first_receipt() {
    let (_folder, store) = open();
    for name in ["shop", "cart", "shop", "audit"] {
        let mut batch = TelemetryBatch::default();
        batch.add_sample(Series::gauge("m", "", resource(name), Attributes::new()), at(1), 1.0);
        store.write(batch).await.unwrap();
    }
    assert_eq!(store.traces().service_names().await.unwrap(), ["shop", "cart", "audit"]);
}

#[tokio::test]
async fn the_state_of_a_service_follows_from_its_requests() {
    let (_folder, store) = open();
    let mut records = Vec::new();
    for n in 1..=100_u8 {
        let mut request = span("shop", n, 1, None, at(i64::from(n)), i64::from(n) * 1_000_000);
        if n <= 2 {
            request.status = SpanStatus::Error;
        }
        records.push(request);
        records.push(span("shop", n, 2, Some(1), at(i64::from(n)), 5));
    }
    let mut job = span("job", 200, 1, None, at(0), 7);
    job.kind = SpanKind::Internal;
    records.push(job);
    records.push(span("old", 201, 1, None, at(-7200), 7));
    store.write(spans(records)).await.unwrap();
    let request = ServicesRequest { range: around(), matchers: Vec::new(), spark_points: 12 };
    let services = store.traces().services(&request).await.unwrap();
    let names: Vec<_> = services.iter().map(|service| (service.service.as_str(), service.state)).collect();
    assert_eq!(
        names,
        [("job", HealthState::Healthy), ("old", HealthState::Unknown), ("shop", HealthState::Degraded)]
    );
    let shop = &services[2];
    assert_eq!((shop.error_ratio, shop.p50), (0.02, Some(50_500_000)));
    assert_eq!(shop.spark.len(), 12);
    assert!(shop.spark.iter().any(Option::is_some));
    let request =
        ServiceRequest { service: "shop".into(), operation: None, range: around(), max_points: 300 };
    let detail = store.traces().service_detail(&request).await.unwrap().unwrap();
    let total: f64 = detail.rate.iter().map(|rate| rate * detail.step as f64 / 1e9).sum();
    assert_eq!(total.round(), 100.0);
    assert_eq!(detail.operations.len(), 1);
    let request = ServiceRequest { service: "none".into(), ..request };
    assert_eq!(store.traces().service_detail(&request).await.unwrap(), None);
    assert_eq!(store.traces().request_durations("shop", around(), 1000).await.unwrap().len(), 100);
    assert_eq!(store.traces().request_durations("shop", around(), 30).await.unwrap().len(), 30);
}

fn result(seconds: i64, state: HealthState) -> CheckResult {
    CheckResult {
        check_id: "c".into(),
        time: at(seconds),
        state,
        duration: 10 + seconds,
        message: format!("at {seconds}"),
        attempts: 1,
        measurements: [("bad".to_owned(), f64::NAN), ("good".to_owned(), 1.0)].into(),
    }
}

#[tokio::test]
async fn checks_have_results_incidents_and_a_timeline() {
    let (_folder, store) = open();
    let check = HealthCheck {
        id: "c".into(),
        ..HealthCheck::new(
            "it's up",
            CheckKind::from_value(serde_json::json!({"type": "tcp", "host": "localhost", "port": 1}))
                .unwrap(),
        )
    };
    store.history().put_check(check.clone()).await.unwrap();
    store.history().put_check(check.clone()).await.unwrap();
    assert_eq!(store.history().checks().await.unwrap(), [check]);
    let mut incident = Incident {
        id: "i".into(),
        check_id: "c".into(),
        started: at(10),
        ended: None,
        worst: HealthState::Unhealthy,
        message: "down".into(),
    };
    store.history().record_check_result(result(0, HealthState::Healthy), None).await.unwrap();
    store
        .history()
        .record_check_result(result(10, HealthState::Unhealthy), Some(incident.clone()))
        .await
        .unwrap();
    assert_eq!(store.history().open_incidents().await.unwrap().len(), 1);
    incident.ended = Some(at(20));
    store
        .history()
        .record_check_result(result(20, HealthState::Healthy), Some(incident.clone()))
        .await
        .unwrap();
    assert!(store.history().open_incidents().await.unwrap().is_empty());
    assert_eq!(store.history().incidents(around(), Some("c"), 10).await.unwrap(), [incident]);
    assert!(store.history().incidents(around(), Some("d"), 10).await.unwrap().is_empty());
    let range = TimeRange::new(at(0), at(40));
    let results = store.history().check_results("c", range, 10).await.unwrap();
    assert_eq!(results.iter().map(|result| result.time).collect::<Vec<_>>(), [at(20), at(10), at(0)]);
    assert_eq!(store.history().latest_check_results().await.unwrap()[0].time, at(20));
    let states: Vec<_> = store
        .history()
        .check_timeline("c", range, 4)
        .await
        .unwrap()
        .iter()
        .map(|bucket| bucket.state)
        .collect();
    use HealthState::*;
    assert_eq!(states, [Healthy, Unhealthy, Healthy, Unknown]);
    let (uptime, median) = store.history().check_statistics("c", range).await.unwrap();
    assert_eq!((uptime, median), (Some(0.75), Some(30)));
    assert!(store.history().delete_check("c").await.unwrap());
    assert!(!store.history().delete_check("c").await.unwrap());
}

#[tokio::test]
async fn evidence_gaps_notifications_and_heartbeats_are_read_as_written() {
    let (_folder, store) = open();
    let evidence = |seconds| AlertEvidence {
        fingerprint: "f".into(),
        fired_at: at(seconds),
        range: around(),
        series: vec![SeriesPoints {
            labels: Labels::new(),
            times: (0..4).map(at).collect(),
            values: vec![f64::NAN, 2.0, f64::INFINITY, f64::NEG_INFINITY],
        }],
        logs: Vec::new(),
        traces: Vec::new(),
    };
    store.history().put_evidence(evidence(1)).await.unwrap();
    store.history().put_evidence(evidence(2)).await.unwrap();
    assert_eq!(store.history().evidence("f", None).await.unwrap().unwrap().fired_at, at(2));
    let first = store.history().evidence("f", Some(at(1))).await.unwrap().unwrap();
    let values: Vec<String> = first.series[0].values.iter().map(|value| number_text(*value)).collect();
    assert_eq!((first.fired_at, values.join(" ")), (at(1), "NaN 2 +Inf -Inf".to_owned()));
    assert_eq!(store.history().evidence("g", None).await.unwrap(), None);
    let gap = Gap { range: TimeRange::new(at(0), at(5)), reason: GapReason::Asleep };
    store.history().record_gap(gap.clone()).await.unwrap();
    assert_eq!(store.history().gaps(TimeRange::new(at(4), at(9))).await.unwrap(), [gap]);
    assert!(store.history().gaps(TimeRange::new(at(5), at(9))).await.unwrap().is_empty());
    assert_eq!(store.history().last_heartbeat().await.unwrap(), None);
    store.history().heartbeat(at(1)).await.unwrap();
    store.history().heartbeat(at(2)).await.unwrap();
    assert_eq!(store.history().last_heartbeat().await.unwrap(), Some(at(2)));
    store.history().heartbeat(at(3)).await.unwrap();
    assert_eq!(store.history().last_heartbeat().await.unwrap(), Some(at(3)));
    let notification = Notification {
        id: "n".into(),
        time: at(0),
        kind: NotificationKind::Test,
        fingerprint: None,
        grouped: Vec::new(),
        rule_id: None,
        title: "t".into(),
        body: "b".into(),
        channel: "desktop".into(),
        outcome: DeliveryOutcome::Failed("no daemon".into()),
        action: None,
    };
    store.history().record_notification(notification).await.unwrap();
    let chosen = store.history().set_notification_action("n", "open").await.unwrap().unwrap();
    assert_eq!((chosen.id.as_str(), chosen.action.as_deref()), ("n", Some("open")));
    assert_eq!(store.history().set_notification_action("m", "open").await.unwrap(), None);
    assert_eq!(store.history().notifications(around(), 9).await.unwrap()[0].action.as_deref(), Some("open"));
}

#[tokio::test]
async fn exports_are_readable_again() {
    let (folder, store) = open();
    let mut batch = spans(vec![span("it's, \"shop\"", 1, 1, None, NOW, 5)]);
    batch.logs.push(log("shop", NOW, "a,\"b\"\nc", Attributes::new().with("k", "v")));
    batch.add_sample(Series::gauge("g", "", resource("shop"), Attributes::new().with("k", "v")), NOW, 1.5);
    store.write(batch).await.unwrap();
    let reader = duckdb::Connection::open_in_memory().unwrap();
    let read = |path: &std::path::Path, column: &str| {
        let sql = format!("SELECT CAST({column} AS VARCHAR) FROM '{}'", path.display());
        reader.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    for (format, extension) in [(ExportFormat::Csv, "csv"), (ExportFormat::Parquet, "parquet")] {
        for (signal, column, expected) in [
            (ExportSignal::Metrics, "tags", r#"{"service.name":"shop","k":"v"}"#),
            (ExportSignal::Logs, "message", "a,\"b\"\nc"),
            (ExportSignal::Spans, "service", "it's, \"shop\""),
        ] {
            let path = folder.path().join(format!("{signal:?}.{extension}"));
            let request = ExportRequest { signal, range: around(), format };
            assert_eq!(store.admin().export(&request).await.unwrap().save(&path).unwrap(), 1, "{signal:?}");
            assert_eq!(read(&path, column), expected, "{signal:?} {extension}");
            if signal != ExportSignal::Metrics {
                assert_eq!(read(&path, "flags"), "0", "{signal:?} {extension}");
            }
        }
        let path = folder.path().join(format!("services.{extension}"));
        let names = ["it's, \"shop\"".to_owned()];
        let rows = store.admin().export_service_rows(&names, around(), NANOS_PER_SECOND * 60, format).await;
        assert_eq!(rows.unwrap().save(&path).unwrap(), 1);
        assert_eq!(read(&path, "requests"), "1");
    }
    assert_eq!(fs::read_dir(folder.path().join("exports")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_spreadsheet_runs_no_formula_of_an_export() {
    let (folder, store) = open();
    let attacks = ["=HYPERLINK(\"http://evil\")", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"];
    let harmless = ["GET /?a=b", "'quoted", "", "1", " =1"];
    let bodies = attacks.iter().chain(&harmless).enumerate();
    store
        .write(logs(
            bodies.map(|(second, body)| log("=s", at(second as i64), body, Attributes::new())).collect(),
        ))
        .await
        .unwrap();
    let series = Series::gauge("g", "", resource("-shop"), Attributes::new());
    let mut batch = TelemetryBatch::default();
    batch.add_sample(series, at(0), -1.5);
    store.write(batch).await.unwrap();
    let reader = duckdb::Connection::open_in_memory().unwrap();
    let range = TimeRange::new(at(-1), at(60));
    for format in [ExportFormat::Csv, ExportFormat::CsvRaw] {
        let column = async |signal, column: &str| -> Vec<String> {
            let path = folder.path().join("export.csv");
            store
                .admin()
                .export(&ExportRequest { signal, range, format })
                .await
                .unwrap()
                .save(&path)
                .unwrap();
            let sql = format!(
                "SELECT coalesce({column}, '') FROM read_csv('{}', header = true, all_varchar = true)",
                path.display()
            );
            let mut statement = reader.prepare(&sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let escaped = |text: &str| match format {
            ExportFormat::Csv => format!("'{text}"),
            _ => text.to_owned(),
        };
        let expected: Vec<String> =
            attacks.iter().map(|text| escaped(text)).chain(harmless.map(str::to_owned)).collect();
        assert_eq!(column(ExportSignal::Logs, "message").await, expected);
        assert!(column(ExportSignal::Logs, "service").await.iter().all(|service| *service == escaped("=s")));
        assert_eq!(column(ExportSignal::Metrics, "service").await, [escaped("-shop")]);
        assert_eq!(column(ExportSignal::Metrics, "value").await, ["-1.5"], "numbers stay numbers");
    }
}

#[tokio::test]
async fn observation_begins_with_the_first_heartbeat_or_an_older_gap() {
    let (_folder, store) = open();
    assert_eq!(store.history().first_heartbeat().await.unwrap(), None);
    for second in [10, 20, 30] {
        store.history().heartbeat(at(second)).await.unwrap();
        assert_eq!(store.history().first_heartbeat().await.unwrap(), Some(at(10)));
        assert_eq!(store.history().last_heartbeat().await.unwrap(), Some(at(second)));
    }
    let range = TimeRange::new(at(5), at(8));
    store.history().record_gap(Gap { range, reason: GapReason::NotRunning }).await.unwrap();
    assert_eq!(store.history().first_heartbeat().await.unwrap(), Some(at(5)));
}

#[tokio::test]
async fn a_trace_of_long_spans_is_cut() {
    let (_folder, store) = open();
    for id in 1..=40 {
        let long = span("shop", 1, id, None, at(i64::from(id)), 5);
        let attributes = Attributes::new().with("k", "v".repeat(1_000_000));
        store.write(spans(vec![Span { attributes, ..long }])).await.unwrap();
    }
    let trace = store.traces().trace(TraceId([1; 16]), 1000).await.unwrap().unwrap();
    assert_eq!(trace.summary.spans, 40);
    assert!((30..36).contains(&trace.spans.len()), "{}", trace.spans.len());
    assert_eq!(trace.spans[0].span_id, SpanId([1; 8]));
}
