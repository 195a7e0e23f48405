//! The attributes of a row: those of its resource, and those of its series.

use model::{AttributeValue, Attributes};

use super::{
    columns::Columns,
    rejection::{Rejection, rejection},
};

/// Attributes of resources. In older exports they are in one column with those of the series.
const RESOURCE_ATTRIBUTES: [&str; 14] = [
    "service.name",
    "service.version",
    "service.namespace",
    "service.instance.id",
    "host.name",
    "host.arch",
    "host.id",
    "os.type",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "deployment.environment",
    "deployment.environment.name",
    "binnacle.demonstration",
];

/// Returns the attributes of the resource and of the series of a row. `service` is the service of a
/// row without one.
pub(super) fn row_attributes(
    columns: &Columns,
    row: &[Option<&str>],
    service: &str,
) -> Result<(Attributes, Attributes), Rejection> {
    let text = |index: usize| row.get(index).copied().flatten().unwrap_or_default();
    let mut attributes = Attributes::new();
    let mut resource = Attributes::new();
    if let Some(tags) = columns.tags.filter(|tags| !text(*tags).trim().is_empty()) {
        let tags: Attributes = serde_json::from_str(text(tags))
            .map_err(|error| rejection(tags, format!("the tags are not a JSON object: {error}")))?;
        let of_resource =
            match columns.identity.resource.filter(|index| !text(*index).is_empty()) {
                Some(index) => Some(serde_json::from_str::<Attributes>(text(index)).map_err(|error| {
                    rejection(index, format!("the resource is not a JSON object: {error}"))
                })?),
                None => None,
            };
        for (key, value) in tags.0 {
            let is_of_resource = match &of_resource {
                Some(of_resource) => of_resource.0.get(&key) == Some(&value),
                None => RESOURCE_ATTRIBUTES.contains(&key.as_str()),
            };
            let owner = if is_of_resource { &mut resource } else { &mut attributes };
            owner.0.insert(key, value);
        }
        // Attributes of the resource that tags of the series hide.
        for (key, value) in of_resource.into_iter().flat_map(|attributes| attributes.0) {
            resource.0.entry(key).or_insert(value);
        }
    }
    if let Some(column) = columns.identity.attributes.filter(|index| !text(*index).trim().is_empty()) {
        attributes = serde_json::from_str(text(column))
            .map_err(|error| rejection(column, format!("the attributes are not a JSON object: {error}")))?;
    }
    for (key, index) in &columns.others {
        if let Some(value) = row.get(*index).copied().flatten().filter(|value| !value.is_empty()) {
            attributes.0.insert(key.clone(), AttributeValue::String(value.to_owned()));
        }
    }
    let named = columns.service.map(text).filter(|service| !service.is_empty());
    // Exports write a name for a missing service.
    let unnamed = named == Some(model::UNKNOWN_SERVICE) && !resource.0.contains_key("service.name");
    if !unnamed && !resource.0.contains_key("service.name") {
        resource = resource.with("service.name", named.unwrap_or(service));
    }
    Ok((resource, attributes))
}
