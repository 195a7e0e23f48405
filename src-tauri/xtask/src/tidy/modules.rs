//! Every Rust module begins with a sentence on its purpose, and all modules have one style.

use super::{Finding, Source};

/// Reports a Rust file without a module sentence and every `mod.rs`.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.ends_with(&[".rs"]) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if source.path.ends_with("/mod.rs") {
        findings.push(source.finding(1, "a module with children is `name.rs` beside the folder `name/`"));
    }
    let first = source.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
    match first {
        Some(line) if line.starts_with("//! ") => {}
        _ => findings.push(source.finding(1, "the module does not begin with a sentence (`//!`)")),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn modules_need_a_sentence_and_the_common_style() {
        assert_eq!(found("src/a.rs", "//! Reads a.\n\nfn a() {}\n"), 0);
        assert_eq!(found("src/a.rs", "#![allow(x)]\n//! Reads a.\n"), 0);
        assert_eq!(found("src/a.rs", "fn a() {}\n"), 1);
        assert_eq!(found("src/a.rs", ""), 1);
        assert_eq!(found("src/a/mod.rs", "//! Reads a.\n"), 1);
        assert_eq!(found("a.ts", "const a = 1\n"), 0);
    }
}
