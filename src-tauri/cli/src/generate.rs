//! Shell completions and man pages, generated for the package.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::{CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;

use crate::arguments::Arguments;

/// Writes completions of every shell to `completions` and man pages to `man` in a folder.
pub(crate) fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    let (completions, pages) = (folder.join("completions"), folder.join("man"));
    for folder in [&completions, &pages] {
        fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    }
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Arguments::command(), "binnacle-cli", &completions)
            .with_context(|| format!("could not write the completions of {shell}"))?;
    }
    clap_mangen::generate_to(Arguments::command(), &pages).context("could not write the man pages")?;
    Ok(ExitCode::SUCCESS)
}
