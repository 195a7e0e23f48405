//! Exemplars through the public surface.

use crate::fixtures::{metrics::counter, *};
use model::*;

#[tokio::test]
async fn exemplars_are_read_newest_first_with_their_traces() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(counter());
    for second in 0..5 {
        batch.exemplars.push(Exemplar {
            series: id,
            time: at(second),
            value: second as f64,
            trace_id: (second != 3).then_some(TraceId([7; 16])),
            span_id: Some(SpanId([9; 8])),
            attributes: Attributes::new().with("user", "eve"),
        });
    }
    store.write(batch).await.unwrap();
    let request = ExemplarsRequest {
        metric: "requests_total".into(),
        matchers: vec![],
        range: TimeRange::new(at(2), at(100)),
        limit: 3,
    };
    let read = store.metrics().exemplars(&request).await.unwrap();
    assert_eq!(read.iter().map(|exemplar| exemplar.value).collect::<Vec<_>>(), [4.0, 3.0, 2.0]);
    assert_eq!((read[0].trace_id, read[1].trace_id), (Some(TraceId([7; 16])), None));
    assert_eq!((read[0].span_id, read[0].attributes.text("user")), (Some(SpanId([9; 8])), Some("eve")));
    assert_eq!(read[0].labels["service.name"], "shop");
}

#[tokio::test]
async fn a_limited_read_of_exemplars_has_the_outliers_of_the_whole_range() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(counter());
    for second in 0..1000 {
        let value = if second % 100 == 7 { 50.0 } else { 1.0 };
        let (trace_id, span_id, attributes) = (None, None, Attributes::new());
        batch.exemplars.push(Exemplar { series: id, time: at(second), value, trace_id, span_id, attributes });
    }
    store.write(batch).await.unwrap();
    let request =
        |range, limit| ExemplarsRequest { metric: "requests_total".into(), matchers: vec![], range, limit };
    let read = store.metrics().exemplars(&request(TimeRange::new(at(0), at(1000)), 40)).await.unwrap();
    assert_eq!(read.len(), 40);
    assert!(read.is_sorted_by_key(|exemplar| std::cmp::Reverse(exemplar.time)));
    assert_eq!(read.iter().filter(|exemplar| exemplar.value == 50.0).count(), 10);
    let seconds = |from, to| read.iter().filter(|e| (at(from)..at(to)).contains(&e.time)).count();
    assert!(seconds(0, 500) >= 10 && seconds(500, 1000) >= 10, "not all from one end");
    let ever = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    assert_eq!(store.metrics().exemplars(&request(ever, 1)).await.unwrap()[0].value, 50.0);
    assert!(store.metrics().exemplars(&request(ever, 0)).await.unwrap().is_empty());
}
