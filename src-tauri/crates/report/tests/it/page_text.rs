//! The page parsed as XML, which is stricter than HTML, and its text.

use roxmltree::{Document, Node, ParsingOptions};

/// Parses a page.
pub(crate) fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..Default::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the text nodes of a page.
pub(crate) fn texts(page: &str) -> Vec<String> {
    let document = parsed(page);
    document
        .descendants()
        .filter_map(|node| node.text().filter(|_| node.is_text()))
        .map(str::to_owned)
        .collect()
}

/// Returns the text of a page for a snapshot: one line per block, cells separated by `|`.
///
/// Charts are omitted but for their titles, and so is the style.
pub(crate) fn snapshot(page: &str) -> String {
    let document = parsed(page);
    let mut lines = Vec::new();
    let blocks = ["h1", "h2", "h3", "p", "tr", "li", "dt", "dd", "figcaption", "title"];
    for node in document.descendants().filter(|node| blocks.contains(&node.tag_name().name())) {
        let in_svg = node.ancestors().any(|one| one.has_tag_name("svg"));
        let has_block = node.descendants().skip(1).any(|one| blocks.contains(&one.tag_name().name()));
        if in_svg || (has_block && node.tag_name().name() != "tr") {
            continue;
        }
        lines.push(line(node));
    }
    lines.join("\n") + "\n"
}

fn line(node: Node<'_, '_>) -> String {
    let cells: Vec<String> = match node.tag_name().name() {
        "tr" => node.children().filter(Node::is_element).map(text).collect(),
        _ => vec![text(node)],
    };
    format!("{}: {}", node.tag_name().name(), cells.join(" | "))
}

fn text(node: Node<'_, '_>) -> String {
    let texts = node
        .descendants()
        .filter(|one| one.is_text() && !one.ancestors().any(|ancestor| ancestor.has_tag_name("svg")));
    let words: Vec<&str> = texts.filter_map(|one| one.text()).map(str::trim).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
