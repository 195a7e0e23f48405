//! The program that libFuzzer drives. `BINNACLE_FUZZ_TARGET` names the target. With
//! `BINNACLE_FUZZ_CORPUS` it writes the seeds of every target into a folder each, prints the names,
//! and ends.

#![no_main]

use std::{fs, io, path::Path, sync::LazyLock};

use fuzz::{TARGETS, Target, find};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("BINNACLE_FUZZ_TARGET").unwrap_or_default();
    find(&name).unwrap_or_else(|| panic!("BINNACLE_FUZZ_TARGET names no target: {name:?}"))
});

fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("BINNACLE_FUZZ_CORPUS") {
            let written = write_seeds(Path::new(&folder));
            if let Err(error) = &written {
                eprintln!("cannot write the seeds: {error}");
            }
            std::process::exit(i32::from(written.is_err()));
        }
    },
    |bytes: &[u8]| (TARGET.run)(bytes)
);

fn write_seeds(folder: &Path) -> io::Result<()> {
    for target in TARGETS {
        let corpus = folder.join(target.name);
        fs::create_dir_all(&corpus)?;
        for (number, seed) in target.seeds.iter().enumerate() {
            fs::write(corpus.join(format!("seed-{number}")), seed)?;
        }
        println!("{}", target.name);
    }
    Ok(())
}
