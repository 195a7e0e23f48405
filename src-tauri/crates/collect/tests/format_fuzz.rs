//! Mutated expositions and files of every format that is fetched or imported: whatever comes, the outcome is samples or
//! an error with its place, within bounded memory, and nothing panics. The seed is fixed; `BINNACLE_FUZZ_ROUNDS` asks
//! for more rounds than the usual and `BINNACLE_FUZZ_SEED` for others.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its store should fail")]

mod common;
mod formats;

use std::{collections::HashSet, fs, sync::Mutex};

use collect::{
    import_file,
    prometheus::{Exposition, ExpositionError, Target, assemble, parse, parse_openmetrics, parse_protobuf},
};
use common::Bench;
use formats::{
    BucketSpan, CSV, Histogram, Metric, MetricFamily, OPENMETRICS, TEXT, body, mutate, protobuf, spaced,
};
use model::{ImportRequest, SeriesId, Timestamp};
use peak_alloc::PeakAlloc;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory is counted for the whole program: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

const ROUNDS: u32 = 1500;
const SEED: u64 = 20_261_123;
const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);
const MOST_SAMPLES: usize = 10_000;
/// A sample of four bytes becomes a series with a dozen fields, several times on its way.
const MOST_BYTES_PER_BYTE: usize = 1_500;
const MOST_BYTES_BESIDE: usize = 1 << 20;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn rounds() -> u32 {
    number("BINNACLE_FUZZ_ROUNDS", ROUNDS.into()) as u32
}

fn random(part: u64) -> StdRng {
    StdRng::seed_from_u64(number("BINNACLE_FUZZ_SEED", SEED) ^ part)
}

type Parser = fn(&[u8]) -> Result<Exposition, ExpositionError>;

/// Reads damaged bodies; `bound` is the memory that one of so many bytes may take.
fn survive(parser: Parser, make: impl Fn(&mut StdRng) -> Vec<u8>, part: u64, bound: impl Fn(usize) -> usize) {
    let _alone = ALONE.lock();
    let mut random = random(part);
    let (mut good, mut bad, mut most, mut samples) = (0_u32, 0_u32, 0, 0);
    for round in 0..rounds() {
        let mut whole = make(&mut random);
        if random.random_bool(0.95) {
            mutate(&mut whole, &mut random);
        }
        let lines = whole.iter().filter(|byte| **byte == b'\n').count() + 1;
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let target = Target { honor_labels: random.random(), ..Target::default() };
        let read = parser(&whole).and_then(|told| {
            let made = assemble(&told, &target, NOW).map_err(|unassembled| unassembled.error)?;
            Ok((told, made))
        });
        let used = MEMORY.peak_usage().saturating_sub(before);
        assert!(used <= bound(whole.len()), "round {round}: {used} bytes for {}", whole.len());
        most = most.max(used);
        match read {
            Ok((told, made)) => {
                good += 1;
                samples += told.samples.len();
                assert!(told.samples.len() <= MOST_SAMPLES);
                let described: HashSet<SeriesId> = made.batch.series.iter().map(|(id, _)| *id).collect();
                let used = made.batch.samples.iter().map(|sample| sample.series);
                let used = used.chain(made.batch.histograms.iter().map(|point| point.series));
                assert!(
                    used.chain(made.batch.exemplars.iter().map(|one| one.series))
                        .all(|id| described.contains(&id))
                );
                assert!(
                    made.batch
                        .series
                        .iter()
                        .all(|(id, series)| series.id() == *id && !series.name.is_empty())
                );
            }
            Err(error) => {
                bad += 1;
                assert!(!error.message.is_empty() && error.message.len() < 1000, "round {round}: {error}");
                assert!(error.line <= lines, "round {round}: {error}");
            }
        }
    }
    println!("{good} good with {samples} samples, {bad} refused, at most {most} bytes for one");
    assert!(good > 0 && bad > 0);
}

fn per_byte(length: usize) -> usize {
    MOST_BYTES_BESIDE + MOST_BYTES_PER_BYTE * length
}

#[test]
fn text_survives_what_is_told() {
    survive(|body| parse(body, MOST_SAMPLES), |_| TEXT.as_bytes().to_vec(), 1, per_byte);
}

#[test]
fn openmetrics_survives_what_is_told() {
    survive(|body| parse_openmetrics(body, MOST_SAMPLES), |_| OPENMETRICS.as_bytes().to_vec(), 2, per_byte);
}

#[test]
fn protobuf_survives_what_is_told() {
    // Empty buckets between spans come from a few bytes.
    let bound = |length| (128 << 20) + per_byte(length);
    survive(|body| parse_protobuf(body, MOST_SAMPLES, true), protobuf, 3, bound);
}

#[test]
fn few_bytes_cannot_ask_for_much_memory() {
    let _alone = ALONE.lock();
    let apart = || Histogram {
        schema: Some(3),
        sample_count: Some(2),
        positive_span: vec![
            BucketSpan { offset: Some(0), length: Some(1) },
            BucketSpan { offset: Some(19_000), length: Some(1) },
        ],
        positive_delta: vec![1, 0],
        ..Histogram::default()
    };
    let metric = || Metric { histogram: Some(apart()), ..Metric::default() };
    let family = MetricFamily {
        name: Some("apart".into()),
        kind: Some(4),
        metric: (0..100_000).map(|_| metric()).collect(),
        ..MetricFamily::default()
    };
    let whole = body(&[family]);
    let crowded = |count: usize| {
        let labels: Vec<String> = (0..count).map(|number| format!("l{number}=\"x\"")).collect();
        format!("a{{{}}} 1\n", labels.join(","))
    };
    let long = crowded(500_000);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let error = parse_protobuf(&whole, 500_000, false).unwrap_err();
    assert!(error.message.contains("more than 4000000 buckets"), "{error}");
    let error = parse(long.as_bytes(), 500_000).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (1, "more than 256 labels"));
    let used = MEMORY.peak_usage().saturating_sub(before);
    assert!(used < 256 << 20, "{used} bytes for {}", whole.len());
    assert_eq!(parse(crowded(256).as_bytes(), 10).unwrap().samples[0].labels.len(), 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_survive_what_stands_in_files() {
    let _alone = ALONE.lock();
    let bench = Bench::new();
    let mut random = random(4);
    let path = bench.folder.path().join("fuzzed");
    let (mut good, mut refused, mut whole) = (0_u64, 0_u64, 0_u64);
    for round in 0..rounds() {
        let template = *[CSV, TEXT, OPENMETRICS].choose(&mut random).unwrap();
        let mut text = template.as_bytes().to_vec();
        if random.random_bool(0.95) {
            mutate(&mut text, &mut random);
        }
        fs::write(&path, &text).unwrap();
        let request = ImportRequest {
            path: path.display().to_string(),
            service: None,
            dry_run: !round.is_multiple_of(10),
        };
        let stop = CancellationToken::new();
        let rows = text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        match import_file(&request, &bench.store, NOW, |_| {}, &stop).await {
            Ok(progress) => {
                (good, refused) = (good + progress.points, refused + progress.refused);
                assert!(
                    progress.points <= progress.rows && progress.rows <= rows,
                    "round {round}: {progress:?}"
                );
                assert!(
                    progress.reasons.len() <= 20 && progress.refused <= rows,
                    "round {round}: {progress:?}"
                );
            }
            Err(error) => {
                whole += 1;
                assert!(error.to_string().len() < 2000, "round {round}: {error}");
            }
        }
    }
    println!("{good} points, {refused} rows and {whole} files refused");
    assert!(good > 0 && refused > 0 && whole > 0);
    fs::write(&path, CSV).unwrap();
    let request = ImportRequest { path: path.display().to_string(), service: None, dry_run: false };
    let stop = CancellationToken::new();
    let progress = import_file(&request, &bench.store, NOW, |_| {}, &stop).await.unwrap();
    assert_eq!((progress.points, progress.refused), (4, 0), "{:?}", progress.reasons);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_long_lines_take_bounded_memory() {
    let _alone = ALONE.lock();
    let bench = Bench::new();
    let path = bench.folder.path().join("long");
    for (kind, text) in spaced() {
        fs::write(&path, &text).unwrap();
        let length = text.len();
        drop(text);
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let request = ImportRequest { path: path.display().to_string(), service: None, dry_run: true };
        let stop = CancellationToken::new();
        let progress = import_file(&request, &bench.store, NOW, |_| {}, &stop).await.unwrap();
        let used = MEMORY.peak_usage().saturating_sub(before);
        assert_eq!((progress.points, progress.refused), (400, 0), "{kind}: {:?}", progress.reasons);
        println!("{kind}: {used} bytes for {length}");
        assert!(length > 36 << 20 && used < 80 << 20, "{kind}: {used} bytes for {length}");
    }
}
