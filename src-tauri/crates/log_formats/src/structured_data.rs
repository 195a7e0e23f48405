//! Structured data of syslog (RFC 5424, section 6.3).

use model::{AttributeValue, Attributes};

const PREFIX: &str = "syslog.structured_data";

/// Reads the elements of structured data as attributes `syslog.structured_data.ID.NAME`.
///
/// A parameter that occurs again makes a list. An element without parameters is an empty text.
pub(crate) fn read(text: &str, attributes: &mut Attributes) {
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        let id_end = element.find([' ', ']']).unwrap_or(element.len());
        let (id, mut parameters) = element.split_at(id_end);
        let mut is_empty = true;
        while let Some((name, value)) = parameters.trim_start().split_once("=\"")
            && !name.contains(']')
        {
            let (value, after) = quoted(value);
            add(attributes, format!("{PREFIX}.{id}.{name}"), value);
            (parameters, is_empty) = (after, false);
        }
        if is_empty {
            add(attributes, format!("{PREFIX}.{id}"), String::new());
        }
        rest = parameters.split_once(']').map_or("", |(_, rest)| rest);
    }
}

/// Reads a value up to its closing quote. Returns the text behind it as well. A backslash before
/// another character than a quote, a bracket or a backslash is a character of its own.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (value, &text[index + 1..]),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\' | ']'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    (value, "")
}

fn add(attributes: &mut Attributes, key: String, value: String) {
    let value = AttributeValue::String(value);
    match attributes.0.get_mut(&key) {
        Some(AttributeValue::Array(values)) => values.push(value),
        Some(first) => *first = AttributeValue::Array(vec![first.clone(), value]),
        None => {
            attributes.0.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let mut attributes = Attributes::new();
        read(text, &mut attributes);
        attributes.to_json()
    }

    #[test]
    fn every_element_and_parameter_is_read() {
        assert_eq!(
            json(r#"[shop@99 area="front desk" level="2"][origin ip="192.0.2.1" ip="192.0.2.7"][marker]"#),
            r#"{"syslog.structured_data.marker":"","syslog.structured_data.origin.ip":["192.0.2.1","192.0.2.7"],"syslog.structured_data.shop@99.area":"front desk","syslog.structured_data.shop@99.level":"2"}"#
        );
        assert_eq!(
            json(r#"[x quote="\"" bracket="[\]" slash="a\\b" other="\n" equal="=\"" none=""]"#),
            r#"{"syslog.structured_data.x.bracket":"[]","syslog.structured_data.x.equal":"=\"","syslog.structured_data.x.none":"","syslog.structured_data.x.other":"\\n","syslog.structured_data.x.quote":"\"","syslog.structured_data.x.slash":"a\\b"}"#
        );
    }

    #[test]
    fn damaged_data_ends_the_reading() {
        for text in ["", "-", "[", "[]", "[a", "[a b", "[a b=", "[a b=\"", "[a b=\"\\", "[a b=\"x\"", "]["] {
            let _ = json(text);
        }
        assert_eq!(json("[a b=\"x\""), r#"{"syslog.structured_data.a.b":"x"}"#);
    }
}
