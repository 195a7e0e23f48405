//! Families, roles and merged labels of exposed samples.

use model::Labels;

use crate::{
    exposition::{ExposedSample, Exposition},
    family::FamilyKind,
    labelled_sample::Role,
};

/// Returns the family of a sample, its kind, and the role of the sample within the family.
pub(super) fn family_of<'a>(
    exposition: &Exposition,
    sample: &'a ExposedSample,
) -> (&'a str, FamilyKind, Option<Role>) {
    let declared = |name: &str| exposition.kinds.get(name).copied();
    let has_label = |wanted: &str| sample.labels.iter().any(|(name, _)| name == wanted);
    let name = sample.name.as_str();
    if let Some(kind) = declared(name)
        && (sample.native.is_some() || kind != FamilyKind::Histogram)
    {
        let is_quantile = kind == FamilyKind::Summary && has_label("quantile");
        return (name, kind, is_quantile.then_some(Role::Quantile));
    }
    for (suffix, role) in [
        ("_bucket", Some(Role::Bucket)),
        ("_sum", Some(Role::Sum)),
        ("_count", Some(Role::Count)),
        ("_created", Some(Role::Created)),
        ("_total", None),
        ("_info", None),
        ("_gcount", None),
        ("_gsum", None),
    ] {
        let Some(family) = name.strip_suffix(suffix) else { continue };
        let Some(kind) = declared(family) else { continue };
        let role = match (role, kind) {
            (Some(Role::Bucket), FamilyKind::Histogram) if has_label("le") => role,
            (Some(Role::Sum | Role::Count), FamilyKind::Histogram | FamilyKind::Summary) => role,
            (Some(Role::Created), FamilyKind::Counter | FamilyKind::Histogram | FamilyKind::Summary)
                if exposition.has_created =>
            {
                role
            }
            (None, FamilyKind::Counter) if suffix == "_total" => role,
            (_, FamilyKind::Info | FamilyKind::GaugeHistogram) => None,
            _ => continue,
        };
        return (family, kind, role);
    }
    (name, declared(name).filter(|kind| *kind == FamilyKind::Counter).unwrap_or_default(), None)
}

/// Merges the labels of a sample with those of its target. Without `honor_labels` a conflicting
/// label of the sample becomes `exported_NAME`.
pub(super) fn merged_labels(sample: &ExposedSample, target: &Labels, honor_labels: bool) -> Labels {
    let mut labels = target.clone();
    let mut conflicting = Vec::new();
    for (name, value) in &sample.labels {
        if value.is_empty() {
            continue;
        }
        if !target.contains_key(name) || honor_labels {
            labels.insert(name.clone(), value.clone());
        } else {
            conflicting.push((name, value));
        }
    }
    for (name, value) in conflicting {
        let mut free = format!("exported_{name}");
        while labels.contains_key(&free) {
            free = format!("exported_{free}");
        }
        labels.insert(free, value.clone());
    }
    labels
}
