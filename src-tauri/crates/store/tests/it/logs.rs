//! Log records through the public surface.

use crate::fixtures::*;
use model::*;
use store::StoreError;

#[tokio::test]
async fn a_record_is_read_with_every_field() {
    let (_folder, store) = open();
    let mut record = log("shop", NOW, "paid", Attributes::new().with("amount", 12.5).with("ok", true));
    record.trace_id = Some(TraceId([0xab; 16]));
    record.span_id = Some(SpanId([0xff; 8]));
    record.event_name = "payment".to_owned();
    store.write(logs(vec![record.clone()])).await.unwrap();
    let (lines, cursor) = store.logs().search(&Filter::everything(), around(), 10, None).await.unwrap();
    assert_eq!(cursor, None);
    let line = &lines[0];
    assert_eq!((line.time, line.severity, line.service.as_str()), (NOW, Severity::INFO, "shop"));
    assert_eq!((&line.attributes, &line.resource), (&record.attributes, &record.resource.attributes));
    assert_eq!((line.trace_id, line.span_id), (record.trace_id, record.span_id));
    assert_eq!((line.body.as_str(), line.event_name.as_str()), ("paid", "payment"));
}

#[tokio::test]
async fn every_operator_finds_its_records() {
    let (_folder, store) = open();
    let attributes = Attributes::new()
        .with("http.status", 500_i64)
        .with("ratio", 1.0)
        .with("user", "Ada Lovelace")
        .with("list", AttributeValue::Array(vec!["deep".into()]));
    let mut first = log("shop", NOW, "Order failed", attributes);
    first.severity = Severity::ERROR;
    first.trace_id = Some(TraceId([7; 16]));
    store.write(logs(vec![first, log("bank", NOW, "fine", Attributes::new())])).await.unwrap();
    use FieldOperator::*;
    for (key, operator, value, expected) in [
        ("service", Equal, "SHOP", 1),
        ("service", Contains, "o", 1),
        ("http.status", Equal, "500", 1),
        ("http.status", Greater, "499", 1),
        ("http.status", GreaterOrEqual, "500", 1),
        ("http.status", Less, "500", 0),
        ("http.status", LessOrEqual, "500", 1),
        ("ratio", Equal, "1", 1),
        ("user", Contains, "LOVE", 1),
        ("user", Regex, "^Ada .*e$", 1),
        ("user", Regex, "^Love", 0),
        ("user", Exists, "", 1),
        ("service.name", Equal, "bank", 1),
        ("severity", Equal, "error", 1),
        ("severity", GreaterOrEqual, "warn", 1),
        ("severity", Less, "error", 1),
        ("body", Contains, "ORDER", 1),
        ("trace_id", Equal, "07070707070707070707070707070707", 1),
        ("trace_id", Equal, "", 1),
        ("nothing", Exists, "", 0),
        ("nothing", Equal, "", 2),
        ("list", Contains, "deep", 1),
    ] {
        let found = bodies(&store, &field(key, operator, value)).await.len();
        assert_eq!(found, expected, "{key} {operator:?} {value}");
        let not = Filter::Not { of: Box::new(field(key, operator, value)) };
        assert_eq!(bodies(&store, &not).await.len(), 2 - expected, "not {key} {operator:?} {value}");
    }
    for (text, expected) in [("FAILED", 1), ("lovelace", 1), ("status", 0), ("deep", 1), ("fine", 1)] {
        let found = bodies(&store, &Filter::Text { text: text.to_owned() }).await.len();
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(bodies(&store, &Filter::SeverityAtLeast { severity: Severity::WARN }).await.len(), 1);
    assert!(bodies(&store, &Filter::Any { of: Vec::new() }).await.is_empty());
}

#[tokio::test]
async fn hostile_keys_and_values_are_only_text() {
    let (_folder, store) = open();
    let long = "x".repeat(1 << 20);
    for hostile in [
        "'; DROP TABLE logs; --",
        "\"",
        "it's",
        "a\"b",
        "$.x[0]",
        "a/b~c",
        "[*]",
        "%_%",
        "\\",
        "\\\"",
        "日本語 İß",
        "\0",
        "a\0b",
        "*",
        "",
        " ",
        "\u{202e}",
        "?",
        "$1",
        "{}",
        "\n",
        long.as_str(),
    ] {
        let (_folder, store) = open();
        let record = log("shop", NOW, hostile, Attributes::new().with(hostile, hostile));
        store.write(logs(vec![record, log("shop", NOW, "other", Attributes::new())])).await.unwrap();
        let (lines, _) = store
            .logs()
            .search(&field(hostile, FieldOperator::Equal, hostile), around(), 10, None)
            .await
            .unwrap();
        let shown: String = hostile.chars().take(20).collect();
        if !hostile.is_empty() {
            assert_eq!(lines.len(), 1, "{shown:?}");
            assert_eq!(lines[0].body, hostile, "{shown:?}");
            assert_eq!(lines[0].attributes.text(hostile), Some(hostile), "{shown:?}");
            let text = Filter::Text { text: hostile.to_owned() };
            assert!(!bodies(&store, &text).await.is_empty(), "{shown:?}");
        }
        let by_service = store.logs().count_by_service(&Filter::everything(), around()).await.unwrap();
        assert_eq!(by_service, [("shop".to_owned(), 2)]);
    }
    for bad in ["(", "a{99999}", "\\", "a\0"] {
        let outcome =
            store.logs().search(&field("body", FieldOperator::Regex, bad), around(), 10, None).await;
        assert!(matches!(outcome, Err(StoreError::InvalidRequest(_))), "{bad:?}: {outcome:?}");
    }
    let number = store.logs().search(&field("a", FieldOperator::Less, "x"), around(), 10, None).await;
    assert!(matches!(number, Err(StoreError::InvalidRequest(_))));
    let cursor = store.logs().search(&Filter::everything(), around(), 10, Some("1; DROP")).await;
    assert!(matches!(cursor, Err(StoreError::InvalidRequest(_))));
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_records_arrive() {
    let (_folder, store) = open();
    // Many records share a time.
    let records = (0..1000).map(|n| log("shop", at(n / 100), &n.to_string(), Attributes::new())).collect();
    store.write(logs(records)).await.unwrap();
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                store.write(logs(vec![log("late", at(100 + n), "late", Attributes::new())])).await.unwrap();
            }
        })
    };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let filter = field("service", FieldOperator::Equal, "shop");
        let (lines, next) = store.logs().search(&filter, around(), 70, cursor.as_deref()).await.unwrap();
        seen.extend(lines.into_iter().map(|line| line.body.parse::<i64>().unwrap()));
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    writer.await.unwrap();
    assert_eq!(seen, (0..1000).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_of_long_records_ends_before_its_limit() {
    let (_folder, store) = open();
    let attributes = || Attributes::new().with("k", "v".repeat(500_000));
    for part in 0..10_i64 {
        let body = |n: i64| format!("{} {}", part * 4 + n, "x".repeat(500_000));
        let records = (0..4).map(|n| log("shop", at(part), &body(n), attributes())).collect();
        store.write(logs(records)).await.unwrap();
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let filter = field("service", FieldOperator::Equal, "shop");
        let (lines, next) = store.logs().search(&filter, around(), 100, cursor.as_deref()).await.unwrap();
        assert!(lines.len() < 36, "{} MB in one page", lines.len());
        seen.extend(lines.iter().map(|line| line.body.split(' ').next().unwrap().parse::<i64>().unwrap()));
        pages += 1;
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!((pages, seen), (2, (0..40).rev().collect()));
}

#[tokio::test]
async fn counts_cover_every_step_of_the_range() {
    let (_folder, store) = open();
    let mut error = log("shop", at(61), "bad", Attributes::new().with("k", "v"));
    error.severity = Severity::FATAL;
    store.write(logs(vec![log("shop", at(0), "a", Attributes::new()), error])).await.unwrap();
    let step = 60 * NANOS_PER_SECOND;
    let range = TimeRange::new(NOW.floor(step), NOW.floor(step).offset(5 * step));
    let counts = store.logs().count(&Filter::everything(), range, step).await.unwrap();
    assert_eq!((counts.times.len(), counts.total), (5, 2));
    let names: Vec<_> = counts.counts.iter().map(|counts| counts.severity.as_str()).collect();
    assert_eq!(names, ["info", "fatal"]);
    assert_eq!(counts.counts.iter().flat_map(|severity| &severity.counts).sum::<u64>(), 2);
    let fields = store.logs().fields(around()).await.unwrap();
    assert!(fields.iter().any(|field| field.key == "k" && field.values == ["v"]));
    assert!(store.logs().count(&Filter::everything(), range, 0).await.is_err());
}
