//! Each rule finds a fault that is planted for it.

use super::{Source, check};

/// A clean file, and one fault for each rule: path, text, a part of the finding.
const FAULTS: &[(&str, &str, &str)] = &[
    ("a.rs", "//! Reads.\n\nfn held_back() {}\n", "replaced by the glossary"),
    (
        "a.rs",
        "//! Reads.\n\n// A comment that goes on and on, far beyond the columns which a reader sees in two windows, one beside the other.\n",
        "columns",
    ),
    ("a.rs", "fn a() {}\n", "does not begin with a sentence"),
    ("a/mod.rs", "//! Reads.\n", "beside the folder"),
    ("Cargo.lock", "source = \"registry+https://example.org/index\"\n", "registry address"),
    ("a.rs", "//! What it is.\n", "doc comments open with"),
];

fn findings(path: &str, text: &str) -> Vec<String> {
    check(&[Source::new(path, text)]).iter().map(ToString::to_string).collect()
}

#[test]
fn planted_faults_are_found() {
    assert_eq!(findings("a.rs", "//! Reads.\n"), Vec::<String>::new());
    for (path, text, expected) in FAULTS {
        let found = findings(path, text);
        assert!(found.iter().any(|line| line.contains(expected)), "{expected}: {found:?}");
    }
    let long = format!("//! {}.\n", "word ".repeat(36));
    assert!(findings("a.rs", &long).iter().any(|line| line.contains("sentence of 36 words")));
    let one = Source::new("src-tauri/crates/x/src/a.rs", "//! Reads.\nuse crate::b;\n");
    let other = Source::new("src-tauri/crates/x/src/b.rs", "//! Reads.\nuse crate::a;\n");
    assert!(check(&[one, other]).iter().any(|finding| finding.to_string().contains("in a circle")));
    let lines = "//! Reads.\n".repeat(501);
    assert!(findings("a.rs", &lines).iter().any(|line| line.contains("501 lines")));
}
