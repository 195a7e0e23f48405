//! Runs checks and test runners, passes their reports on and counts what passed.

use std::{
    io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _},
    ops::AddAssign,
    process::{Command, Stdio},
};

use anyhow::Context as _;

/// Passed and failed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl From<(u64, u64)> for Count {
    fn from((passed, failed): (u64, u64)) -> Self {
        Self { passed, failed }
    }
}

/// Prints the lines of a part's report whole, with a name before each if there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reporter(Option<&'static str>);

impl Reporter {
    pub(super) fn new(name: Option<&'static str>) -> Self {
        Self(name)
    }

    pub(super) fn line(self, line: &str) {
        let text = match self.0 {
            Some(name) => format!("{name}: {line}\n"),
            None => format!("{line}\n"),
        };
        // Nobody is left to read it if this fails.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Runs a command that is one check by itself.
pub(super) fn once(command: Command, to: &Reporter) -> anyhow::Result<Count> {
    let (passed, _) = run(command, *to, |_| Count::default())?;
    Ok(Count { passed: u64::from(passed), failed: u64::from(!passed) })
}

/// Runs a test runner and adds up the counts that `read` finds in its lines. A runner that fails
/// without a failed test counts as one.
pub(super) fn counted(command: Command, to: &Reporter, read: fn(&str) -> Count) -> anyhow::Result<Count> {
    let (succeeded, mut count) = run(command, *to, read)?;
    if count.failed == 0 && (!succeeded || count.passed == 0) {
        count.failed = 1;
    }
    Ok(count)
}

/// Runs a command, passes its lines on and adds up what `read` finds in them. Returns also
/// whether it succeeded.
fn run(mut command: Command, to: Reporter, read: fn(&str) -> Count) -> anyhow::Result<(bool, Count)> {
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start it")?;
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    let mut total = Count::default();
    std::thread::scope(|scope| {
        let pass_on = |stream: Box<dyn Read + Send>| {
            scope.spawn(move || {
                let mut count = Count::default();
                for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line);
                    let line = line.trim_end_matches('\r');
                    to.line(line);
                    count += read(&plain(line));
                }
                count
            })
        };
        let readers: Vec<_> = streams.into_iter().flatten().map(pass_on).collect();
        for reader in readers {
            total += reader.join().expect("a reader panicked");
        }
    });
    Ok((child.wait()?.success(), total))
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
pub(super) fn nextest(line: &str) -> Count {
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
pub(super) fn vitest(line: &str) -> Count {
    if !line.trim_start().starts_with("Tests ") {
        return Count::default();
    }
    Count { passed: number_before(line, " passed"), failed: number_before(line, " failed") }
}

/// `  5 passed (3.2s)` and `  1 failed`
pub(super) fn playwright(line: &str) -> Count {
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
        let count = nextest(
            "     Summary [   3.214s] 15 tests run: 9 passed (2 slow, 1 leaky), 4 failed, 2 timed out, 7 skipped",
        );
        assert_eq!((count.passed, count.failed), (9, 6));
        let count = nextest("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped");
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
