//! Negotiation of the format of a scrape.

use prometheus::{ExpositionError, Reading, SeriesCache};

/// A format of scraped bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The text format, 0.0.4 or 1.0.0.
    Text,
    /// OpenMetrics text.
    OpenMetrics,
    /// Delimited protobuf messages.
    Protobuf,
}

/// Names of formats in `scrape_protocols`, with their media types.
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

/// Returns the `Accept` header for `protocols`, best first; for all protocols if the list is empty.
pub(crate) fn accept(protocols: &[String]) -> String {
    let protocol = |wanted: &String| PROTOCOLS.iter().find(|(name, ..)| name == wanted);
    let mut wanted: Vec<_> = protocols.iter().filter_map(protocol).collect();
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

/// Returns the format of a protocol's name.
pub(crate) fn named(protocol: &str) -> Option<Format> {
    PROTOCOLS.iter().find(|(name, ..)| *name == protocol).map(|(_, format, _)| *format)
}

/// Returns the format of a response with this `Content-Type`. As in Prometheus 2, the default is
/// the text format.
pub(crate) fn of_response(content_type: &str, fallback: Option<Format>) -> Format {
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
    /// Returns the name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "the Prometheus text format",
            Self::OpenMetrics => "OpenMetrics",
            Self::Protobuf => "Prometheus' protobuf format",
        }
    }

    /// Reads a body with the series cache of its target.
    pub(crate) fn read(
        self,
        cache: &mut SeriesCache,
        body: &[u8],
        max_samples: usize,
        include_classic: bool,
    ) -> Result<Reading, ExpositionError> {
        match self {
            Self::Text => cache.read_text(body, max_samples),
            Self::OpenMetrics => cache.read_openmetrics(body, max_samples),
            Self::Protobuf => cache.read_protobuf(body, max_samples, include_classic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_requested_in_order_and_found_by_content_type() {
        let all = accept(&[]);
        assert!(
            all.starts_with("application/vnd.google.protobuf;") && all.contains(";encoding=delimited;q=0.6,")
        );
        assert!(all.ends_with("text/plain;version=0.0.4;q=0.2,*/*;q=0.1"), "{all}");
        let one = accept(&["PrometheusText0.0.4".to_owned(), "Unknown".to_owned()]);
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
            assert_eq!(of_response(content_type, None), format, "{content_type}");
        }
        assert_eq!(of_response("", Some(Format::OpenMetrics)), Format::OpenMetrics);
        assert_eq!(named("PrometheusProto"), Some(Format::Protobuf));
    }
}
