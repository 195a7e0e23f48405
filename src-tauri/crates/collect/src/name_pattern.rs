//! Patterns for the names of files and programs.

use globset::{GlobBuilder, GlobSet};

/// A glob for one name: `*`, `?`, `[…]` and `{…,…}`.
///
/// A name that equals the pattern matches too. So a file `app[1].log` can be named as it is.
#[derive(Debug, Clone)]
pub(crate) struct NamePattern {
    text: String,
    glob: GlobSet,
}

impl NamePattern {
    /// Creates a pattern. If it is an invalid glob, only `*` has a meaning in it.
    pub(crate) fn new(text: &str) -> Self {
        let glob = compile(text).or_else(|_| compile(&with_stars_only(text))).unwrap_or_default();
        Self { text: text.to_owned(), glob }
    }

    /// Returns the pattern as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns true if the pattern has no wildcard.
    pub(crate) fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?', '[', '{'])
    }

    /// Returns true if the whole of `name` matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        name == self.text || self.glob.is_match(name)
    }
}

fn compile(text: &str) -> Result<GlobSet, globset::Error> {
    let glob = GlobBuilder::new(text).literal_separator(false).backslash_escape(false).build()?;
    GlobSet::builder().add(glob).build()
}

fn with_stars_only(text: &str) -> String {
    let pieces: Vec<String> = text.split('*').map(globset::escape).collect();
    pieces.join("*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str, bool)]) {
        for (pattern, name, expected) in cases {
            assert_eq!(NamePattern::new(pattern).matches(name), *expected, "{pattern} {name}");
        }
    }

    #[test]
    fn stars_stand_for_any_text() {
        check(&[
            ("a.log", "a.log", true),
            ("a.log", "a.log.1", false),
            ("*.log", "a.log", true),
            ("*.log", ".log", true),
            ("*.log", "a.log.gz", false),
            ("*.log*", "a.log.gz", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "anything", true),
            ("*", "", true),
            ("**", "", true),
            ("**", "anything", true),
            ("a**c", "abc", true),
            ("", "", true),
            ("", "a", false),
            ("post*", "postgres", true),
            ("*gres", "postgres", true),
            ("p*t*s", "postgres", true),
            ("p*x*s", "postgres", false),
            ("*", "two\nlines", true),
            ("Größe-*.log", "Größe-1.log", true),
            ("KWORKER*", "kworker", false),
        ]);
    }

    #[test]
    fn names_of_kernel_threads_may_contain_slashes() {
        check(&[
            ("kworker*", "kworker/0:1-events", true),
            ("kworker/*", "kworker/u8:0", true),
            ("*:1", "kworker/0:1", true),
            ("kworker/**", "kworker/0:1", true),
        ]);
    }

    #[test]
    fn the_other_wildcards_of_a_glob_work() {
        check(&[
            ("app?.log", "app1.log", true),
            ("app?.log", "app12.log", false),
            ("app[0-3].log", "app2.log", true),
            ("app[!0-3].log", "app2.log", false),
            ("{web,api}-*.log", "api-1.log", true),
            ("{web,api}-*.log", "db-1.log", false),
        ]);
    }

    #[test]
    fn a_name_equal_to_the_pattern_and_an_invalid_glob_stand_for_themselves() {
        check(&[
            ("app[1].log", "app[1].log", true),
            ("[", "[", true),
            ("[", "x", false),
            ("app[1*", "app[1-2", true),
            ("app{1*", "app{1-2", true),
            (r"a\*.log", r"a\b.log", true),
        ]);
        let nested = format!("{}a{}", "{".repeat(1000), "}".repeat(1000));
        check(&[(&nested, &nested, true), (&nested, "b", false)]);
    }

    #[test]
    fn only_a_pattern_without_wildcards_is_literal() {
        assert!(NamePattern::new("a.log").is_literal());
        for pattern in ["*.log", "a?.log", "a[1].log", "{a,b}.log"] {
            assert!(!NamePattern::new(pattern).is_literal(), "{pattern}");
        }
    }
}
