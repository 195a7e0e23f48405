//! A series whose type is declared after its first points is one series.

use crate::fixtures::{metrics::*, *};
use model::*;
use store::Store;

/// Adds a sample every 20 s over `minutes`, each 2 more than the previous one.
fn count(batch: &mut TelemetryBatch, series: Series, minutes: std::ops::Range<i64>) {
    for n in minutes.start * 3..minutes.end * 3 {
        batch.add_sample(series.clone(), at(n * 20), (2 * n) as f64);
    }
}

fn forks(kind: fn(&str, &str, std::sync::Arc<Resource>, Attributes) -> Series, disk: i64) -> Series {
    kind("forks", "", resource("kernel"), Attributes::new().with("disk", disk))
}

async fn increase(store: &Store, step: i64) -> Vec<(Counting, f64)> {
    let range = TimeRange::new(at(-3600), at(86_400));
    let read = read_counters(store, "forks", range, step).await;
    read.iter().map(|series| (series.counting, increases(series, range).iter().sum())).collect()
}

#[tokio::test]
async fn a_gauge_that_is_declared_a_counter_later_is_one_counter() {
    let (folder, store) = open();
    let mut batch = TelemetryBatch::default();
    count(&mut batch, forks(Series::gauge, 1), 0..300);
    store.write(batch).await.unwrap();
    assert_eq!(store.metrics().declared_type("forks"), None);
    store.admin().seal_now().await.unwrap();
    let mut batch = TelemetryBatch::default();
    count(&mut batch, forks(Series::counter, 1), 300..600);
    // A counter of the same name that was declared from the start.
    count(&mut batch, forks(Series::counter, 2), 300..301);
    store.write(batch).await.unwrap();

    let check = async |store: &Store| {
        assert_eq!(store.metrics().declared_type("forks"), Some((MetricKind::Counter, String::new())));
        let read = samples(store, "forks").await;
        assert_eq!(read.iter().map(|(_, points)| points.len()).collect::<Vec<_>>(), [1800, 3]);
        for step in [20 * NANOS_PER_SECOND, MINUTE, 60 * MINUTE] {
            let expected = [(Counting::Total, 2.0 * 1799.0), (Counting::Total, 4.0)];
            assert_eq!(increase(store, step).await, expected, "{step}");
        }
        let request = MetricCatalogRequest { search: "forks".into(), matchers: vec![], limit: 10 };
        let catalog = store.metrics().catalog(&request).await.unwrap();
        assert_eq!((catalog.len(), catalog[0].kind, catalog[0].series), (1, MetricKind::Counter, 2));
    };
    check(&store).await;
    store.admin().seal_now().await.unwrap();
    check(&store).await;
    store.close().await.unwrap();
    check(&Store::open(folder.path(), small()).unwrap()).await;
}

#[tokio::test]
async fn series_that_differ_in_scope_or_monotonicity_stay_separate() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let scope = Scope { name: "meter".to_owned(), ..Scope::default() };
    count(&mut batch, forks(Series::gauge, 1), 0..1);
    count(&mut batch, Series { scope: scope.into(), ..forks(Series::counter, 1) }, 1..2);
    count(&mut batch, Series { monotonic: false, ..forks(Series::counter, 1) }, 2..3);
    store.write(batch).await.unwrap();
    assert_eq!(samples(&store, "forks").await.len(), 3);
}
