//! Figures of analysis on public data: run by `cargo xtask bench analysis`. Reads the folder in
//! `BINNACLE_DATA`, or `../shared/data` beside the project, and says so when it is missing.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the time of the machine")]

use std::{collections::BTreeMap, fs, path::Path, path::PathBuf, time::Instant};

use chrono::{DateTime, NaiveDateTime};
use model::{ComparisonVerdict, TimeRange, Timestamp};

const DAY: f64 = 86_400e9;
/// As the Numenta benchmark does: what happens in the first 15% is not counted.
const PROBATION: f64 = 0.15;

/// One labelled series.
struct Labelled {
    name: String,
    times: Vec<Timestamp>,
    values: Vec<Option<f64>>,
    step: i64,
    windows: Vec<TimeRange>,
}

#[derive(Default)]
struct Score {
    windows: usize,
    hit: usize,
    false_episodes: usize,
    clean_days: f64,
    points: usize,
    seasons: usize,
    series: usize,
    seconds: f64,
}

fn main() {
    let folder = std::env::var_os("BINNACLE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data"), PathBuf::from);
    if folder.is_dir() {
        let mut all = Score::default();
        for (title, series) in [("nab", nab(&folder)), ("cloud-monitoring", cloud_monitoring(&folder))] {
            let mut total = Score::default();
            for labelled in &series {
                let score = score(labelled);
                if std::env::var_os("BINNACLE_BENCH_DETAIL").is_some() {
                    print(&labelled.name, &score);
                }
                total.add(&score);
            }
            print(title, &total);
            all.add(&total);
        }
        print("all", &all);
    } else {
        println!("anomalies: no data at {} (set BINNACLE_DATA to the folder)", folder.display());
    }
    comparisons();
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.windows += other.windows;
        self.hit += other.hit;
        self.false_episodes += other.false_episodes;
        self.clean_days += other.clean_days;
        self.points += other.points;
        self.seasons += other.seasons;
        self.series += other.series;
        self.seconds += other.seconds;
    }
}

fn print(name: &str, score: &Score) {
    println!(
        "anomalies, {name}: {} of {} windows hit ({:.0}%), {} false episodes in {:.0} clean series-days ({:.2} per 100), \
         {} of {} series with a season, {:.2} microseconds per point",
        score.hit,
        score.windows,
        100.0 * score.hit as f64 / score.windows.max(1) as f64,
        score.false_episodes,
        score.clean_days,
        100.0 * score.false_episodes as f64 / score.clean_days.max(1e-9),
        score.seasons,
        score.series,
        1e6 * score.seconds / score.points.max(1) as f64,
    );
}

fn score(labelled: &Labelled) -> Score {
    let begun = Instant::now();
    let band = analysis::anomaly_band(&labelled.times, &labelled.values, labelled.step);
    let seconds = begun.elapsed().as_secs_f64();
    let whole = TimeRange::new(labelled.times[0], labelled.times[labelled.times.len() - 1]);
    let counted = whole.start.offset((whole.length() as f64 * PROBATION) as i64);
    let overlaps = |left: &TimeRange, right: &TimeRange| left.start < right.end && right.start < left.end;
    let windows: Vec<&TimeRange> = labelled.windows.iter().filter(|window| window.end > counted).collect();
    let detected: Vec<TimeRange> =
        band.anomalies.iter().map(|interval| interval.range).filter(|range| range.end > counted).collect();
    let labelled_length: i64 = windows.iter().map(|window| window.end.since(window.start.max(counted))).sum();
    Score {
        windows: windows.len(),
        hit: windows.iter().filter(|window| detected.iter().any(|range| overlaps(window, range))).count(),
        false_episodes: detected
            .iter()
            .filter(|range| !labelled.windows.iter().any(|window| overlaps(window, range)))
            .count(),
        clean_days: (whole.end.since(counted) - labelled_length).max(0) as f64 / DAY,
        points: labelled.times.len(),
        seasons: usize::from(band.season.is_some()),
        series: 1,
        seconds,
    }
}

fn nab(folder: &Path) -> Vec<Labelled> {
    let windows: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&fs::read_to_string(folder.join("nab/windows.json")).expect("windows"))
            .expect("JSON");
    windows
        .into_iter()
        .map(|(name, windows)| {
            let (times, values, _) = rows(&folder.join("nab").join(&name));
            let windows =
                windows.iter().map(|(start, end)| TimeRange::new(instant(start), instant(end))).collect();
            labelled(name, times, values, windows)
        })
        .collect()
}

fn cloud_monitoring(folder: &Path) -> Vec<Labelled> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("cloud-monitoring"))
        .expect("folder")
        .flat_map(|group| fs::read_dir(group.expect("entry").path()).expect("folder"))
        .map(|file| file.expect("entry").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let (times, values, labels) = rows(&path);
            let step = usual_step(&times);
            let mut windows: Vec<TimeRange> = Vec::new();
            for (time, _) in times.iter().zip(&labels).filter(|(_, label)| **label) {
                // Labels stand at single points; a neighbour's width on each side is the same
                // event.
                let here = TimeRange::new(time.offset(-3 * step), time.offset(4 * step));
                match windows.last_mut() {
                    Some(last) if here.start <= last.end => last.end = here.end,
                    _ => windows.push(here),
                }
            }
            labelled(
                path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
                times,
                values,
                windows,
            )
        })
        .collect()
}

fn labelled(
    name: String,
    times: Vec<Timestamp>,
    values: Vec<Option<f64>>,
    windows: Vec<TimeRange>,
) -> Labelled {
    let step = usual_step(&times);
    Labelled { name, times, values, step, windows }
}

fn usual_step(times: &[Timestamp]) -> i64 {
    let mut steps: Vec<i64> =
        times.windows(2).map(|pair| pair[1].since(pair[0])).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().unwrap_or(1)
}

fn rows(path: &Path) -> (Vec<Timestamp>, Vec<Option<f64>>, Vec<bool>) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut times, mut values, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim_matches('"')).collect();
        times.push(instant(cells[0]));
        values.push(cells[1].parse().ok());
        labels.push(cells.get(2).is_some_and(|label| *label == "1"));
    }
    (times, values, labels)
}

fn instant(text: &str) -> Timestamp {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Timestamp(time.timestamp_nanos_opt().unwrap_or_default());
    }
    let time =
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap_or_else(|_| panic!("time {text}"));
    Timestamp(time.and_utc().timestamp_nanos_opt().unwrap_or_default())
}

/// Made latencies: log-normal with a slow tail; `dependence` carries over from one to the next.
fn latencies(random: &mut Random, count: usize, dependence: f64, factor: f64) -> Vec<f64> {
    let mut state = random.normal();
    (0..count)
        .map(|_| {
            state = dependence * state + (1.0 - dependence * dependence).sqrt() * random.normal();
            let slow = if random.uniform() < 0.03 { 4.0 } else { 1.0 };
            20e6 * (0.5 * state).exp() * slow * factor
        })
        .collect()
}

/// SplitMix64 with a normal of twelve uniforms, enough for made data.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn comparisons() {
    const TRIALS: usize = 500;
    let range = TimeRange::new(Timestamp(0), Timestamp(1));
    for (title, count, dependence, factor) in [
        ("A/A, 100 per side", 100, 0.0, 1.0),
        ("A/A, 1,000 per side", 1_000, 0.0, 1.0),
        ("A/A, 1,000 per side, autocorrelation 0.6", 1_000, 0.6, 1.0),
        ("5% slower, 1,000 per side", 1_000, 0.0, 1.05),
        ("10% slower, 1,000 per side", 1_000, 0.0, 1.1),
    ] {
        let mut random = Random(7);
        let begun = Instant::now();
        let detected = (0..TRIALS)
            .filter(|_| {
                let before = latencies(&mut random, count, dependence, 1.0);
                let after = latencies(&mut random, count, dependence, factor);
                let verdict = analysis::compare(&before, &after, range, range).verdict;
                matches!(verdict, ComparisonVerdict::Higher | ComparisonVerdict::Lower)
            })
            .count();
        println!(
            "comparison, {title}: {:.1}% of {TRIALS} reported as different, {:.1} ms each",
            100.0 * detected as f64 / TRIALS as f64,
            1e3 * begun.elapsed().as_secs_f64() / TRIALS as f64
        );
    }
    for dependence in [0.0, 0.6] {
        let mut random = Random(11);
        let detected = (0..TRIALS)
            .filter(|_| {
                let values = latencies(&mut random, 300, dependence, 1.0);
                let times: Vec<Timestamp> =
                    (0..300).map(|minute| Timestamp::from_seconds(60.0 * f64::from(minute))).collect();
                analysis::trend(&times, &values, 0.95, "ns").is_some_and(|trend| trend.significant)
            })
            .count();
        println!(
            "trend, none in the data, autocorrelation {dependence}: {:.1}% of {TRIALS} reported as significant",
            100.0 * detected as f64 / TRIALS as f64
        );
    }
}
