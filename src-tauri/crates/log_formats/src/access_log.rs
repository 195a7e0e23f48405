//! Access logs of nginx and Apache, in the common and the combined format.

use std::sync::LazyLock;

use model::{Attributes, Severity};
use regex::Regex;

use crate::{record::ParsedRecord, time};

static ACCESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"^(\S+) \S+ (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?"#,
    )
    .ok()
});

/// Parses a line of the common or combined format.
pub(crate) fn parse(text: &str) -> Option<ParsedRecord> {
    let found = ACCESS.as_ref()?.captures(text)?;
    let field = |index: usize| found.get(index).map_or("", |field| field.as_str());
    let optional = |index: usize| Some(field(index)).filter(|text| !text.is_empty() && *text != "-");
    let status: i64 = field(5).parse().ok()?;
    let mut attributes =
        Attributes::new().with("client.address", field(1)).with("http.response.status_code", status);
    if let Some(user) = optional(2) {
        attributes = attributes.with("user.name", user);
    }
    let mut request = field(4).split(' ');
    if let (Some(method), Some(target), protocol, None) =
        (request.next(), request.next(), request.next(), request.next())
    {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        attributes = attributes.with("http.request.method", method).with("url.path", path);
        if !query.is_empty() {
            attributes = attributes.with("url.query", query);
        }
        if let Some(version) = protocol.and_then(|protocol| protocol.strip_prefix("HTTP/")) {
            attributes = attributes.with("network.protocol.version", version);
        }
    }
    if let Some(bytes) = field(6).parse::<i64>().ok().filter(|_| optional(6).is_some()) {
        attributes = attributes.with("http.response.body.size", bytes);
    }
    for (index, name) in [(7, "http.request.header.referer"), (8, "user_agent.original")] {
        if let Some(value) = optional(index) {
            attributes = attributes.with(name, value);
        }
    }
    Some(ParsedRecord {
        time: Some(time::access_log(field(3))?),
        severity: match status {
            500.. => Severity::ERROR,
            400.. => Severity::WARN,
            _ => Severity::INFO,
        },
        body: text.to_owned(),
        attributes,
        ..ParsedRecord::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::tests::parsed;
    use model::{AttributeValue, Severity, Timestamp};

    #[test]
    fn combined_and_common_lines_are_read() {
        let line = parsed(
            r#"10.0.0.7 - ann [02/Jan/2026:04:00:00 +0100] "GET /cart?id=3 HTTP/1.1" 502 157 "http://shop/" "Mozilla/5.0 \"x\"""#,
        );
        assert_eq!(line.time, Some(Timestamp(1_767_322_800_000_000_000)));
        assert_eq!(line.severity, Severity::ERROR);
        assert_eq!(line.attributes.0["http.response.status_code"], AttributeValue::Int(502));
        assert_eq!(line.attributes.text("http.request.method"), Some("GET"));
        assert_eq!(line.attributes.text("url.path"), Some("/cart"));
        assert_eq!(line.attributes.text("user.name"), Some("ann"));
        let common = parsed(r#"::1 - - [02/Jan/2026:04:00:00 +0100] "GET / HTTP/2.0" 404 -"#);
        assert_eq!(common.severity, Severity::WARN);
        assert!(!common.attributes.0.contains_key("http.response.body.size"));
    }

    #[test]
    fn malformed_requests_have_a_status() {
        let line = parsed(r#"1.2.3.4 - - [02/Jan/2026:04:00:00 +0100] "\x16\x03" 400 150 "-" "-""#);
        assert_eq!(line.severity, Severity::WARN);
        assert!(!line.attributes.0.contains_key("http.request.method"));
    }
}
