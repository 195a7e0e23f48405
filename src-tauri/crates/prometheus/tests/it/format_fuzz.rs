//! Mutated bodies of every format: parsing ends with samples or with an error that has a line,
//! within bounded memory, and nothing panics. The seed is fixed. `BINNACLE_FUZZ_ROUNDS` sets the
//! number of rounds, `BINNACLE_FUZZ_SEED` the seed.

use std::{collections::HashSet, sync::Mutex};

use model::{SeriesId, Timestamp};
use peak_alloc::PeakAlloc;
use prometheus::{
    AssemblyOptions, Exposition, ExpositionError, assemble, parse_openmetrics, parse_protobuf, parse_text,
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    format_samples::{OPENMETRICS, TEXT, mutate},
    protobuf_samples::{BucketSpan, Histogram, Metric, MetricFamily, body, protobuf},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The allocator counts for the whole process: one test at a time.
pub(crate) static ALONE: Mutex<()> = Mutex::new(());

const ROUNDS: u32 = 1500;
const SEED: u64 = 20_261_123;
const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);
const MAX_SAMPLES: usize = 10_000;
/// A sample of four bytes becomes a series with a dozen fields, with several copies in between.
const MAX_BYTES_PER_BYTE: usize = 1_500;
const MAX_CONSTANT_BYTES: usize = 1 << 20;

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

/// Parses damaged bodies; `bound` limits the memory for one of so many bytes.
fn fuzz(parser: Parser, make: impl Fn(&mut StdRng) -> Vec<u8>, part: u64, bound: impl Fn(usize) -> usize) {
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
        let target = AssemblyOptions { honor_labels: random.random(), ..AssemblyOptions::default() };
        let read = parser(&whole).and_then(|exposition| {
            let assembled = assemble(&exposition, &target, NOW).map_err(|failure| failure.error)?;
            Ok((exposition, assembled))
        });
        let used = MEMORY.peak_usage().saturating_sub(before);
        assert!(used <= bound(whole.len()), "round {round}: {used} bytes for {}", whole.len());
        most = most.max(used);
        match read {
            Ok((exposition, assembled)) => {
                good += 1;
                samples += exposition.samples.len();
                assert!(exposition.samples.len() <= MAX_SAMPLES);
                let declared: HashSet<SeriesId> = assembled.batch.series.iter().map(|(id, _)| *id).collect();
                let used = assembled.batch.samples.iter().map(|sample| sample.series);
                let used = used.chain(assembled.batch.histograms.iter().map(|point| point.series));
                assert!(
                    used.chain(assembled.batch.exemplars.iter().map(|one| one.series))
                        .all(|id| declared.contains(&id))
                );
                assert!(
                    assembled
                        .batch
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
    println!("{good} good with {samples} samples, {bad} rejected, at most {most} bytes for one");
    assert!(good > 0 && bad > 0);
}

fn per_byte(length: usize) -> usize {
    MAX_CONSTANT_BYTES + MAX_BYTES_PER_BYTE * length
}

#[test]
fn any_text_gives_samples_or_an_error() {
    fuzz(|body| parse_text(body, MAX_SAMPLES), |_| TEXT.as_bytes().to_vec(), 1, per_byte);
}

#[test]
fn any_openmetrics_gives_samples_or_an_error() {
    fuzz(|body| parse_openmetrics(body, MAX_SAMPLES), |_| OPENMETRICS.as_bytes().to_vec(), 2, per_byte);
}

#[test]
fn any_protobuf_gives_samples_or_an_error() {
    // A few bytes declare many empty buckets between spans.
    let bound = |length| (128 << 20) + per_byte(length);
    fuzz(|body| parse_protobuf(body, MAX_SAMPLES, true), protobuf, 3, bound);
}

#[test]
fn few_bytes_cannot_take_much_memory() {
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
    let error = parse_text(long.as_bytes(), 500_000).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (1, "more than 256 labels"));
    let used = MEMORY.peak_usage().saturating_sub(before);
    assert!(used < 256 << 20, "{used} bytes for {}", whole.len());
    assert_eq!(parse_text(crowded(256).as_bytes(), 10).unwrap().samples[0].labels.len(), 256);
}
