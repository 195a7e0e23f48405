//! Set-up and chores: `cargo xtask run | test | bench | fuzz | package | tidy`.

mod bench;
mod canary;
mod console;
mod duckdb;
mod fuzz;
mod gates;
mod licences;
mod package;
mod process;
mod run;
mod system;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
Set-up and chores of Binnacle.

  cargo xtask run [-- ARGUMENTS]   sets everything up, builds, opens the console on this machine's data
                                   (without a display: serves it on localhost and prints the address)
  cargo xtask test [PART]          sets everything up and runs every check and test, or one part of them
  cargo xtask bench NAME           measures: ingest, metrics, start, analysis
  cargo xtask fuzz [NAME] [SECONDS] looks for inputs that break a parser, led by coverage; without NAME all
  cargo xtask package [--debug] [--built]
                                   builds a .deb into target/package, or packages what is built already
  cargo xtask tidy [FOLDER...]     checks words, comments and modules of the tracked files
  cargo xtask setup                only sets everything up
";

fn main() -> ExitCode {
    if fuzz::is_compiler() {
        return fuzz::run_compiler();
    }
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "run" => run::run(&rest),
        "test" => test::run(rest.first().map(String::as_str)),
        "fuzz" => fuzz::run(&rest),
        "bench" => bench::run(&rest),
        "package" => package::run(&rest).map(|path| println!("built {}", path.display())),
        "tidy" => tidy::run(&rest),
        "setup" => run::set_up(system::Purpose::Test),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
