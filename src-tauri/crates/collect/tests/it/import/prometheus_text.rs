//! Prometheus text and OpenMetrics with times.

use std::fs;

use model::{ExemplarsRequest, MetricKind, SamplesRequest, Timestamp};

use super::{ALWAYS, import, import_as, points, written};
use crate::common::Bench;

#[tokio::test]
async fn prometheus_text_is_imported_with_its_times() {
    let bench = Bench::new();
    let text = "# HELP up whether\n# TYPE up gauge\nup{job=\"node\"} 1 1700000000000\nup{job=\"node\"} 0 1700000015000\n\
        # TYPE c counter\nc 5 1700000000000\nbroken{ 1 1700000000000\nc 5\nc 6 17\n\
        # TYPE h histogram\nh_bucket{le=\"1\"} 2 1700000000000\nh_bucket{le=\"+Inf\"} 3 1700000000000\nh_sum 4 1700000000000\nh_count 3 1700000000000\n";
    let path = written(&bench, "a.prom", text);
    let progress = import(&bench.store, &path).await.unwrap();
    assert_eq!((progress.points, progress.series), (4, 3), "{:?}", progress.reasons);
    assert_eq!(progress.rejected, 3);
    assert!(progress.reasons.iter().any(|reason| reason.starts_with("line 7: ")), "{:?}", progress.reasons);
    assert!(
        progress.reasons.iter().any(|reason| reason.starts_with("line 8: no time")),
        "{:?}",
        progress.reasons
    );
    let series = points(&bench.store, "up").await;
    assert_eq!((series.len(), series[0].times.len()), (1, 2));
    assert_eq!(series[0].labels["service.name"], "node");
    let (kind, _) = bench.store.metrics().kind("h").await.unwrap().unwrap();
    assert_eq!(kind, MetricKind::Histogram);
}

#[tokio::test]
async fn openmetrics_is_imported_with_times_in_seconds() {
    let bench = Bench::new();
    let mut text = String::from("# TYPE req counter\n# HELP req requests\n");
    for step in 0..30_000 {
        let time = 1_700_000_000.25 + f64::from(step);
        text.push_str(&format!("req_total{{path=\"/\"}} {step} {time} # {{trace_id=\"a\"}} 1\n"));
    }
    text.push_str("req_created{path=\"/\"} 1700000000 1700000000\n# TYPE d histogram\n");
    for step in 0..12_000 {
        let time = 1_700_000_000 + step;
        for line in [
            format!("d_bucket{{le=\"1\"}} {step}"),
            format!("d_bucket{{le=\"+Inf\"}} {step}"),
            "d_sum 1".to_owned(),
            format!("d_count {step}"),
        ] {
            text.push_str(&format!("{line} {time}\n"));
        }
    }
    text.push_str("# EOF\n");
    let path = written(&bench, "a.om", text);
    let progress = import(&bench.store, &path).await.unwrap();
    assert_eq!(
        (progress.points, progress.series, progress.rejected),
        (42_000, 2, 0),
        "{:?}",
        progress.reasons
    );
    let (kind, _) = bench.store.metrics().kind("req_total").await.unwrap().unwrap();
    assert_eq!(kind, MetricKind::Counter);
    let range = progress.range.unwrap();
    assert_eq!(range.start, Timestamp(1_700_000_000_000_000_000));
    assert_eq!(range.end, Timestamp(1_700_029_999_250_000_001));
}

#[tokio::test]
async fn openmetrics_has_exemplars_and_types() {
    let bench = Bench::new();
    let text = "# TYPE req counter\nreq_total{path=\"a # b\"} 3 1767222000.123456789 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\",who=\"x\"} 0.67 1767222000.05\n\
        # TYPE d histogram\nd_bucket{le=\"1.0\"} 1 1767222000 # {span_id=\"b7ad6b7169203331\"} 0.5\nd_bucket{le=\"+Inf\"} 2 1767222000 # {a=\"b\"} 9\n\
        d_count 2 1767222000\nd_sum 3 1767222000\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 4 1767222000\ng_gcount 4 1767222000\n\
        # TYPE i info\ni_info{v=\"1\"} 1 1767222000\n# TYPE u unknown\nu 1 1767222000\n# TYPE bad nonsense\nbad 1 1767222000\n\
        bad{x=\"1\"} 1 1767222000 # {} \nbad{x=\"2\"} 1 1767222000 # {x=\"y\n# EOF\n";
    let path = bench.folder.path().join("a.om");
    fs::write(&path, text).unwrap();
    let progress = import_as(None, &bench.store, &path).await.unwrap();
    assert_eq!((progress.points, progress.rejected), (7, 2), "{:?}", progress.reasons);
    assert!(progress.reasons[0].starts_with("line 17: "), "{:?}", progress.reasons);
    let exemplars = |metric: &str| {
        let request =
            ExemplarsRequest { metric: metric.to_owned(), matchers: Vec::new(), range: ALWAYS, limit: 10 };
        let store = bench.store.clone();
        async move { store.metrics().exemplars(&request).await.unwrap() }
    };
    let found = exemplars("req_total").await;
    assert_eq!((found.len(), found[0].value, found[0].time), (1, 0.67, Timestamp(1_767_222_000_050_000_000)));
    assert_eq!(found[0].trace_id.unwrap().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(exemplars("d").await.len(), 2);
    let request =
        SamplesRequest { metric: "req_total".into(), matchers: Vec::new(), range: ALWAYS, limit: 10 };
    assert_eq!(
        bench.store.metrics().samples(&request).await.unwrap()[0].times,
        [Timestamp(1_767_222_000_123_456_789)]
    );
    assert_eq!(bench.store.metrics().kind("d").await.unwrap().unwrap().0, MetricKind::Histogram);
}
