//! Mutated and oversized files: an import ends with points, rejected rows or an error, within
//! bounded memory. The seed is fixed. `BINNACLE_FUZZ_ROUNDS` sets the number of rounds,
//! `BINNACLE_FUZZ_SEED` the seed.

use std::{env, fs, process::Command};

use collect::import_file;
use model::{ImportRequest, Timestamp};
use peak_alloc::PeakAlloc;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use runtime::ManualClock;
use tokio_util::sync::CancellationToken;

use crate::{
    common::Bench,
    format_samples::{OPENMETRICS, TEXT, mutate},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Set in the process that measures memory.
const ALONE: &str = "BINNACLE_TEST_ALONE";
const ROUNDS: u64 = 1500;
const SEED: u64 = 20_261_123;
const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);

pub(crate) const CSV: &str = "time,metric,kind,unit,service,value,count,sum,bucket_bounds,bucket_counts,tags\n\
    2026-01-01 00:00:00.5,m,gauge,s,shop,1.5,,,,,\"{\"\"a\"\":\"\"b\"\",\"\"n\"\":[1,{\"\"x\"\":true}]}\"\n\
    1790000000,c,counter,,shop,3,,,,,{}\n1790000000.25,\"q, \"\"x\"\"\ny\",,,,NaN,,,,,\n\
    2026-01-01T00:00:00Z,h,histogram,s,shop,,6,1.5,\"[0.1,1]\",\"[1,2,3]\",{}\n";

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs one test of this binary in a process of its own, because the allocator counts for the whole
/// process. Returns true within that process.
fn is_alone(test: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "no test {test}: {text}");
    false
}

/// Returns long files of 400 valid samples.
fn spaced() -> Vec<(&'static str, String)> {
    let value = "x".repeat(100_000);
    let times = 0..400_u64;
    let text = times.clone().map(|n| format!("m{n}{{a=\"{value}\"}} 1 1790000000{n:03}\n")).collect();
    let mut open: String = times.clone().map(|n| format!("m{{a=\"{value}{n}\"}} 1 1790000000\n")).collect();
    open.push_str("# EOF\n");
    let rows: String = times.clone().map(|n| format!("{},m,1,{value}{n}\n", 1_790_000_000 + n)).collect();
    let types: String = times.map(|n| format!("# TYPE m{n} {value}\nm{n} 1 1790000000000\n")).collect();
    vec![
        ("text", text),
        ("OpenMetrics", open),
        ("CSV", format!("time,metric,value,a\n{rows}")),
        ("types", types),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn any_file_is_imported_or_refused() {
    let bench = Bench::new();
    let mut random = StdRng::seed_from_u64(number("BINNACLE_FUZZ_SEED", SEED) ^ 4);
    let path = bench.folder.path().join("fuzzed");
    let (mut good, mut refused, mut whole) = (0_u64, 0_u64, 0_u64);
    for round in 0..number("BINNACLE_FUZZ_ROUNDS", ROUNDS) {
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
        match import_file(&request, &bench.store, &ManualClock::new(NOW).clock(), |_| {}, &stop).await {
            Ok(progress) => {
                (good, refused) = (good + progress.points, refused + progress.rejected);
                assert!(
                    progress.points <= progress.rows && progress.rows <= rows,
                    "round {round}: {progress:?}"
                );
                assert!(
                    progress.reasons.len() <= 20 && progress.rejected <= rows,
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
    let progress =
        import_file(&request, &bench.store, &ManualClock::new(NOW).clock(), |_| {}, &stop).await.unwrap();
    assert_eq!((progress.points, progress.rejected), (4, 0), "{:?}", progress.reasons);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_long_lines_take_bounded_memory() {
    if !is_alone("import_fuzz::files_of_long_lines_take_bounded_memory") {
        return;
    }
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
        let progress =
            import_file(&request, &bench.store, &ManualClock::new(NOW).clock(), |_| {}, &stop).await.unwrap();
        let used = MEMORY.peak_usage().saturating_sub(before);
        assert_eq!((progress.points, progress.rejected), (400, 0), "{kind}: {:?}", progress.reasons);
        println!("{kind}: {used} bytes for {length}");
        assert!(length > 36 << 20 && used < 80 << 20, "{kind}: {used} bytes for {length}");
    }
}
