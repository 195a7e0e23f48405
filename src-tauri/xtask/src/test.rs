//! `cargo xtask test`: every check and test, one count at the end.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, bail};

use crate::{
    duckdb,
    process::{command, say},
    run,
    system::Purpose,
    workspace,
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
    what: &'static str,
    run: fn() -> anyhow::Result<Count>,
}

const PARTS: &[Part] = &[
    Part { name: "format", what: "Rust is formatted", run: || once(cargo(&["fmt", "--all", "--check"])) },
    Part { name: "console-lint", what: "the console follows its rules", run: || once(npm("lint")) },
    Part { name: "console-types", what: "the console's types hold", run: || once(npm("check")) },
    Part { name: "console-canary", what: "a planted type error is found", run: canary },
    Part { name: "console-unit", what: "unit tests of the console", run: || counted(npm("test"), vitest) },
    Part {
        name: "lints",
        what: "no warnings from clippy",
        run: || once(cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    },
    Part { name: "rust", what: "Rust tests: unit, integration, end to end", run: rust },
    Part { name: "browser", what: "the console in Chromium", run: || counted(npm("e2e"), playwright) },
];

/// Runs every part, or the one called `only`.
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
        say(&format!("{}: {}", part.name, part.what));
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

fn cargo(arguments: &[&str]) -> Command {
    command("cargo", arguments, &workspace::root())
}

fn npm(script: &str) -> Command {
    command("npm", &["run", "--silent", script], &workspace::ui())
}

/// A command that is one check by itself.
fn once(mut command: Command) -> anyhow::Result<Count> {
    let passed = command.status().context("cannot start it")?.success();
    Ok(Count { passed: u64::from(passed), failed: u64::from(!passed) })
}

/// A type checker that finds nothing wrong anywhere would also pass.
fn canary() -> anyhow::Result<Count> {
    let file = workspace::ui().join("src/canary.ts");
    std::fs::write(&file, "export const planted: number = 'not a number'\n")?;
    let outcome = npm("check").stdout(Stdio::null()).stderr(Stdio::null()).status();
    std::fs::remove_file(&file)?;
    let found = !outcome?.success();
    Ok(Count { passed: u64::from(found), failed: u64::from(!found) })
}

fn rust() -> anyhow::Result<Count> {
    // Tests start the programs, so these have to be there and as new as the tests.
    run::build("dev")?;
    duckdb::place_beside(&workspace::target().join("debug"))?;
    let every_test = ["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    counted(cargo(&every_test), cargo_test)
}

/// Runs a test runner, passes its output on and adds up what `read` finds in its lines. A runner that fails
/// without a failed test counts as one.
fn counted(mut command: Command, read: fn(&str) -> Count) -> anyhow::Result<Count> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start it")?;
    let mut count = Count::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            let found = read(&plain(&line));
            count.passed += found.passed;
            count.failed += found.failed;
        }
    }
    std::io::stdout().flush()?;
    let status = child.wait()?;
    if count.failed == 0 && (!status.success() || count.passed == 0) {
        count.failed = 1;
    }
    Ok(count)
}

/// A line without colours.
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

/// The number before `word`.
fn number_before(line: &str, word: &str) -> u64 {
    line.split_once(word)
        .and_then(|(before, _)| {
            before.trim_end().rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
        })
        .unwrap_or_default()
}

/// `test result: ok. 5 passed; 0 failed; …`
fn cargo_test(line: &str) -> Count {
    if !line.starts_with("test result:") {
        return Count::default();
    }
    Count { passed: number_before(line, " passed"), failed: number_before(line, " failed") }
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
        let count =
            cargo_test("test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!((count.passed, count.failed), (12, 3));
        let count = vitest(&plain(
            "\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[31m1 failed\x1b[39m | \x1b[32m41 passed\x1b[39m (42)",
        ));
        assert_eq!((count.passed, count.failed), (41, 1));
        assert_eq!(playwright("  13 passed (20.1s)").passed, 13);
        assert_eq!(playwright("  2 failed").failed, 2);
        assert_eq!(vitest(" Test Files  5 passed (5)").passed, 0);
    }
}
