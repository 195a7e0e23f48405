//! Groups of targets in files and HTTP responses.

use config::Text;
use model::Labels;
use serde::Deserialize;

/// Targets with the same labels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetGroup {
    #[serde(default)]
    targets: Vec<Text>,
    #[serde(default)]
    labels: Option<std::collections::BTreeMap<String, Text>>,
}

/// Returns the targets of `groups`, each with the labels of its group and those of `also`.
pub(crate) fn targets_of(groups: &[TargetGroup], also: &[(&str, &str)]) -> Vec<Labels> {
    let mut all = Vec::new();
    for group in groups {
        let shared: Labels = group
            .labels
            .iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.0.clone()))
            .chain(also.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .collect();
        for target in &group.targets {
            let mut labels = shared.clone();
            labels.insert("__address__".to_owned(), target.0.clone());
            all.push(labels);
        }
    }
    all
}
