//! `cargo xtask bench NAME`: figures of the release build, printed as a table.

use anyhow::bail;

use crate::{
    duckdb,
    process::{check, command, say},
    run,
    system::Purpose,
    workspace,
};

/// The figures there are: name, what is measured.
const NAMES: &[(&str, &str)] = &[
    ("ingest", "samples, spans and log records per second, committed, through the OTLP/gRPC port"),
    ("metrics", "samples received by remote write and bytes stored, against VictoriaMetrics and Prometheus"),
    ("alerts", "processor time and lateness of 200 rules over 2,000 series, against Prometheus"),
    ("scrape", "start and processor time of 211 scrape jobs, against Prometheus"),
    ("start", "time to the first moving chart, idle processor time, resident memory"),
    ("analysis", "trends, anomalies and comparisons on public data"),
];

/// Runs the named benchmark. Further arguments go to its program.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let name = arguments.first().map(String::as_str).unwrap_or_default();
    if !NAMES.iter().any(|(known, _)| *known == name) {
        let names: Vec<String> = NAMES.iter().map(|(name, what)| format!("  {name:<10} {what}")).collect();
        bail!("name what to measure:\n{}", names.join("\n"));
    }
    run::set_up(Purpose::Bench)?;
    let root = workspace::root();
    if name == "analysis" {
        return check(&mut command("cargo", &["bench", "--locked", "-p", "analysis"], &root));
    }
    say("building the release programs");
    let build = [
        "build",
        "--locked",
        "--release",
        "-p",
        "binnacle",
        "-p",
        "binnacle-cli",
        "-p",
        "tests",
        "--bin",
        "binnacle",
        "--bin",
        "binnacle-cli",
        "--bin",
        "bench",
    ];
    check(&mut command("cargo", &build, &root))?;
    let folder = workspace::target().join("release");
    duckdb::place_beside(&folder)?;
    check(
        std::process::Command::new(folder.join(run::program("bench")))
            .args(arguments)
            .env("BINNACLE_CLI", folder.join(run::program("binnacle-cli")))
            .current_dir(&root),
    )
}
