//! Scrapes with the series cache of a target give what they give without one.

use std::{collections::HashSet, sync::Arc};

use model::{Labels, MetricKind, Resource, SeriesId, Timestamp};
use prometheus::{
    Assembled, AssemblyOptions, Exposition, ExpositionError, Reading, RelabelRule, SeriesCache, SeriesLimits,
    StalenessTracker, assemble, parse_openmetrics, parse_protobuf, parse_text,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    format_samples::{OPENMETRICS, TEXT, mutate},
    protobuf_samples::{MetricFamily, body, metric, protobuf},
};

const SEED: u64 = 20_261_130;
/// Targets of each format, and scrapes of each.
const TARGETS: usize = 60;
const SCRAPES: usize = 25;
const MAX_SAMPLES: usize = 10_000;
const NOW: Timestamp = Timestamp(1_790_000_100_000_000_000);

const NAMES: [&str; 14] = [
    "a",
    "a_total",
    "b_seconds_total",
    "h_bucket{le=\"1\"}",
    "h_bucket{le=\"+Inf\"}",
    "h_bucket{le=\"many\"}",
    "h_sum",
    "h_count",
    "h_sum{only=\"1\"}",
    "s{quantile=\"0.5\"}",
    "s_sum",
    "a{x=\"}\\\"\",job=\"theirs\"}",
    "dropped{x=\"1\"}",
    "a_created",
];
const VALUES: [&str; 8] = ["1", "2.5", "NaN", "-1", "+Inf", "17 1790000000", "9 1790000050", "1e19"];

type Parse = fn(&[u8]) -> Result<Exposition, ExpositionError>;
type Read = fn(&mut SeriesCache, &[u8]) -> Result<Reading, ExpositionError>;

fn options(limits: SeriesLimits) -> AssemblyOptions {
    let rule = |text: &str| RelabelRule::new(&serde_json::from_str(text).unwrap()).unwrap();
    AssemblyOptions {
        resource: Arc::new(Resource::service_named("node")),
        labels: Labels::from([("job".into(), "node".into()), ("instance".into(), "h:1".into())]),
        rules: [rule(r#"{"source_labels": ["__name__"], "regex": "dropped", "action": "drop"}"#)].into(),
        limits,
        ..AssemblyOptions::default()
    }
}

/// Returns a text with declarations and random lines, which are those of other texts with other
/// values.
fn text(random: &mut StdRng, whole: &str, end: &str) -> Vec<u8> {
    let mut text = match random.random_range(0..10) {
        0 => whole.strip_suffix("# EOF\n").unwrap_or(whole).to_owned(),
        1 => "# TYPE h histogram\n# TYPE a gauge\n".to_owned(),
        _ => "# TYPE h histogram\n# HELP h took\n# TYPE s summary\n# TYPE a counter\n".to_owned(),
    };
    for _ in 0..random.random_range(0..20) {
        text += &format!("{} {}\n", NAMES.choose(random).unwrap(), VALUES.choose(random).unwrap());
    }
    let mut text = format!("{text}{end}").into_bytes();
    if random.random_bool(0.2) {
        mutate(&mut text, random);
    }
    text
}

/// Returns a body of the protobuf format like [`text`].
fn messages(random: &mut StdRng) -> Vec<u8> {
    if random.random_bool(0.1) {
        return protobuf(random);
    }
    let family = |name: &str, kind, metric| MetricFamily {
        name: Some(name.to_owned()),
        kind: Some(kind),
        metric,
        ..MetricFamily::default()
    };
    let numbers = (0..random.random_range(0..9)).map(|_| metric(random)).collect();
    let histograms = (0..random.random_range(0..3)).map(|_| metric(random)).collect();
    let mut whole = body(&[family("a", 1, numbers), family("h", 4, histograms)]);
    if random.random_bool(0.1) {
        mutate(&mut whole, random);
    }
    whole
}

/// Returns what must not depend on the cache.
fn observable(assembled: &Assembled) -> String {
    let Assembled { batch, scraped, relabelled, duplicates, too_far_ahead, timed, rounded, .. } = assembled;
    let mut timed: Vec<SeriesId> = timed.iter().copied().collect();
    timed.sort_unstable();
    let points = (&batch.samples, &batch.histograms, &batch.exemplars);
    format!("{points:?} {scraped} {relabelled} {duplicates} {too_far_ahead} {timed:?} {rounded:?}")
}

fn compare(make: impl Fn(&mut StdRng) -> Vec<u8>, parse: Parse, read: Read) {
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut scraped, mut refused, mut cached) = (0, 0, 0);
    for _ in 0..TARGETS {
        let samples = if random.random_bool(0.3) { 12 } else { 0 };
        let options = options(SeriesLimits { samples, labels: 9, ..SeriesLimits::default() });
        let mut cache = SeriesCache::default();
        let mut tracker = StalenessTracker::new(Arc::clone(&options.resource));
        let mut described = HashSet::new();
        for _ in 0..SCRAPES {
            let body = make(&mut random);
            let plain = parse(&body).map(|exposition| assemble(&exposition, &options, NOW));
            let before = cache.len();
            let fast = read(&mut cache, &body).map(|reading| cache.assemble(&reading, &options, NOW));
            match (plain, fast) {
                (Ok(Ok(plain)), Ok(Ok(mut fast))) => {
                    assert_eq!(observable(&plain), observable(&fast));
                    scraped += 1;
                    cached += usize::from(before > 0 && fast.batch.series.len() < plain.batch.series.len());
                    tracker.record(&mut fast, NOW, true);
                    assert!(fast.batch.series.iter().all(|(id, series)| series.id() == *id));
                    described.extend(fast.batch.series.iter().map(|(id, _)| *id));
                    assert!(plain.batch.series.iter().all(|(id, _)| described.contains(id)));
                    tracker.mark_stored(fast.batch.series.iter().map(|(id, _)| *id));
                }
                (plain, fast) => {
                    refused += 1;
                    let outcome = |one: Result<Result<Assembled, _>, _>| one.map(|one| one.map(|_| ()));
                    assert_eq!(outcome(plain), outcome(fast), "{}", String::from_utf8_lossy(&body));
                }
            }
        }
    }
    println!("{scraped} scraped, {cached} of them with cached series, {refused} refused");
    assert!(cached > scraped / 4 && refused > 0);
}

#[test]
fn text_is_scraped_as_without_a_cache() {
    compare(
        |random| text(random, TEXT, ""),
        |body| parse_text(body, MAX_SAMPLES),
        |cache, body| cache.read_text(body, MAX_SAMPLES),
    );
}

#[test]
fn openmetrics_is_scraped_as_without_a_cache() {
    compare(
        |random| text(random, OPENMETRICS, "a_total{e=\"1\"} 1 # {x=\"1\"} 2\n# EOF\n"),
        |body| parse_openmetrics(body, MAX_SAMPLES),
        |cache, body| cache.read_openmetrics(body, MAX_SAMPLES),
    );
}

#[test]
fn protobuf_is_scraped_as_without_a_cache() {
    compare(
        messages,
        |body| parse_protobuf(body, MAX_SAMPLES, true),
        |cache, body| cache.read_protobuf(body, MAX_SAMPLES, true),
    );
}

/// The scrapes of one target of a text format.
#[derive(Default)]
struct Target {
    cache: SeriesCache,
    tracker: StalenessTracker,
}

impl Target {
    /// Scrapes a text. Returns the number of new series, and the batch.
    fn scrape(&mut self, text: &str) -> (usize, Assembled) {
        let reading = self.cache.read_text(text.as_bytes(), MAX_SAMPLES).unwrap();
        let mut assembled = self.cache.assemble(&reading, &AssemblyOptions::default(), NOW).unwrap();
        (self.tracker.record(&mut assembled, NOW, false), assembled)
    }

    /// Returns the names of the series that the batch of a scrape describes, in order.
    fn described(&mut self, text: &str) -> Vec<String> {
        let (_, assembled) = self.scrape(text);
        let mut names: Vec<_> = assembled.batch.series.into_iter().map(|(_, series)| series.name).collect();
        names.sort_unstable();
        names
    }
}

#[test]
fn series_that_are_absent_from_two_scrapes_leave_the_cache() {
    let mut target = Target::default();
    for (text, cached) in [("a 1\nb 1\n", 2), ("a 2\n", 2), ("b 1\n", 2), ("b 1\n", 1), ("", 1), ("", 0)] {
        target.scrape(text);
        assert_eq!(target.cache.len(), cached, "{text}");
    }
    assert!(target.cache.is_empty());
}

#[test]
fn a_changed_declaration_changes_the_series() {
    let mut target = Target::default();
    for (declaration, kind, help) in [
        ("# TYPE a gauge\n", MetricKind::Gauge, ""),
        ("# TYPE a counter\n", MetricKind::Counter, ""),
        ("# TYPE a counter\n# HELP a text\n", MetricKind::Counter, "text"),
        ("", MetricKind::Gauge, ""),
    ] {
        let (_, assembled) = target.scrape(&format!("{declaration}a 1\n"));
        let (_, series) = &assembled.batch.series[0];
        assert_eq!((series.kind, series.description.as_str()), (kind, help), "{declaration}");
    }
    target.scrape("# generated at 1\na 1\n");
    let (_, assembled) = target.scrape("a 1\n");
    target.tracker.mark_stored(assembled.batch.series.iter().map(|(id, _)| *id));
    assert_eq!(target.scrape("# generated at 2\na 1\n").1.batch.series, [], "a comment declares nothing");
}

#[test]
fn a_series_is_described_until_the_store_has_it() {
    const HISTOGRAM: &str = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n";
    let text = format!("{HISTOGRAM}a 1\n");
    let mut target = Target::default();
    let (added, assembled) = target.scrape(&text);
    assert_eq!((added, assembled.batch.series.len()), (2, 2));
    // Its batch was not stored.
    let (added, again) = target.scrape(&text);
    assert_eq!(added, 0);
    let sorted = |assembled: Assembled| {
        let mut series = assembled.batch.series;
        series.sort_by_key(|(id, _)| *id);
        series
    };
    let described = sorted(again);
    assert_eq!(described, sorted(assembled), "with unit and description");
    target.tracker.mark_stored(described.iter().map(|(id, _)| *id));
    assert_eq!(target.described(&format!("{text}b 1\n")), ["b"]);
    assert_eq!(target.described(&text), ["b"], "an end is described");

    let (_, mut assembled) = target.scrape(&text);
    assert_eq!(assembled.batch.series, []);
    target.tracker.describe_all(&mut assembled.batch);
    assert_eq!(sorted(assembled), described);
    assert_eq!(target.described(&text), ["a", "h"], "the store lacks them until it has them");
}
