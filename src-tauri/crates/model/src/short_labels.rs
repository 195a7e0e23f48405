//! Short labels of tags, queries and Prometheus, and the resource attributes behind them.

use crate::Labels;

/// Short labels of queries and tags, each with its resource attribute.
pub const SHORT_LABELS: [(&str, &str); 3] =
    [("service", "service.name"), ("host", "host.name"), ("environment", "deployment.environment.name")];

/// The tag of StatsD that names the service.
pub const SERVICE_TAG: &str = SHORT_LABELS[0].0;

/// The labels of Prometheus that name the service, by precedence.
pub const PROMETHEUS_SERVICE_LABELS: [&str; 3] = ["job", "service_name", SERVICE_TAG];

/// Returns the resource attribute of a short label; any other key stands for itself.
pub fn attribute_of_label(label: &str) -> &str {
    SHORT_LABELS.iter().find(|(short, _)| *short == label).map_or(label, |(_, attribute)| attribute)
}

/// Returns the value under a short label, or else under its resource attribute.
pub fn value_of_label<'a>(labels: &'a Labels, short: &str) -> Option<&'a str> {
    labels.get(short).or_else(|| labels.get(attribute_of_label(short))).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_labels_have_attributes_and_other_keys_stand_for_themselves() {
        for (label, attribute) in [
            ("service", "service.name"),
            ("host", "host.name"),
            ("environment", "deployment.environment.name"),
            ("host.name", "host.name"),
            ("job", "job"),
        ] {
            assert_eq!(attribute_of_label(label), attribute);
        }
    }
    #[test]
    fn a_value_is_found_under_both_names() {
        for name in ["host", "host.name"] {
            let labels = Labels::from([(name.to_owned(), "web01".to_owned())]);
            assert_eq!(value_of_label(&labels, "host"), Some("web01"));
            assert_eq!(value_of_label(&labels, "service"), None);
        }
    }
}
