//! Sentences are short: the rules of writing for comments and pages.

use super::{Finding, Source};

/// The longest sentence, in words.
const MAX_WORDS: usize = 35;
/// The longest mean of all sentences of comments, and of all pages.
const MAX_MEAN: f64 = 16.0;
/// The largest share of doc comments that open with [`OPENINGS`].
const MAX_OPENINGS: f64 = 0.02;
/// Words with which a doc comment does not open.
const OPENINGS: &[&str] = &["What", "How", "Whether"];

/// Texts of others, of tools, and lists of facts without sentences.
const SKIPPED: &[&str] = &["/generated/", "tests/fixtures/", "LICENSE", "CHANGELOG.md", ".snap"];

/// Text that belongs together: a paragraph, a list item, a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Line on which it begins; the first is 1.
    line: usize,
    text: String,
    /// The first paragraph of a doc comment.
    opens_doc: bool,
}

/// Reports each sentence of a file that is too long.
pub(super) fn check_sentences(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in blocks(source) {
        for sentence in sentences(&block.text) {
            let words = count_words(&sentence);
            if words > MAX_WORDS {
                let start: String = sentence.chars().take(60).collect();
                let message = format!("sentence of {words} words, at most {MAX_WORDS}: \"{start}…\"");
                findings.push(source.finding(block.line, message));
            }
        }
    }
    findings
}

/// Reports means and shares over all files that are too high.
pub(super) fn check_averages(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (kind, is_page) in [("comments", false), ("pages", true)] {
        let blocks: Vec<Block> = sources
            .iter()
            .filter(|source| source.path.ends_with(".md") == is_page)
            .flat_map(blocks)
            .collect();
        let lengths: Vec<usize> =
            blocks.iter().flat_map(|block| sentences(&block.text)).map(|text| count_words(&text)).collect();
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64;
        if mean > MAX_MEAN {
            let message = format!("sentences of {kind} have {mean:.1} words on average, at most {MAX_MEAN}");
            findings.push(Finding { path: kind.to_owned(), line: 0, message });
        }
        let docs: Vec<&Block> = blocks.iter().filter(|block| block.opens_doc).collect();
        let open = docs
            .iter()
            .filter(|doc| doc.text.split_whitespace().next().is_some_and(|word| OPENINGS.contains(&word)))
            .count();
        let share = open as f64 / docs.len().max(1) as f64;
        if share >= MAX_OPENINGS {
            let message =
                format!("{open} of {} doc comments open with one of {}", docs.len(), OPENINGS.join(", "));
            findings.push(Finding { path: kind.to_owned(), line: 0, message });
        }
    }
    findings
}

fn blocks(source: &Source) -> Vec<Block> {
    if SKIPPED.iter().any(|skipped| source.path.contains(skipped)) {
        return Vec::new();
    }
    if source.path.ends_with(".md") {
        let lines = source.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        return paragraphs(lines, false);
    }
    if source.ends_with(&[".rs", ".ts", ".svelte", ".js"]) {
        return comment_blocks(&source.text);
    }
    if source.ends_with(&[".toml"]) {
        let lines = source.text.lines().enumerate();
        return paragraphs(lines.map(|(index, line)| (index + 1, toml_comment(line))), false);
    }
    Vec::new()
}

/// Returns the text of a comment of TOML. Other lines and settings in comments are empty.
fn toml_comment(line: &str) -> &str {
    let text = line.strip_prefix("# ").unwrap_or_default();
    if text.starts_with('[') || text.contains(" = ") { "" } else { text }
}

/// The marks that begin a comment line, longest first; the first two make a doc comment.
const MARKS: &[&str] = &["///", "//!", "//", "/**", "*/", "* ", "*"];

fn comment_blocks(text: &str) -> Vec<Block> {
    let mut all = Vec::new();
    let mut run: Vec<(usize, &str)> = Vec::new();
    let mut run_mark = "";
    let mut in_star = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        let mut mark = MARKS.iter().find(|mark| trimmed.starts_with(**mark)).copied().unwrap_or_default();
        if mark.starts_with('*') && !in_star {
            mark = "";
        }
        in_star = (in_star || mark == "/**") && !trimmed.ends_with("*/");
        let kind = if mark == "/**" || mark.starts_with('*') { "/**" } else { mark };
        let begins_anew = mark == "/**";
        if kind != run_mark || begins_anew {
            flush(&mut run, run_mark, &mut all);
            run_mark = kind;
        }
        if !mark.is_empty() {
            let content = trimmed.strip_prefix(mark).unwrap_or(trimmed).trim_end_matches("*/").trim();
            run.push((index + 1, content));
        }
    }
    flush(&mut run, run_mark, &mut all);
    all
}

fn flush(run: &mut Vec<(usize, &str)>, mark: &str, all: &mut Vec<Block>) {
    let is_doc = matches!(mark, "///" | "//!" | "/**");
    all.extend(paragraphs(run.drain(..), is_doc));
}

/// Splits lines of Markdown into paragraphs and list items. Tables, headings and code are dropped.
fn paragraphs<'a>(lines: impl Iterator<Item = (usize, &'a str)>, is_doc: bool) -> Vec<Block> {
    let mut all: Vec<Block> = Vec::new();
    let mut open = false;
    let mut in_code = false;
    for (number, line) in lines {
        let text = line.trim();
        if text.starts_with("```") {
            in_code = !in_code;
            open = false;
            continue;
        }
        let is_dropped = in_code
            || text.is_empty()
            || text.starts_with(['#', '|', '<', '!'])
            || text.starts_with("eslint-")
            || text.chars().all(|letter| !letter.is_alphanumeric());
        if is_dropped {
            open = false;
            continue;
        }
        let item = item_text(text);
        if item.is_some() {
            open = false;
        }
        let text = item.unwrap_or(text);
        match all.last_mut().filter(|_| open) {
            Some(block) => {
                block.text.push(' ');
                block.text.push_str(text);
            }
            None => {
                let opens_doc = is_doc && all.is_empty();
                all.push(Block { line: number, text: text.to_owned(), opens_doc });
            }
        }
        open = true;
    }
    all
}

/// Returns the text of a list item without its bullet or number.
fn item_text(line: &str) -> Option<&str> {
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(text);
    }
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.chars().all(|letter| letter.is_ascii_digit())).then_some(text)
}

/// Splits text into sentences. Inline code and links count as their shown words.
fn sentences(text: &str) -> Vec<String> {
    let plain = without_code(text);
    let letters: Vec<char> = plain.chars().collect();
    let mut all = Vec::new();
    let mut sentence = String::new();
    for (index, letter) in letters.iter().enumerate() {
        sentence.push(*letter);
        let is_end = matches!(letter, '.' | '!' | '?')
            && letters.get(index + 1).is_none_or(|next| next.is_whitespace())
            && letters.get(index + 2).is_none_or(|next| !next.is_lowercase());
        if is_end {
            all.push(std::mem::take(&mut sentence));
        }
    }
    all.push(sentence);
    all.retain(|sentence| count_words(sentence) > 0);
    all
}

/// Replaces inline code by one word, and links by their text.
fn without_code(text: &str) -> String {
    let mut plain = String::new();
    for (index, piece) in text.split('`').enumerate() {
        plain.push_str(if index % 2 == 0 { piece } else { "code" });
    }
    while let Some(start) = plain.find("](") {
        let Some(length) = plain[start..].find(')') else { break };
        plain.replace_range(start..=start + length, "");
    }
    plain.replace('[', "")
}

fn count_words(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_full_stops_and_code_is_one_word() {
        let found = sentences("Reads `a b c. D` at 1.5 s, e.g. now. Fails if [the file](x.md) is gone.");
        let expected = ["Reads code at 1.5 s, e.g. now.", " Fails if the file is gone."];
        assert_eq!(found, expected);
        assert_eq!(count_words(&found[1]), 6);
    }

    #[test]
    fn long_sentences_are_found_in_comments_and_pages() {
        let long = "word ".repeat(36);
        for (path, text) in [
            ("a.rs", format!("/// {long}\nfn a() {{}}")),
            ("a.rs", format!("//! A.\n\n// {}\n// {}", "word ".repeat(20), "word ".repeat(20))),
            ("a.ts", format!("/**\n * {long}\n */")),
            ("a.md", format!("# Title\n\n- {long}")),
            ("a.toml", format!("# {long}\n# a = \"{long}\"\nb = \"{long}\"")),
        ] {
            assert_eq!(check_sentences(&Source::new(path, &text)).len(), 1, "{text}");
        }
        let apart = format!(
            "# {long}\n\n| {long} |\n\n```\n{long}\n```\n- {}\n- {}",
            "a ".repeat(20),
            "b ".repeat(20)
        );
        assert_eq!(check_sentences(&Source::new("a.md", &apart)), []);
        assert_eq!(check_sentences(&Source::new("a.rs", format!("let a = \"{long}\";"))), []);
    }

    #[test]
    fn means_and_openings_are_taken_over_all_files() {
        let long = Source::new("a.md", "word ".repeat(20));
        let short = Source::new("b.md", "Two words.\n\nTwo words.");
        assert_eq!(check_averages(std::slice::from_ref(&long)).len(), 1);
        assert_eq!(check_averages(&[long, short]), []);
        let opening = Source::new("a.rs", "/// How it is.\nfn a() {}\n\n/// Reads.\nfn b() {}\n");
        assert_eq!(check_averages(&[opening]).len(), 1);
    }
}
