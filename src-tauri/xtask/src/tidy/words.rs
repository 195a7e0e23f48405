//! Words that the glossary replaced: an identifier or a sentence with one of them is a finding.

use super::{Finding, Source};

/// Each entry is one word, or several words in a row.
const BANNED: &[&[&str]] = &[
    &["bearable"],
    &["believable"],
    &["comes", "to"],
    &["held", "back"],
    &["noticing"],
    &["reckon"],
    &["reckoned"],
    &["reckoning"],
    &["reckons"],
    &["serviceability"],
    &["stretch"],
    &["stretched"],
    &["stretches"],
    &["stretching"],
    &["tell"],
    &["telling"],
    &["tells"],
    &["told"],
    &["untold"],
    &["way", "in"],
    &["ways", "in"],
    &["whoever"],
];

/// Places where a banned word is right: path, word, reason. A path that ends with `/` is a folder.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("src-tauri/xtask/src/tidy/", "*", "the rules name the words"),
    ("CHANGELOG.md", "held back", "the former names of series"),
    ("src-tauri/crates/store/src/database/schema.rs", "held back", "a migration replaces the word"),
    ("src-tauri/crates/store/src/catalog/renamed_series.rs", "held back", "the former names of series"),
    ("src-tauri/crates/store/tests/it/schema_migration.rs", "held back", "the former names of series"),
    ("tests/tests/process/earlier_version.rs", "held back", "the former names of series"),
];

/// File kinds that hold prose or identifiers of ours.
const CHECKED: &[&str] =
    &[".rs", ".ts", ".svelte", ".js", ".py", ".md", ".toml", ".html", ".css", ".json", ".yml", ".sh"];

/// Files made by tools, and texts of others.
const SKIPPED: &[&str] = &["package-lock.json", "Cargo.lock", "tests/fixtures/"];

/// Reports each banned word of a file. Identifiers are split at underscores and capitals.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.ends_with(CHECKED) || SKIPPED.iter().any(|skipped| source.path.contains(skipped)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut previous: Vec<String> = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let words = split(line);
        // A phrase may begin on the line before.
        let carried = previous.last().cloned().into_iter().collect::<Vec<_>>();
        let first = carried.len();
        let row: Vec<String> = carried.into_iter().chain(words.iter().cloned()).collect();
        for phrase in BANNED {
            let hits = row.windows(phrase.len()).enumerate().filter(|(start, found)| {
                start + phrase.len() > first && found.iter().zip(*phrase).all(|(found, word)| found == word)
            });
            if hits.count() > 0 && !is_allowed(source, phrase, line) {
                findings.push(
                    source
                        .finding(index + 1, format!("\"{}\" is replaced by the glossary", phrase.join(" "))),
                );
            }
        }
        previous = words;
    }
    findings
}

fn is_allowed(source: &Source, phrase: &[&str], line: &str) -> bool {
    // A value of CSS.
    let is_css = source.ends_with(&[".css", ".svelte"]);
    if phrase == ["stretch"] && is_css && line.trim_end().ends_with("stretch;") {
        return true;
    }
    ALLOWED.iter().any(|(path, word, _)| {
        let is_here = if path.ends_with('/') { source.path.starts_with(path) } else { source.path == *path };
        is_here && (*word == "*" || *word == phrase.join(" "))
    })
}

/// Splits a line into lower-case words: `heldBack`, `held_back` and `held back` give the same two.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if !letter.is_alphabetic() {
            end(&mut word, &mut words);
            continue;
        }
        word.extend(letter.to_lowercase());
        let next_is_capital = letters.peek().is_some_and(|next| next.is_uppercase());
        if next_is_capital && letter.is_lowercase() {
            end(&mut word, &mut words);
        }
    }
    end(&mut word, &mut words);
    words
}

fn end(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn banned_words_are_found_in_every_spelling() {
        for text in ["fn tell_one()", "struct HeldBack;", "let heldBack = 1", "// a way in", "TOLD"] {
            assert_eq!(found("a.rs", text), 1, "{text}");
        }
        assert_eq!(found("a.md", "it was held\nback by"), 1, "over two lines");
    }

    #[test]
    fn ordinary_words_pass() {
        for text in ["// an intelligent teller", "fn hold_back()", "// always in", "stretcher"] {
            assert_eq!(found("a.rs", text), 0, "{text}");
        }
        assert_eq!(found("a.svelte", "  align-items: stretch;"), 0);
        assert_eq!(found("package-lock.json", "told"), 0);
    }
}
