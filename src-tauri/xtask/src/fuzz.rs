//! `cargo xtask fuzz`: the parsers under libFuzzer, led by the coverage of instrumented code.

mod compiler;

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

pub(crate) use self::compiler::{is_compiler, run_compiler};
use crate::{
    duckdb,
    process::{check, command, output, say},
    run, workspace,
};

/// Time for each target unless the caller names one.
const SECONDS: u64 = 60;
/// Memory after which an input counts as a fault.
const MAX_MEGABYTES: u32 = 2048;
/// Time after which one input counts as a fault.
const MAX_INPUT_SECONDS: u32 = 10;

/// Fuzzes the named targets, or each in turn, and prints executions and covered edges. Fails at the
/// end if an input broke one; the input is stored beside the corpus.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (names, seconds): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.parse::<u64>().is_err());
    let seconds = seconds.first().map_or(Ok(SECONDS), |text| text.parse())?;
    duckdb::prepare()?;
    let program = build()?;
    let corpora = folder().join("corpus");
    let listed = output(Command::new(&program).env("BINNACLE_FUZZ_CORPUS", &corpora))?;
    let targets: Vec<&str> =
        listed.lines().filter(|target| names.is_empty() || names.iter().any(|name| name == target)).collect();
    ensure!(!targets.is_empty(), "no target has this name; there are:\n{listed}");
    let mut broken = Vec::new();
    for target in targets {
        if !fuzz(&program, target, &corpora, seconds)? {
            broken.push(target);
        }
    }
    ensure!(broken.is_empty(), "inputs broke {}; they are in {}", broken.join(", "), folder().display());
    Ok(())
}

/// Fuzzes one target. Returns false if an input broke it.
fn fuzz(program: &Path, target: &str, corpora: &Path, seconds: u64) -> anyhow::Result<bool> {
    say(&format!("fuzzing {target} for {seconds} s"));
    let mut fuzzer = Command::new(program)
        .arg(corpora.join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MAX_MEGABYTES}"))
        .arg(format!("-timeout={MAX_INPUT_SECONDS}"))
        .arg(format!("-artifact_prefix={}/{target}-", folder().display()))
        .env("BINNACLE_FUZZ_TARGET", target)
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let printed = fuzzer.stderr.take().context("no output of the fuzzer")?;
    let mut summary = None;
    for line in BufReader::new(printed).lines() {
        let line = line?;
        match line.strip_prefix('#') {
            Some(progress) if progress.contains("DONE") => summary = Some(progress.to_owned()),
            // What libFuzzer prints of each new input.
            Some(_) => {}
            None if line.starts_with("INFO:") || line.starts_with("\tNEW_FUNC") => {}
            None => println!("{line}"),
        }
    }
    let status = fuzzer.wait()?;
    match summary {
        Some(summary) if status.success() => println!("{target}: {summary}"),
        _ => println!("{target}: broken ({status})"),
    }
    Ok(status.success())
}

/// Builds the fuzzer. Only the crates of the workspace are instrumented and optimized; the others
/// are those of the development build.
fn build() -> anyhow::Result<PathBuf> {
    say("building the instrumented parsers");
    let arguments = ["build", "--locked", "-p", "fuzz", "--features", "libfuzzer", "--bin", "fuzz"];
    check(
        command("cargo", &arguments, &workspace::root())
            .env("RUSTC_WORKSPACE_WRAPPER", std::env::current_exe()?)
            .env(compiler::VARIABLE, "1"),
    )?;
    let built = workspace::target().join("debug");
    duckdb::place_beside(&built)?;
    Ok(built.join(run::program("fuzz")))
}

fn folder() -> PathBuf {
    workspace::target().join("fuzz")
}
