//! Formatting of counts and changes.

use analysis::figures::percent;

/// Formats a count with groups of three digits.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Formats a relative change with its sign.
pub(super) fn signed(change: f64) -> String {
    match percent(change).as_str() {
        "0%" => "±0%".to_owned(),
        text if change > 0.0 => format!("+{text}"),
        text => format!("−{text}"),
    }
}

/// Formats a count with its noun, such as `1 alert` or `2 alerts`.
pub(super) fn counted(count: usize, singular: &str, plural: &str) -> String {
    format!("{count} {}", if count == 1 { singular } else { plural })
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_separated() {
        assert_eq!((grouped(7).as_str(), grouped(1_234_567).as_str()), ("7", "1\u{202f}234\u{202f}567"));
    }
}
