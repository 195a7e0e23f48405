//! Comment lines have at most 100 columns.

use super::{Finding, Source};

const MAX_COLUMNS: usize = 100;

/// Reports each comment line that is too wide. A line with an address in it may be wider.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let starts: &[&str] = if source.ends_with(&[".rs", ".ts", ".js"]) {
        &["//", "/*", "* "]
    } else if source.ends_with(&[".svelte", ".html"]) {
        &["//", "/*", "* ", "<!--"]
    } else if source.ends_with(&[".css"]) {
        &["/*", "* "]
    } else if source.ends_with(&[".toml", ".py", ".sh", ".yml"]) {
        &["#"]
    } else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let text = line.trim_start();
        let columns = line.chars().count();
        let is_comment = starts.iter().any(|start| text.starts_with(start)) && !text.starts_with("#[");
        if is_comment && columns > MAX_COLUMNS && !text.contains("://") {
            findings.push(
                source.finding(index + 1, format!("comment of {columns} columns, at most {MAX_COLUMNS}")),
            );
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
    fn only_comments_that_are_too_wide_are_reported() {
        let wide = "x".repeat(110);
        assert_eq!(found("a.rs", &format!("    /// {wide}")), 1);
        assert_eq!(found("a.toml", &format!("# {wide}")), 1);
        assert_eq!(found("a.svelte", &format!("<!-- {wide} -->")), 1);
        assert_eq!(found("a.rs", &format!("let text = \"{wide}\";")), 0);
        assert_eq!(found("a.rs", &format!("/// <https://{wide}>")), 0);
        assert_eq!(found("a.rs", &format!("#[doc = \"{wide}\"]")), 0);
    }
}
