//! Classic histograms that were written as counters, as remote write delivers them.

use crate::fixtures::*;
use model::*;

fn component(name: &str, path: &str, bound: Option<&str>) -> Series {
    let mut attributes = Attributes::new().with("path", path);
    if let Some(bound) = bound {
        attributes = attributes.with("le", bound);
    }
    Series::counter(name, "", resource("shop"), attributes)
}

/// Writes the components of a histogram with two paths, and some other counters.
async fn filled() -> (tempfile::TempDir, store::Store) {
    let (folder, store) = open();
    let mut batch = TelemetryBatch::default();
    for path in ["/", "/cart"] {
        for bound in ["0.1", "1", "+Inf"] {
            batch.add_sample(component("wait_seconds_bucket", path, Some(bound)), at(1), 2.0);
        }
        batch.add_sample(component("wait_seconds_sum", path, None), at(1), 2.0);
        batch.add_sample(component("wait_seconds_count", path, None), at(1), 2.0);
    }
    // Neither of these is a histogram: one has no bounds, and one no count.
    batch.add_sample(component("leaky_bucket", "/", None), at(1), 1.0);
    batch.add_sample(component("leaky_count", "/", None), at(1), 1.0);
    batch.add_sample(component("lone_bucket", "/", Some("1")), at(1), 1.0);
    let traced = component("wait_seconds_bucket", "/", Some("1"));
    batch.exemplars.push(Exemplar {
        series: traced.id(),
        time: at(1),
        value: 0.5,
        trace_id: None,
        span_id: None,
        attributes: Attributes::new(),
    });
    store.write(batch).await.unwrap();
    (folder, store)
}

async fn found(store: &store::Store, search: &str) -> Vec<MetricSummary> {
    let request = MetricCatalogRequest { search: search.into(), matchers: vec![], limit: 10 };
    store.metrics().catalog(&request).await.unwrap()
}

#[tokio::test]
async fn a_histogram_written_as_counters_is_one_metric() {
    let (_folder, store) = filled().await;
    let names: Vec<String> = found(&store, "").await.into_iter().map(|metric| metric.name).collect();
    assert_eq!(names, ["leaky_bucket", "leaky_count", "lone_bucket", "wait_seconds"]);
    for search in ["wait", "WAIT_SECONDS_BUCKET", "wait_seconds_sum", "wait_seconds_count"] {
        let metrics = found(&store, search).await;
        assert_eq!(metrics.len(), 1, "{search}");
        let metric = &metrics[0];
        assert_eq!((metric.name.as_str(), metric.kind), ("wait_seconds", MetricKind::Histogram));
        assert_eq!((metric.unit.as_str(), metric.series), ("s", 2));
        assert_eq!((metric.suggested, &metric.services), (Aggregation::P95, &vec!["shop".to_owned()]));
    }
    assert!(found(&store, "wait_seconds_buck").await.is_empty());
}

#[tokio::test]
async fn its_tags_and_exemplars_are_found_by_the_name_of_the_family() {
    let (_folder, store) = filled().await;
    let tags = async |metric: &str| {
        let request = TagsRequest { metric: metric.into(), matchers: vec![] };
        let tags = store.metrics().tags(&request).await.unwrap();
        tags.into_iter().map(|tag| tag.key).collect::<Vec<_>>()
    };
    assert_eq!(tags("wait_seconds").await, ["path", "service.name"]);
    assert_eq!(tags("wait_seconds_bucket").await, ["le", "path", "service.name"]);
    assert!(tags("leaky").await.is_empty());
    let request =
        ExemplarsRequest { metric: "wait_seconds".into(), matchers: vec![], range: around(), limit: 9 };
    assert_eq!(store.metrics().exemplars(&request).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_metric_with_the_name_of_the_family_is_listed_beside_its_components() {
    let (_folder, store) = filled().await;
    let mut batch = TelemetryBatch::default();
    batch.add_sample(Series::gauge("wait_seconds", "s", resource("old"), Attributes::new()), at(2), 1.0);
    store.write(batch).await.unwrap();
    let metrics = found(&store, "wait").await;
    let names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["wait_seconds", "wait_seconds_bucket", "wait_seconds_count", "wait_seconds_sum"]);
    assert_eq!(metrics[0].kind, MetricKind::Gauge);
}
