//! `cargo xtask test`: every check and test, one count at the end.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, bail};

use crate::{
    canary, duckdb,
    gates::{cargo, documentation, format, npm},
    licences,
    process::say,
    run,
    system::Purpose,
    tidy, tools, workspace,
};

/// Passed and failed.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    passed: u64,
    failed: u64,
}

/// One part of the whole.
struct Part {
    name: &'static str,
    description: &'static str,
    run: fn() -> anyhow::Result<Count>,
}

const PARTS: &[Part] = &[
    Part { name: "format", description: "Rust is formatted", run: || once(format()) },
    Part { name: "tidy", description: "words, comments and modules follow the rules", run: tidy },
    Part { name: "console-lint", description: "the console follows its rules", run: || once(npm("lint")) },
    Part { name: "console-types", description: "the console's types hold", run: || once(npm("check")) },
    Part {
        name: "console-unused",
        description: "the console has no unused file, export or dependency",
        run: || once(npm("unused")),
    },
    Part {
        name: "console-unit",
        description: "unit tests of the console",
        run: || counted(npm("test"), Output::Standard, vitest),
    },
    Part {
        name: "lints",
        description: "no warnings from clippy",
        run: || once(cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    },
    Part {
        name: "documentation",
        description: "no warnings from rustdoc",
        run: || once(documentation(&["--workspace"])),
    },
    Part { name: "dependencies", description: "every dependency is used and may be used", run: dependencies },
    Part { name: "canaries", description: "each check finds a planted fault", run: canaries },
    Part { name: "rust", description: "Rust tests: unit, integration, end to end", run: rust },
    Part {
        name: "browser",
        description: "the console in Chromium",
        run: || counted(npm("e2e"), Output::Standard, playwright),
    },
];

/// Runs every part, or the one called `only`.
#[expect(clippy::disallowed_methods, reason = "a person reads how long each part took")]
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    let parts: Vec<&Part> = PARTS.iter().filter(|part| only.is_none_or(|only| part.name == only)).collect();
    if parts.is_empty() {
        let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        bail!("no part is called {:?}; there are {}", only.unwrap_or_default(), names.join(", "));
    }
    let began = Instant::now();
    run::set_up(Purpose::Test)?;
    let mut total = Count::default();
    let mut failures = Vec::new();
    for part in parts {
        say(&format!("{}: {}", part.name, part.description));
        let part_began = Instant::now();
        let count = (part.run)().unwrap_or_else(|error| {
            eprintln!("{}: {error:#}", part.name);
            Count { passed: 0, failed: 1 }
        });
        say(&format!(
            "{}: {} passed, {} failed in {} s",
            part.name,
            count.passed,
            count.failed,
            part_began.elapsed().as_secs()
        ));
        total.passed += count.passed;
        total.failed += count.failed;
        if count.failed > 0 {
            failures.push(part.name);
        }
    }
    if !failures.is_empty() {
        say(&format!("failed: {}", failures.join(", ")));
    }
    say(&format!("all of it took {} s", began.elapsed().as_secs()));
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 || total.passed == 0 {
        bail!("not everything passed");
    }
    Ok(())
}

/// Runs a command that is one check by itself.
fn once(mut command: Command) -> anyhow::Result<Count> {
    let passed = command.status().context("cannot start it")?.success();
    Ok(Count { passed: u64::from(passed), failed: u64::from(!passed) })
}

fn tidy() -> anyhow::Result<Count> {
    tidy::run(&[])?;
    Ok(Count { passed: 1, failed: 0 })
}

fn dependencies() -> anyhow::Result<Count> {
    licences::check()?;
    once(tools::MACHETE.command()?)
}

fn canaries() -> anyhow::Result<Count> {
    let (passed, failed) = canary::run()?;
    Ok(Count { passed, failed })
}

fn rust() -> anyhow::Result<Count> {
    // Tests start the programs, so these have to be there and as new as the tests.
    run::build("dev")?;
    duckdb::place_beside(&workspace::target().join("debug"))?;
    let mut nextest = tools::NEXTEST.command()?;
    nextest.args(["run", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    counted(nextest, Output::Error, nextest_summary)
}

/// The stream on which a test runner reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Standard,
    Error,
}

/// Runs a test runner, passes its report on and adds up the counts that `read` finds in its lines.
/// A runner that fails without a failed test counts as one.
fn counted(mut command: Command, output: Output, read: fn(&str) -> Count) -> anyhow::Result<Count> {
    match output {
        Output::Standard => command.stdout(Stdio::piped()),
        Output::Error => command.stderr(Stdio::piped()),
    };
    let mut child = command.spawn().context("cannot start it")?;
    let report: Option<Box<dyn Read>> = match output {
        Output::Standard => child.stdout.take().map(|stream| Box::new(stream) as _),
        Output::Error => child.stderr.take().map(|stream| Box::new(stream) as _),
    };
    let mut count = Count::default();
    for line in report.into_iter().flat_map(|report| BufReader::new(report).lines()) {
        let line = line?;
        println!("{line}");
        let found = read(&plain(&line));
        count.passed += found.passed;
        count.failed += found.failed;
    }
    std::io::stdout().flush()?;
    let status = child.wait()?;
    if count.failed == 0 && (!status.success() || count.passed == 0) {
        count.failed = 1;
    }
    Ok(count)
}

/// Returns a line without colours.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' {
            letters.by_ref().find(|end| end.is_ascii_alphabetic());
        } else {
            text.push(letter);
        }
    }
    text
}

/// Returns the number before `word`.
fn number_before(line: &str, word: &str) -> u64 {
    line.split_once(word)
        .and_then(|(before, _)| {
            before.trim_end().rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        })
        .unwrap_or_default()
}

/// `Summary [ 3.2s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped`
fn nextest_summary(line: &str) -> Count {
    let Some((_, counts)) = line.split_once(" run: ").filter(|_| line.trim_start().starts_with("Summary"))
    else {
        return Count::default();
    };
    let failed = ["failed", "timed out", "exec failed"];
    let number = |part: &str, outcome: &str| {
        part.trim()
            .split_once(' ')
            .filter(|(_, rest)| *rest == outcome)
            .and_then(|(n, _)| n.parse::<u64>().ok())
    };
    let mut count = Count::default();
    for part in counts.split(',') {
        let part = part.split('(').next().unwrap_or_default().trim();
        count.passed += number(part, "passed").unwrap_or(0);
        count.failed += failed.iter().filter_map(|outcome| number(part, outcome)).sum::<u64>();
    }
    count
}

/// `Tests  5 passed | 1 failed (6)`
fn vitest(line: &str) -> Count {
    if !line.trim_start().starts_with("Tests ") {
        return Count::default();
    }
    Count { passed: number_before(line, " passed"), failed: number_before(line, " failed") }
}

/// `  5 passed (3.2s)` and `  1 failed`
fn playwright(line: &str) -> Count {
    let mut words = line.split_whitespace();
    let number = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
    match words.next() {
        Some("passed") => Count { passed: number, failed: 0 },
        Some("failed") => Count { passed: 0, failed: number },
        _ => Count::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_runners_are_understood() {
        let count = nextest_summary(
            "     Summary [   3.214s] 15 tests run: 9 passed (2 slow, 1 leaky), 4 failed, 2 timed out, 7 skipped",
        );
        assert_eq!((count.passed, count.failed), (9, 6));
        let count = nextest_summary("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped");
        assert_eq!((count.passed, count.failed), (1, 0));
        let count = vitest(&plain(
            "\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[31m1 failed\x1b[39m | \x1b[32m41 passed\x1b[39m (42)",
        ));
        assert_eq!((count.passed, count.failed), (41, 1));
        assert_eq!(playwright("  13 passed (20.1s)").passed, 13);
        assert_eq!(playwright("  2 failed").failed, 2);
        assert_eq!(vitest(" Test Files  5 passed (5)").passed, 0);
    }
}
