//! HTML markup. All text from outside is escaped.

use model::{ComparisonVerdict, HealthState, visible_block};

/// Escapes text for an element or a quoted attribute.
///
/// Control characters and those that reorder text become visible.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible_block(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Escapes text and cuts it to `max` characters.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text),
    }
}

/// Returns a state as shape, colour and word.
pub(crate) fn state(state: HealthState) -> String {
    let (class, shape) = match state {
        HealthState::Healthy => ("healthy", r#"<circle cx="5" cy="5" r="4" fill="currentColor"/>"#),
        HealthState::Degraded => ("degraded", r#"<path d="M5 0l5 5-5 5-5-5z" fill="currentColor"/>"#),
        HealthState::Unhealthy => ("unhealthy", r#"<path d="M5 0l5 10H0z" fill="currentColor"/>"#),
        HealthState::Unknown => {
            ("unknown", r#"<circle cx="5" cy="5" r="4" fill="none" stroke="currentColor"/>"#)
        }
    };
    format!(
        r#"<span class="state {class}"><svg viewBox="0 0 10 10" aria-hidden="true">{shape}</svg><span>{class}</span></span>"#
    )
}

/// Returns the word and the CSS class of a comparison of durations.
pub(crate) fn duration_verdict(verdict: ComparisonVerdict) -> (&'static str, &'static str) {
    match verdict {
        ComparisonVerdict::Higher => ("slower", "unhealthy"),
        ComparisonVerdict::Lower => ("faster", "healthy"),
        ComparisonVerdict::NoDifference => ("no difference", "muted"),
        ComparisonVerdict::NotEnoughData => ("not enough data", "faint"),
    }
}

/// Returns a panel with a title.
pub(crate) fn panel(title: &str, aside: &str, body: &str) -> String {
    format!(
        r#"<section class="panel"><header><h2>{}</h2><span class="push muted">{}</span></header>{body}</section>"#,
        escape(title),
        escape(aside)
    )
}

/// Returns a paragraph, mostly in place of missing data.
pub(crate) fn note(text: &str) -> String {
    format!(r#"<p class="nothing">{}</p>"#, escape(text))
}

/// Returns a table. Headings that end in `#` are of numbers. Cells are markup.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let numeric: Vec<bool> = heads.iter().map(|head| head.ends_with('#')).collect();
    let class = |index: usize| if numeric.get(index) == Some(&true) { r#" class="num""# } else { "" };
    let head: String = heads
        .iter()
        .enumerate()
        .map(|(index, head)| {
            format!(r#"<th scope="col"{}>{}</th>"#, class(index), escape(head.trim_end_matches('#')))
        })
        .collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells: String = row
                .iter()
                .enumerate()
                .map(|(index, cell)| format!("<td{}>{cell}</td>", class(index)))
                .collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    format!(r#"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_inside_its_element_or_attribute() {
        assert_eq!(escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(escape("a\u{0}b\u{202e}c\u{1b}\nd"), "a␀b&lt;U+202E&gt;c␛ d");
        assert_eq!(shortened("äöü<", 3), "äöü…");
    }
}
