//! `cargo xtask tidy`: rules of writing that no compiler checks, over every file that git tracks.

mod circles;
mod comments;
mod files;
mod imports;
mod modules;
mod prose;
mod words;

#[cfg(test)]
mod canary;

use std::{fmt, path::Path};

use anyhow::{Context as _, bail};

use crate::{process, workspace};

/// A breach of one rule at one line of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// First line is 1.
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// A text file of the repository.
#[derive(Debug, Clone)]
struct Source {
    /// Path from the root, with `/` between folders.
    path: String,
    text: String,
}

impl Source {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }

    fn ends_with(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }
}

/// Checks the files below `folders` (all of them if empty) and prints each finding.
/// Fails if there is one.
pub(crate) fn run(folders: &[String]) -> anyhow::Result<()> {
    let sources = read(&workspace::root(), folders)?;
    let findings = check(&sources);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} findings in {} files", findings.len(), sources.len());
    }
    println!("tidy: {} files, no finding", sources.len());
    Ok(())
}

/// Applies every rule to every file.
fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        findings.extend(words::check(source));
        findings.extend(comments::check(source));
        findings.extend(modules::check(source));
        findings.extend(files::check(source));
        findings.extend(prose::check_sentences(source));
    }
    findings.extend(circles::check(sources));
    findings.extend(prose::check_averages(sources));
    findings
}

/// Reads the tracked text files below `folders`. Files that are not UTF-8 are skipped.
fn read(root: &Path, folders: &[String]) -> anyhow::Result<Vec<Source>> {
    let listed = process::output(&mut process::command("git", &["ls-files", "-z"], root))
        .context("cannot list the tracked files")?;
    let mut sources = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let chosen = folders.is_empty() || folders.iter().any(|folder| path.starts_with(folder.as_str()));
        if !chosen {
            continue;
        }
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            sources.push(Source::new(path, text));
        }
    }
    Ok(sources)
}
