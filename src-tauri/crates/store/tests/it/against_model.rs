//! The store against a plain model in memory: writes, late and repeated points, sealing, merging,
//! opening again and crashes, in any order.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
};

use crate::fixtures::{metrics::copy, *};
use model::*;
use proptest::prelude::*;
use store::Store;
use tempfile::TempDir;

/// What is done to the store.
#[derive(Debug, Clone)]
enum Deed {
    /// Points of series by number, at a number of slots of three seconds, some hours late.
    Write(Vec<(u8, i64, f64)>),
    Seal,
    Compact,
    Reopen,
    /// SealPlan and merging, cut off before the step of a number.
    Crash(usize),
    /// What is not sealed is, and then the database is gone.
    Lose,
}

fn deed() -> impl Strategy<Value = Deed> {
    let value = prop_oneof![
        4 => (0i64..1000).prop_map(|number| number as f64 / 4.0),
        1 => Just(STALE),
        1 => -1e9f64..1e9,
    ];
    let slot = prop_oneof![6 => 14_360i64..14_460, 1 => 12_000i64..16_000];
    prop_oneof![
        5 => prop::collection::vec((0u8..6, slot, value), 1..240).prop_map(Deed::Write),
        2 => Just(Deed::Seal),
        1 => Just(Deed::Compact),
        1 => Just(Deed::Reopen),
        1 => (0usize..14).prop_map(Deed::Crash),
        1 => Just(Deed::Lose),
    ]
}

fn series(number: u8) -> Series {
    let attributes = Attributes::new().with("number", i64::from(number));
    if number >= HISTOGRAMS {
        let (kind, temporality) = match number {
            CUMULATIVE => (MetricKind::Histogram, Temporality::Cumulative),
            DELTA => (MetricKind::Histogram, Temporality::Delta),
            _ => (MetricKind::Summary, Temporality::Unspecified),
        };
        return Series { kind, temporality, ..Series::gauge("h", "s", resource("shop"), attributes) };
    }
    if number.is_multiple_of(2) {
        Series::gauge("m", "", resource("shop"), attributes)
    } else {
        Series::counter("m", "", resource("shop"), attributes)
    }
}

/// Series from here on are histograms.
const HISTOGRAMS: u8 = 3;
const CUMULATIVE: u8 = 3;
const DELTA: u8 = 4;

/// The histogram point that a value stands for: markers, small counts (resets), new starts and
/// counts that grow.
fn histogram(number: u8, slot: i64, value: f64) -> HistogramPoint {
    let series = series(number).id();
    let (seed, grown) = (value.abs() as u64, slot as u64 - 12_000);
    let counts = match seed {
        _ if value.is_nan() => vec![0; 4],
        0..50 => vec![seed % 5, seed % 7, seed % 3, 0],
        _ => vec![grown, grown / 2, grown / 3, grown / 7],
    };
    let bounds = if seed % 97 == 0 { vec![1.0, 2.0, 5.0] } else { vec![1.0, 2.0, 4.0] };
    let buckets = match number {
        CUMULATIVE | DELTA => Buckets::Explicit { bounds, counts: counts.clone() },
        _ => Buckets::Quantiles(vec![(0.5, value.abs())]),
    };
    HistogramPoint {
        series,
        time: time(slot),
        start_time: (50..60).contains(&seed).then(|| time(slot).offset(-1)),
        count: counts.iter().sum(),
        sum: Some(if value.is_nan() { STALE } else { counts[0] as f64 / 4.0 }),
        min: Some(-value.abs()).filter(|_| !value.is_nan()),
        max: None,
        buckets: if value.is_nan() { Buckets::Quantiles(Vec::new()) } else { buckets },
    }
}

/// A histogram step in whole numbers: count, sum in quarters, counts by upper bound, and what
/// stands beside them.
#[derive(Debug, Default, Clone, PartialEq)]
struct Gained {
    count: u64,
    quarters: i64,
    counts: BTreeMap<String, u64>,
    least: Option<f64>,
    median: Option<f64>,
}

/// What the model says each step of each histogram gained.
fn gained(model: &Model, step: i64) -> BTreeMap<(String, i64), Gained> {
    let mut steps: BTreeMap<(String, i64), Gained> = BTreeMap::new();
    let mut before: Option<(u8, HistogramPoint)> = None;
    for ((number, slot), value) in model.iter().filter(|((number, _), _)| *number >= HISTOGRAMS) {
        let value = f64::from_bits(*value);
        if value.is_nan() {
            continue;
        }
        let point = histogram(*number, *slot, value);
        let spread = |point: &HistogramPoint| match &point.buckets {
            Buckets::Explicit { bounds, counts } => (bounds.clone(), counts.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let (bounds, mut counts) = spread(&point);
        let (mut count, mut quarters) = (point.count, (point.sum.unwrap() * 4.0) as i64);
        let previous = before.replace((*number, point.clone())).filter(|(series, _)| series == number);
        let mut known = point.start_time.is_some() || *number == DELTA;
        if let Some((_, previous)) = previous.filter(|_| *number != DELTA) {
            known = true;
            let (bounds_before, counts_before) = spread(&previous);
            let lost = counts.iter().zip(&counts_before).any(|(now, then)| now < then);
            let whole = count < previous.count
                || point.start_time.is_some_and(|start| start > previous.time)
                || bounds != bounds_before
                || lost;
            if !whole {
                count -= previous.count;
                quarters -= (previous.sum.unwrap() * 4.0) as i64;
                counts.iter_mut().zip(counts_before).for_each(|(now, then)| *now -= then);
            }
        }
        let summary = *number > DELTA;
        if !known && !summary {
            continue;
        }
        let gained = steps.entry((number.to_string(), time(*slot).floor(step).0)).or_default();
        if known {
            gained.count += count;
            gained.quarters += quarters;
            for (place, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let bound = bounds.get(place).map_or_else(String::new, f64::to_string);
                *gained.counts.entry(bound).or_default() += count;
            }
        }
        if *number == DELTA {
            gained.least = gained.least.into_iter().chain(point.min).reduce(f64::min);
        }
        if summary {
            gained.median = Some(value.abs());
        }
    }
    steps
}

/// The same as the store says it.
fn found(step: &HistogramStep, summary: bool) -> Gained {
    let mut counts = BTreeMap::new();
    for (place, count) in step.counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        let bound = step.bounds.get(place).map_or_else(String::new, f64::to_string);
        counts.insert(bound, *count as u64);
    }
    Gained {
        count: step.count as u64,
        quarters: (step.sum * 4.0).round() as i64,
        counts: if summary { BTreeMap::new() } else { counts },
        least: step.min,
        median: step.quantiles.first().map(|(_, value)| *value),
    }
}

type Model = BTreeMap<(u8, i64), u64>;
type Points = Vec<(i64, u64)>;

fn time(slot: i64) -> Timestamp {
    at(0).floor(86_400 * NANOS_PER_SECOND).offset(slot * 3 * NANOS_PER_SECOND + 123_456)
}

fn range() -> TimeRange {
    TimeRange::new(time(0), time(20_000))
}

/// What the model says the samples are.
fn expected(model: &Model) -> Vec<(String, Points)> {
    let mut series: BTreeMap<String, Points> = BTreeMap::new();
    for ((number, slot), value) in model.iter().filter(|((number, _), _)| *number < HISTOGRAMS) {
        series.entry(number.to_string()).or_default().push((time(*slot).0, *value));
    }
    series.into_iter().collect()
}

async fn stored(store: &Store) -> Vec<(String, Points)> {
    let request = SamplesRequest { metric: "m".into(), matchers: vec![], range: range(), limit: 100_000 };
    let read = store.metrics().samples(&request).await.unwrap();
    let points = |series: &SeriesPoints| {
        series.times.iter().zip(&series.values).map(|(time, value)| (time.0, value.to_bits())).collect()
    };
    read.iter().map(|series| (series.labels["number"].clone(), points(series))).collect()
}

#[derive(Debug, Default, Clone, Copy)]
struct Figures {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    increase: f64,
    ended: bool,
}

/// What the model says each step of each series adds up to.
fn reduced(model: &Model, step: i64) -> BTreeMap<(String, i64), Figures> {
    let mut steps = BTreeMap::new();
    let mut before: Option<(u8, f64)> = None;
    for ((number, slot), value) in model.iter().filter(|((number, _), _)| *number < HISTOGRAMS) {
        let value = f64::from_bits(*value);
        let place = (number.to_string(), time(*slot).floor(step).0);
        let figures: &mut Figures = steps.entry(place).or_default();
        figures.ended = value.is_nan();
        if value.is_nan() {
            continue;
        }
        figures.min = if figures.count == 0 { value } else { figures.min.min(value) };
        figures.max = if figures.count == 0 { value } else { figures.max.max(value) };
        figures.count += 1;
        figures.sum += value;
        if let Some((_, last)) = before.filter(|(series, _)| series == number && number % 2 == 1) {
            figures.increase += if value < last { value } else { value - last };
        }
        before = Some((*number, value));
    }
    steps
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * (1.0 + one.abs().max(other.abs()))
}

async fn check(store: &Store, model: &Model) {
    assert_eq!(stored(store).await, expected(model));
    for minutes in [1, 7, 60, 240] {
        let step = minutes * 60 * NANOS_PER_SECOND;
        let mut selection = reduced(model, step);
        for series in read_buckets(store, "m", range(), step).await {
            for bucket in series.buckets {
                let place = (series.labels["number"].clone(), bucket.time.0);
                let figures = selection.remove(&place).unwrap();
                assert_eq!((bucket.count, bucket.ended), (figures.count, figures.ended), "{place:?}");
                if figures.count > 0 {
                    assert_eq!((bucket.min, bucket.max), (figures.min, figures.max), "{place:?}");
                    assert!(near(bucket.sum, figures.sum), "{place:?} {bucket:?} {figures:?}");
                    assert!(near(bucket.increase, figures.increase), "{place:?} {bucket:?} {figures:?}");
                }
            }
        }
        assert!(selection.is_empty(), "{selection:?}");
        let mut selection = gained(model, step);
        for series in read_histograms(store, "h", range(), step).await {
            for step in series.steps {
                let number = series.labels["number"].clone();
                let summary = number > DELTA.to_string();
                let place = (number, step.time.0);
                assert_eq!(Some(found(&step, summary)), selection.remove(&place), "{minutes} {place:?}");
            }
        }
        assert!(selection.is_empty(), "{selection:?}");
    }
}

/// Seals and merges, and gives the folder as it was before a step, if there was that step.
async fn crash(store: &Store, folder: &TempDir, step: usize) -> Option<TempDir> {
    let copied: Arc<Mutex<(usize, Option<TempDir>)>> = Arc::default();
    let (seen, path) = (Arc::clone(&copied), folder.path().to_owned());
    store.admin().watch_maintenance(move |_| {
        let mut seen = seen.lock().unwrap();
        if seen.0 == step {
            let crashed = tempfile::tempdir().unwrap();
            copy(&path, crashed.path());
            seen.1 = Some(crashed);
        }
        seen.0 += 1;
    });
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    store.admin().watch_maintenance(|_| ());
    copied.lock().unwrap().1.take()
}

async fn run(deeds: Vec<Deed>) {
    let (mut folder, mut store) = open();
    let (mut model, mut shown) = (Model::new(), BTreeSet::new());
    for deed in deeds {
        match deed {
            Deed::Write(points) => {
                let mut batch = TelemetryBatch::default();
                for (number, slot, value) in points {
                    if number < HISTOGRAMS {
                        batch.add_sample(series(number), time(slot), value);
                    } else {
                        batch.add_series(series(number));
                        batch.histograms.push(histogram(number, slot, value));
                    }
                    if slot % 5 == 0 && !value.is_nan() {
                        batch.exemplars.push(exemplar(series(number).id(), time(slot), value));
                        shown.insert((number.to_string(), time(slot).0, value.to_bits()));
                    }
                    model.insert((number, slot), value.to_bits());
                }
                store.write(batch).await.unwrap();
            }
            Deed::Seal => store.admin().seal_now().await.unwrap(),
            Deed::Compact => store.admin().compact().await.unwrap(),
            Deed::Reopen => {
                store.close().await.unwrap();
                store = Store::open(folder.path(), small()).unwrap();
            }
            Deed::Lose => {
                store.admin().seal_now().await.unwrap();
                store.close().await.unwrap();
                fs::remove_file(folder.path().join("binnacle.duckdb")).unwrap();
                store = Store::open(folder.path(), small()).unwrap();
            }
            Deed::Crash(step) => {
                if let Some(crashed) = crash(&store, &folder, step).await {
                    store.close().await.unwrap();
                    store = Store::open(crashed.path(), small()).unwrap();
                    folder = crashed;
                }
            }
        }
        check(&store, &model).await;
        let mut found = exemplars(&store, "m", "number", range()).await;
        found.extend(exemplars(&store, "h", "number", range()).await);
        assert_eq!(found, shown.iter().cloned().collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(property_config(10))]
    #[test]
    fn the_store_holds_what_the_model_holds(deeds in prop::collection::vec(deed(), 1..14)) {
        runtime().block_on(run(deeds));
    }
}
