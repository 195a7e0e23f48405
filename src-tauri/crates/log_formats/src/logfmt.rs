//! Lines of `key=value` pairs.

use model::AttributeValue;

use crate::{context::Context, record::ParsedRecord};

/// Parses a line of at least two pairs, one of which is a time, a level or a message.
pub(crate) fn parse(text: &str, context: &Context) -> Option<ParsedRecord> {
    let pairs = pairs(text)?;
    let has_any =
        |names: &[&str]| pairs.iter().any(|(key, _)| names.contains(&key.to_ascii_lowercase().as_str()));
    if pairs.len() < 2 || !has_any(&["time", "ts", "timestamp", "level", "lvl", "severity", "msg", "message"])
    {
        return None;
    }
    let mut line = ParsedRecord::default();
    for (key, value) in pairs {
        line.set_field(&key, typed(value), context);
    }
    if line.body.is_empty() {
        text.clone_into(&mut line.body);
    }
    Some(line)
}

/// Returns the pairs, if the whole text consists of pairs.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let key_end = rest.find(|c: char| c == '=' || c.is_whitespace() || c == '"')?;
        let (key, after) = rest.split_at(key_end);
        let after = after.strip_prefix('=').filter(|_| !key.is_empty())?;
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if !behind.is_empty() && !behind.starts_with(char::is_whitespace) {
            return None;
        }
        pairs.push((key.to_owned(), value));
        rest = behind.trim_start();
    }
    Some(pairs)
}

/// Reads the value behind an opening quote. Returns the text behind the closing one as well.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn typed(value: String) -> AttributeValue {
    match value.as_str() {
        "true" => true.into(),
        "false" => false.into(),
        text => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => value.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::parsed;
    use model::{AttributeValue, Severity, Timestamp};

    #[test]
    fn pairs_are_read_with_quotes_and_escapes() {
        let line = parsed(
            r#"ts=2026-01-02T03:00:00Z level=error msg="it \"broke\"\nbadly" n=12 id=007 ok=true err= path=/a=b"#,
        );
        assert_eq!(line.time, Some(Timestamp(1_767_322_800_000_000_000)));
        assert_eq!(line.severity, Severity::ERROR);
        assert_eq!(line.body, "it \"broke\"\nbadly");
        assert_eq!(line.attributes.0["n"], AttributeValue::Int(12));
        assert_eq!(line.attributes.text("id"), Some("007"));
        assert_eq!(line.attributes.0["ok"], AttributeValue::Bool(true));
        assert_eq!(line.attributes.text("path"), Some("/a=b"));
    }

    #[test]
    fn prose_with_an_equals_sign_is_prose() {
        for text in ["x=1 and more", "level=info", "a=1 b=2", "msg=\"open level=info", "=a level=b msg=c"] {
            let line = parsed(text);
            assert_eq!((line.body.as_str(), line.attributes.0.len()), (text, 0));
        }
    }
}
