//! Processor time and lateness of alert rules, against Prometheus with the same samples and rules.

mod contender;
mod load;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use test_support::otlp_load::now;
use tokio::sync::watch;

use self::{
    contender::Contender,
    load::{Load, Scrapes},
};
use crate::{
    percentile::milliseconds,
    process::{Memory, ProcessorTime},
    table,
};

/// Names of all loads.
pub(crate) const ALL: [&str; 3] = ["none", "firing", "wide"];
/// Length of the measurement in ticks of the rules.
const TICKS: u32 = 8;
/// Ticks before the measurement.
const WARM_UP: u32 = 2;
/// The tick of the measurement after which the values of all series rise.
const RISE: u32 = 2;

fn load(name: &str) -> Result<Load> {
    Ok(match name {
        "none" => Load {
            title: "200 rules x 2,000 series, none firing",
            metrics: 2,
            series: 2_000,
            rules: 200,
            firing: 0,
            interval: 10,
            spacing: 5,
        },
        "firing" => Load { title: "the same, 20 firing for all series", firing: 20, ..load("none")? },
        "wide" => Load {
            title: "1,000 rules over 100,000 series, none firing",
            metrics: 1_000,
            series: 100,
            rules: 1_000,
            firing: 0,
            interval: 15,
            spacing: 15,
        },
        other => bail!("there is no load {other:?}, only {}", ALL.join(", ")),
    })
}

/// Runs the named loads one after another, each with both programs, and prints a table.
pub(crate) async fn run(names: &[&str]) -> Result<()> {
    let mut rows = Vec::new();
    for name in names {
        let load = load(name)?;
        println!("{} ...", load.title);
        let ours = measure(&load, Contender::binnacle().await?).await?;
        let theirs = measure(&load, Contender::prometheus(&load).await?).await?;
        rows.push(ours.row(load.title, Some(&theirs)));
        rows.push(theirs.row(load.title, None));
    }
    println!();
    let header = [
        "load",
        "program (ours to theirs)",
        "processor ms per tick",
        "longest lateness ms",
        "evaluations",
        "writes ms, median and longest",
        "resident MiB, max",
        "KiB per series",
        "alerts firing",
    ];
    table::print(&header, &rows);
    println!(
        "\n{TICKS} ticks. The lateness of a rule is the time from its due time to the end of its evaluation. \
         Memory per series is what was added that files do not back, with samples and rules. The sender runs on the same cores."
    );
    Ok(())
}

struct Outcome {
    name: &'static str,
    processor: f64,
    lateness: f64,
    evaluations: f64,
    expected: f64,
    writes: Vec<Duration>,
    memory: f64,
    per_series: f64,
    firing: u64,
}

impl Outcome {
    fn row(&self, title: &str, theirs: Option<&Self>) -> Vec<String> {
        let ratio = |of: fn(&Self) -> f64| {
            theirs.map_or_else(String::new, |theirs| format!(" ({:.2}x)", of(self) / of(theirs)))
        };
        vec![
            title.to_owned(),
            self.name.to_owned(),
            format!("{:.0}{}", self.processor, ratio(|outcome| outcome.processor)),
            format!("{:.0}", self.lateness),
            format!("{:.0} of {:.0}", self.evaluations, self.expected),
            format!("{} / {}", milliseconds(&self.writes, 0.5), milliseconds(&self.writes, 1.0)),
            format!("{:.0}{}", self.memory, ratio(|outcome| outcome.memory)),
            format!("{:.2}", self.per_series),
            self.firing.to_string(),
        ]
    }
}

async fn measure(load: &Load, mut contender: Contender) -> Result<Outcome> {
    let url = contender.url().await?;
    let process = contender.process_id()?;
    let empty = Memory::of(process)?.anonymous;
    let interval = Duration::from_secs(load.interval);
    let rises = watch::Sender::new(false);
    let mut scrapes = Scrapes::new(load, now() as i64 / 1_000_000);
    scrapes.backfill(&url).await?;
    let writing = tokio::spawn(scrapes.run(url, rises.subscribe()));
    contender.add_rules(load).await?;
    tokio::time::sleep(interval * WARM_UP).await;
    let evaluations = contender.evaluations().await?;
    let before = ProcessorTime::of(process)?;
    let begun = Instant::now();
    let mut lateness = 0.0_f64;
    while begun.elapsed() < interval * TICKS {
        if begun.elapsed() >= interval * RISE {
            rises.send_replace(load.firing > 0);
        }
        lateness = lateness.max(contender.lateness().await?);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let processor = ProcessorTime::of(process)?.seconds_since(before);
    let evaluations = contender.evaluations().await? - evaluations;
    let memory = Memory::of(process)?;
    let firing = contender.firing().await?;
    drop(rises);
    let mut writes = writing.await??;
    writes.sort_unstable();
    println!("  {}: {processor:.2} s of processor time, {firing} firing", contender.name());
    Ok(Outcome {
        name: contender.name(),
        processor: processor * 1000.0 / f64::from(TICKS),
        lateness: lateness * 1000.0,
        evaluations,
        expected: load.rules as f64 * f64::from(TICKS),
        writes,
        memory: memory.max,
        per_series: (memory.anonymous - empty) * 1024.0 / (load.metrics * load.series) as f64,
        firing,
    })
}
