//! `cargo xtask test`: every check and test, one count at the end.

mod summary;

use std::time::Instant;

use anyhow::bail;

use crate::{
    canary, duckdb,
    gates::{cargo, documentation, format, npm},
    licences,
    process::say,
    run,
    system::Purpose,
    tidy, tools, workspace,
};
use summary::{Count, Reporter, counted, once};

/// One part of the whole.
struct Part {
    name: &'static str,
    description: &'static str,
    run: fn(&Reporter) -> anyhow::Result<Count>,
}

/// Parts that run one after another.
type Lane = &'static [Part];

/// Lanes that run side by side. The next phase begins when all of them have ended.
type Phase = &'static [Lane];

const PHASES: &[Phase] = &[&[RUST_CHECKS, CONSOLE_CHECKS], &[&[RUST], &[BROWSER]]];

const RUST_CHECKS: Lane = &[
    Part { name: "format", description: "Rust is formatted", run: |to| once(format(), to) },
    Part { name: "tidy", description: "words, comments and modules follow the rules", run: |_| tidy() },
    Part {
        name: "lints",
        description: "no warnings from clippy",
        run: |to| {
            once(cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]), to)
        },
    },
    Part {
        name: "documentation",
        description: "no warnings from rustdoc",
        run: |to| once(documentation(&["--workspace"]), to),
    },
    Part { name: "dependencies", description: "every dependency is used and may be used", run: dependencies },
    Part {
        name: "canaries",
        description: "each check finds a planted fault",
        run: |_| canary::run(canary::RUST).map(Count::from),
    },
    Part { name: "programs", description: "programs and tests are built", run: programs },
];

const CONSOLE_CHECKS: Lane = &[
    Part {
        name: "console-lint",
        description: "the console follows its rules",
        run: |to| once(npm("lint"), to),
    },
    Part { name: "console-types", description: "the console's types hold", run: |to| once(npm("check"), to) },
    Part {
        name: "console-unused",
        description: "the console has no unused file, export or dependency",
        run: |to| once(npm("unused"), to),
    },
    Part {
        name: "console-unit",
        description: "unit tests of the console",
        run: |to| counted(npm("test"), to, summary::vitest),
    },
    Part {
        name: "console-canaries",
        description: "each check of the console finds a planted fault",
        run: |_| canary::run(canary::CONSOLE).map(Count::from),
    },
];

const RUST: Part = Part { name: "rust", description: "Rust tests: unit, integration, end to end", run: rust };

const BROWSER: Part = Part {
    name: "browser",
    description: "the console in Chromium",
    run: |to| counted(npm("e2e"), to, summary::playwright),
};

/// Runs every part, or the one called `only`.
#[expect(clippy::disallowed_methods, reason = "a person reads how long it took")]
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    let parts = || PHASES.iter().copied().flatten().copied().flatten();
    if only.is_some_and(|only| parts().all(|part| part.name != only)) {
        let names: Vec<&str> = parts().map(|part| part.name).collect();
        bail!("no part is called {:?}; there are {}", only.unwrap_or_default(), names.join(", "));
    }
    let began = Instant::now();
    run::set_up(Purpose::Test)?;
    let mut total = Count::default();
    let mut failures = Vec::new();
    for phase in PHASES {
        let outcomes: Vec<(&Part, Count)> = std::thread::scope(|scope| {
            let start = |(number, lane): (usize, &'static [Part])| {
                scope.spawn(move || {
                    let chosen = lane.iter().filter(|part| only.is_none_or(|only| part.name == only));
                    chosen.map(|part| (part, run_part(part, number > 0))).collect::<Vec<_>>()
                })
            };
            let lanes: Vec<_> = phase.iter().copied().enumerate().map(start).collect();
            lanes.into_iter().flat_map(|lane| lane.join().expect("a part panicked")).collect()
        });
        for (part, count) in outcomes {
            total += count;
            if count.failed > 0 {
                failures.push(part.name);
            }
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

/// Runs a part. With `named` each line of its report begins with its name, which keeps lanes apart.
#[expect(clippy::disallowed_methods, reason = "a person reads how long it took")]
fn run_part(part: &Part, named: bool) -> Count {
    say(&format!("{}: {}", part.name, part.description));
    let began = Instant::now();
    let reporter = Reporter::new(named.then_some(part.name));
    let count = (part.run)(&reporter).unwrap_or_else(|error| {
        reporter.line(&format!("{}: {error:#}", part.name));
        Count { passed: 0, failed: 1 }
    });
    let seconds = began.elapsed().as_secs();
    say(&format!("{}: {} passed, {} failed in {seconds} s", part.name, count.passed, count.failed));
    count
}

fn tidy() -> anyhow::Result<Count> {
    tidy::run(&[])?;
    Ok(Count { passed: 1, failed: 0 })
}

fn dependencies(to: &Reporter) -> anyhow::Result<Count> {
    licences::check()?;
    once(tools::MACHETE.command()?, to)
}

/// The targets that tests need. Tests start the programs, so these have to be there and as new as
/// the tests. One selection of packages builds both: each selection has features of its own.
const TARGETS: &[&str] = &["--locked", "--workspace", "--lib", "--bins", "--tests"];

fn programs(to: &Reporter) -> anyhow::Result<Count> {
    let built = once(cargo(&[&["build"], TARGETS].concat()), to)?;
    duckdb::place_beside(&workspace::target().join("debug"))?;
    Ok(built)
}

fn rust(to: &Reporter) -> anyhow::Result<Count> {
    programs(to)?;
    let mut nextest = tools::NEXTEST.command()?;
    nextest.arg("run").args(TARGETS).arg("--no-fail-fast");
    counted(nextest, to, summary::nextest)
}
