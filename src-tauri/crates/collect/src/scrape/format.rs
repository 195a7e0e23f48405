//! Which format a target is asked for, and which it answered in.

use prometheus::{Exposition, ExpositionError};

/// A format that metrics are told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The text format, 0.0.4 or 1.0.0.
    Text,
    /// OpenMetrics text.
    OpenMetrics,
    /// Delimited protobuf messages.
    Protobuf,
}

/// A way of telling metrics that Prometheus has a name for (`scrape_protocols`), with its media type.
const PROTOCOLS: [(&str, Format, &str); 5] = [
    (
        "PrometheusProto",
        Format::Protobuf,
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    ),
    (
        "OpenMetricsText1.0.0",
        Format::OpenMetrics,
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    ),
    ("OpenMetricsText0.0.1", Format::OpenMetrics, "application/openmetrics-text;version=0.0.1"),
    ("PrometheusText1.0.0", Format::Text, "text/plain;version=1.0.0;escaping=allow-utf-8"),
    ("PrometheusText0.0.4", Format::Text, "text/plain;version=0.0.4"),
];

/// The value of the `Accept` header that asks for `protocols`, best first; for all if there are none.
pub(crate) fn accept(protocols: &[String]) -> String {
    let known = |wanted: &String| PROTOCOLS.iter().find(|(name, ..)| name == wanted);
    let mut wanted: Vec<_> = protocols.iter().filter_map(known).collect();
    if wanted.is_empty() {
        wanted = PROTOCOLS.iter().collect();
    }
    let mut parts = Vec::new();
    for (index, (_, _, media_type)) in wanted.iter().enumerate() {
        parts.push(format!("{media_type};q=0.{}", wanted.len() + 1 - index));
    }
    parts.push("*/*;q=0.1".to_owned());
    parts.join(",")
}

/// The format of a protocol's name.
pub(crate) fn named(protocol: &str) -> Option<Format> {
    PROTOCOLS.iter().find(|(name, ..)| *name == protocol).map(|(_, format, _)| *format)
}

/// The format of an answer with this `Content-Type`. Like Prometheus 2, anything else is taken for the text format.
pub(crate) fn answered(content_type: &str, fallback: Option<Format>) -> Format {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let media_type = parts.next().unwrap_or_default();
    match media_type.as_str() {
        "application/openmetrics-text" => Format::OpenMetrics,
        "application/vnd.google.protobuf" => {
            let wanted = parts.any(|part| part.replace('"', "") == "proto=io.prometheus.client.metricfamily");
            if wanted { Format::Protobuf } else { fallback.unwrap_or(Format::Text) }
        }
        "text/plain" => Format::Text,
        _ => fallback.unwrap_or(Format::Text),
    }
}

impl Format {
    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "the Prometheus text format",
            Self::OpenMetrics => "OpenMetrics",
            Self::Protobuf => "Prometheus' protobuf format",
        }
    }

    /// Reads a body.
    pub(crate) fn parse(
        self,
        body: &[u8],
        most_samples: usize,
        classic_too: bool,
    ) -> Result<Exposition, ExpositionError> {
        match self {
            Self::Text => prometheus::parse_text(body, most_samples),
            Self::OpenMetrics => prometheus::parse_openmetrics(body, most_samples),
            Self::Protobuf => prometheus::parse_protobuf(body, most_samples, classic_too),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_asked_for_in_order_and_told_by_content_type() {
        let all = accept(&[]);
        assert!(
            all.starts_with("application/vnd.google.protobuf;") && all.contains(";encoding=delimited;q=0.6,")
        );
        assert!(all.ends_with("text/plain;version=0.0.4;q=0.2,*/*;q=0.1"), "{all}");
        let one = accept(&["PrometheusText0.0.4".to_owned(), "Unheard".to_owned()]);
        assert_eq!(one, "text/plain;version=0.0.4;q=0.2,*/*;q=0.1");
        for (content_type, format) in [
            ("text/plain; version=0.0.4; charset=utf-8", Format::Text),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", Format::OpenMetrics),
            (
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
                Format::Protobuf,
            ),
            ("application/vnd.google.protobuf; proto=other", Format::Text),
            ("application/json", Format::Text),
            ("", Format::Text),
        ] {
            assert_eq!(answered(content_type, None), format, "{content_type}");
        }
        assert_eq!(answered("", Some(Format::OpenMetrics)), Format::OpenMetrics);
        assert_eq!(named("PrometheusProto"), Some(Format::Protobuf));
    }
}
