//! Files stay small, and lock files name no registry.

use super::{Finding, Source};

const MAX_LINES: usize = 500;

/// The name of cargo's default registry, the only address that a lock file may hold.
const CARGO_DEFAULT: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Reports source files that are too long and addresses in lock files.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_generated = source.path.contains("/generated/");
    let lines = source.text.lines().count();
    if source.ends_with(&[".rs", ".ts", ".svelte"]) && !is_generated && lines > MAX_LINES {
        findings.push(source.finding(MAX_LINES, format!("{lines} lines, at most {MAX_LINES}")));
    }
    if source.ends_with(&["package-lock.json", "Cargo.lock"]) {
        for (index, line) in source.text.lines().enumerate() {
            let names_registry = line.contains("\"resolved\"")
                || (line.starts_with("source = ") && !line.contains(CARGO_DEFAULT));
            if names_registry {
                findings.push(source.finding(index + 1, "a lock file holds no registry address"));
            }
        }
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
    fn long_files_and_addresses_in_lock_files_are_reported() {
        assert_eq!(found("a.rs", &"//! A.\n".repeat(501)), 1);
        assert_eq!(found("a.rs", &"//! A.\n".repeat(500)), 0);
        assert_eq!(found("ui/src/backend/generated/a.ts", &"x\n".repeat(900)), 0);
        assert_eq!(found("ui/package-lock.json", "  \"resolved\": \"https://example.org/a.tgz\","), 1);
        assert_eq!(found("Cargo.lock", &format!("source = \"{CARGO_DEFAULT}\"")), 0);
        assert_eq!(found("Cargo.lock", "source = \"registry+https://example.org/index\""), 1);
    }
}
