//! The compiler of instrumented crates: this program, as cargo calls it for each crate of the
//! workspace (`RUSTC_WORKSPACE_WRAPPER`).

use std::process::{Command, ExitCode};

/// The variable that makes this program the compiler.
pub(super) const VARIABLE: &str = "BINNACLE_FUZZ_COMPILER";
/// Flags that count edges and record comparisons. libFuzzer reads both.
const INSTRUMENTED: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Copt-level=2",
    "-Cdebug-assertions",
    "-Coverflow-checks",
];

/// Returns whether cargo called this program as the compiler.
pub(crate) fn is_compiler() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Compiles a crate as cargo asks, instrumented if it becomes part of the fuzzer. The first
/// argument is the real compiler.
pub(crate) fn run_compiler() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(compiler) = arguments.next() else { return ExitCode::FAILURE };
    let arguments: Vec<_> = arguments.collect();
    let has = |text: &str| arguments.iter().any(|argument| argument == text);
    let is_crate = has("--crate-name") && !has("build_script_build") && !has("proc-macro");
    let flags = if is_crate { &INSTRUMENTED[..] } else { &[] };
    let status = Command::new(compiler).args(&arguments).args(flags).status();
    let code = status.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
