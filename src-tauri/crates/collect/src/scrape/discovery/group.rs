//! Groups of targets in files and HTTP responses.

use config::Text;
use model::Labels;
use serde::Deserialize;

/// Maximum number of targets of one list.
const MAX_TARGETS: usize = 20_000;
/// Maximum bytes of the labels of all targets of one list.
const MAX_LABEL_BYTES: usize = 64 << 20;

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
///
/// Fails if they are too many, or if their labels are too long together: each target has a copy.
pub(crate) fn targets_of(groups: &[TargetGroup], also: &[(&str, &str)]) -> Result<Vec<Labels>, String> {
    let (mut all, mut bytes) = (Vec::new(), 0_usize);
    for group in groups {
        let shared: Labels = group
            .labels
            .iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.0.clone()))
            .chain(also.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .collect();
        let shared_bytes: usize = shared.iter().map(|(name, value)| name.len() + value.len()).sum();
        for target in &group.targets {
            bytes = bytes.saturating_add(shared_bytes).saturating_add(target.0.len());
            if all.len() >= MAX_TARGETS {
                return Err(format!("more than {MAX_TARGETS} targets"));
            }
            if bytes > MAX_LABEL_BYTES {
                return Err(format!(
                    "the labels of the targets have more than {} MiB",
                    MAX_LABEL_BYTES >> 20
                ));
            }
            let mut labels = shared.clone();
            labels.insert("__address__".to_owned(), target.0.clone());
            all.push(labels);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(targets: usize, label_bytes: usize) -> Vec<TargetGroup> {
        let targets: Vec<String> = (0..targets).map(|number| format!("h:{number}")).collect();
        let list = serde_json::json!([{ "targets": targets, "labels": { "a": "x".repeat(label_bytes) } }]);
        serde_json::from_value(list).unwrap()
    }

    #[test]
    fn many_targets_and_copies_of_long_labels_are_refused() {
        assert_eq!(targets_of(&groups(MAX_TARGETS, 9), &[]).unwrap().len(), MAX_TARGETS);
        assert_eq!(targets_of(&groups(MAX_TARGETS + 1, 9), &[]).unwrap_err(), "more than 20000 targets");
        let error = targets_of(&groups(10_000, 1 << 20), &[]).unwrap_err();
        assert_eq!(error, "the labels of the targets have more than 64 MiB");
    }
}
