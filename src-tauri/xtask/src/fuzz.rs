//! `cargo xtask fuzz`: the parsers under libFuzzer, led by the coverage of instrumented code.

use std::path::PathBuf;

use anyhow::ensure;

use crate::{
    duckdb,
    process::{check, command, output, say},
    run,
    system::Purpose,
    workspace,
};

/// Flags that count edges and record comparisons. libFuzzer reads both.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions \
    -Coverflow-checks";
/// Time for each target unless the caller names one.
const SECONDS: u64 = 60;
/// Memory after which an input counts as a fault.
const MAX_MEGABYTES: u32 = 2048;
/// Time after which one input counts as a fault.
const MAX_INPUT_SECONDS: u32 = 10;

/// Fuzzes the named target, or each in turn. Fails on the first input that breaks one; the input is
/// stored beside the corpus.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (names, seconds): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.parse::<u64>().is_err());
    let seconds = seconds.first().map_or(Ok(SECONDS), |text| text.parse())?;
    run::set_up(Purpose::Run)?;
    let program = build()?;
    let corpora = folder().join("corpus");
    let listed = output(std::process::Command::new(&program).env("BINNACLE_FUZZ_CORPUS", &corpora))?;
    let targets: Vec<&str> =
        listed.lines().filter(|target| names.is_empty() || names.iter().any(|name| name == target)).collect();
    ensure!(!targets.is_empty(), "no target has this name; there are:\n{listed}");
    for target in targets {
        say(&format!("fuzzing {target} for {seconds} s"));
        check(
            std::process::Command::new(&program)
                .arg(corpora.join(target))
                .arg(format!("-max_total_time={seconds}"))
                .arg(format!("-rss_limit_mb={MAX_MEGABYTES}"))
                .arg(format!("-timeout={MAX_INPUT_SECONDS}"))
                .arg(format!("-artifact_prefix={}/{target}-", folder().display()))
                .args(["-print_final_stats=1", "-verbosity=0"])
                .env("BINNACLE_FUZZ_TARGET", target),
        )?;
    }
    Ok(())
}

/// Builds the fuzzer in a folder of its own, because everything is instrumented. With `--target`
/// the flags do not reach build scripts.
fn build() -> anyhow::Result<PathBuf> {
    say("building the instrumented parsers");
    let host = output(&mut command("rustc", &["--print", "host-tuple"], &workspace::root()))?;
    let host = host.trim();
    let arguments = [
        "build",
        "--locked",
        "--release",
        "-p",
        "fuzz",
        "--features",
        "libfuzzer",
        "--bin",
        "fuzz",
        "--target",
        host,
    ];
    let rpath = "-Clink-arg=-Wl,-rpath,$ORIGIN";
    check(
        command("cargo", &arguments, &workspace::root())
            .env("CARGO_TARGET_DIR", folder())
            .env("RUSTFLAGS", format!("{INSTRUMENTED} {rpath}")),
    )?;
    let built = folder().join(host).join("release");
    duckdb::place_beside(&built)?;
    Ok(built.join(run::program("fuzz")))
}

fn folder() -> PathBuf {
    workspace::target().join("fuzz")
}
