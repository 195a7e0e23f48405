//! Reports of spans, checks, alerts and log records in a real store.

use std::{path::Path, sync::Arc};

use model::*;
use report::{ReportError, data, html};
use store::{Store, StoreOptions};

use crate::page_text;

const MINUTE: i64 = 60 * NANOS_PER_SECOND;

fn start() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000.0).floor(60 * MINUTE)
}

fn request(range: TimeRange) -> ReportRequest {
    ReportRequest { title: "Test".into(), range, services: Vec::new(), utc_offset_minutes: 0 }
}

fn span(
    number: u64,
    service: &Arc<Resource>,
    name: &str,
    start: Timestamp,
    duration: i64,
    failed: bool,
) -> Span {
    let mut trace_id = [7; 16];
    trace_id[..8].copy_from_slice(&(number + 1).to_be_bytes());
    Span {
        trace_id: TraceId(trace_id),
        span_id: SpanId((number + 1).to_be_bytes()),
        parent_span_id: None,
        name: name.to_owned(),
        kind: SpanKind::Server,
        start,
        duration,
        status: if failed { SpanStatus::Error } else { SpanStatus::Unset },
        status_message: String::new(),
        trace_state: String::new(),
        resource: service.clone(),
        scope: Arc::default(),
        attributes: Attributes::new(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

/// Stores two hours of requests of two services, of which a quarter of an hour is missing.
///
/// One service becomes slower in the second hour.
async fn filled(folder: &Path) -> (Store, TimeRange) {
    let store = Store::open(folder, StoreOptions::default()).expect("store");
    let mut batch = TelemetryBatch::default();
    let checkout = Arc::new(Resource::service_named("checkout"));
    let odd = Arc::new(Resource::service_named("<b>odd & \"quoted\"</b>"));
    for number in 0..2_400_u64 {
        let time = start().offset(number as i64 * 3 * NANOS_PER_SECOND);
        if (time.since(start()) / MINUTE) >= 80 && (time.since(start()) / MINUTE) < 95 {
            continue;
        }
        let scatter = (number * 37 % 101) as i64 * 200_000;
        let slower = if number >= 1_200 { 2 } else { 1 };
        let name = if number % 3 == 0 { "POST /checkout" } else { "GET /cart" };
        batch.spans.push(span(
            number,
            &checkout,
            name,
            time,
            (30_000_000 + scatter) * slower,
            number % 50 == 0,
        ));
        batch.spans.push(span(number + 10_000, &odd, "poll", time, 2_000_000 + scatter / 10, false));
    }
    for number in 0..30_i64 {
        let time = start().offset(70 * MINUTE + number * NANOS_PER_SECOND);
        batch.logs.push(LogRecord {
            time,
            observed_time: time,
            severity: if number % 3 == 0 { Severity::ERROR } else { Severity::INFO },
            severity_text: String::new(),
            body: "connection refused".into(),
            resource: checkout.clone(),
            scope: Arc::default(),
            attributes: Attributes::new(),
            trace_id: None,
            span_id: None,
            event_name: String::new(),
        });
    }
    for minute in 60..120 {
        let cpu = Series::gauge("system.cpu.utilization", "1", Arc::default(), Attributes::new());
        batch.add_sample(cpu, start().offset(minute * MINUTE), 0.25);
    }
    store.write(batch).await.expect("written");
    let gap = TimeRange::new(start().offset(80 * MINUTE), start().offset(95 * MINUTE));
    store.history().record_gap(Gap { range: gap, reason: GapReason::Asleep }).await.expect("recorded");
    (store, TimeRange::new(start().offset(60 * MINUTE), start().offset(120 * MINUTE)))
}

fn text_of(page: &str) -> String {
    page_text::texts(page).join("|")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_those_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (store, range) = filled(folder.path()).await;
    let page = html(&store, &request(range), range.end).await.unwrap();
    let text = text_of(&page);
    let request = ServicesRequest { range, matchers: Vec::new(), spark_points: 10 };
    let services = store.traces().services(&request).await.unwrap();
    assert_eq!(services.len(), 2);
    for service in services {
        let mut figures = vec![
            service.service.clone(),
            analysis::figures::format(service.rate, "1/s"),
            analysis::figures::format(service.error_ratio, "1"),
        ];
        figures.extend(
            [service.p50, service.p95, service.p99]
                .into_iter()
                .flatten()
                .map(|nanos| analysis::figures::format(nanos as f64, "ns")),
        );
        for figure in figures {
            assert!(text.contains(&format!("|{figure}|")), "{figure} in {text}");
        }
    }
    assert!(text.contains("checkout was slower than in the preceding 1 h."), "{text}");
    assert!(text.contains("median up 100% (95% CI "), "{text}");
    for expected in
        ["|POST /checkout|", "|GET /cart|", "|10|", "|30|", "the machine was asleep", "|CPU|", "for 15 min"]
    {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(page.matches("class=\"gap\"").count() >= 6);
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_takes_one_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let (store, range) = filled(folder.path()).await;
    let before = store.admin().snapshots_taken();
    html(&store, &request(range), range.end).await.unwrap();
    assert_eq!(store.admin().snapshots_taken(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_requested_services_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (store, range) = filled(folder.path()).await;
    let requested = ReportRequest { services: vec!["checkout".into(), "absent".into()], ..request(range) };
    let text = text_of(&html(&store, &requested, range.end).await.unwrap());
    assert!(text.contains("|checkout|") && !text.contains("odd &"), "{text}");
    assert!(text.contains("No data from absent in this range."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_gives_a_report_without_data() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let range = TimeRange::last(3600, start());
    let text = text_of(&html(&store, &request(range), range.end).await.unwrap());
    assert!(text.contains("No requests were received in this range."), "{text}");
    assert!(matches!(
        html(&store, &request(TimeRange::new(start(), start())), start()).await,
        Err(ReportError::EmptyRange)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_parquet_hold_the_same_rows_as_the_charts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, range) = filled(&folder.path().join("data")).await;
    let csv = folder.path().join("figures.csv");
    let parquet = folder.path().join("figures.parquet");
    for (format, path) in [(ReportFormat::Csv, &csv), (ReportFormat::Parquet, &parquet)] {
        data(&store, &request(range), format).await.unwrap().save(path).unwrap();
    }
    assert!(matches!(data(&store, &request(range), ReportFormat::Html).await, Err(ReportError::NotData)));

    let reader = duckdb::Connection::open_in_memory().unwrap();
    let rows = |source: String| -> Vec<(String, i64, f64, f64)> {
        let select = format!(
            "SELECT service, requests, p95_duration_ns, epoch_ns(time::TIMESTAMP_NS) FROM {source} ORDER BY service, time"
        );
        let mut statement = reader.prepare(&select).unwrap();
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)? as f64)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let from_csv = rows(format!("read_csv('{}')", csv.display()));
    let from_parquet = rows(format!("read_parquet('{}')", parquet.display()));
    assert_eq!(from_csv, from_parquet);
    let request = ServiceRequest { service: "checkout".into(), operation: None, range, max_points: 240 };
    let detail = store.traces().service_detail(&request).await.unwrap().unwrap();
    let checkout: Vec<_> = from_csv.iter().filter(|row| row.0 == "checkout").collect();
    assert_eq!(checkout.len(), detail.times.len());
    for (row, (time, p95)) in checkout.iter().zip(detail.times.iter().zip(&detail.p95)) {
        assert_eq!(row.3, time.0 as f64);
        assert!((row.2 - p95).abs() <= 1.0, "{} and {p95}", row.2);
    }
}
