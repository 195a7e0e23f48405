//! A resource as the catalog holds it.

use std::sync::Arc;

use model::{Resource, prometheus};

use super::label_set::{LabelSet, LastUse};
use crate::StoreError;

/// A resource. What most reads need of it stays in memory.
#[derive(Debug, Clone)]
pub(crate) struct ResourceEntry {
    service: Arc<str>,
    pub(super) is_demonstration: bool,
    pub(super) names_a_job: bool,
    /// Whether the attribute `service.name` has another text than the service.
    pub(super) has_other_service: bool,
    pub(crate) attributes: LabelSet,
    pub(super) last_use: LastUse,
}

impl From<&Resource> for ResourceEntry {
    fn from(resource: &Resource) -> Self {
        let named = resource.attributes.0.get("service.name");
        Self {
            service: resource.service().into(),
            is_demonstration: resource.is_demonstration(),
            names_a_job: prometheus::names_a_job(resource),
            has_other_service: named.is_some_and(|name| name.to_string() != resource.service()),
            attributes: LabelSet::Memory((&resource.attributes).into()),
            last_use: LastUse::default(),
        }
    }
}

impl ResourceEntry {
    /// Returns the same resource with another set of the same attributes.
    pub(super) fn with_attributes(&self, attributes: LabelSet) -> Self {
        Self { attributes, service: Arc::clone(&self.service), last_use: self.last_use.clone(), ..*self }
    }

    /// Returns the service.
    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// Returns the resource with all attributes.
    pub(crate) fn unpack(&self) -> Result<Resource, StoreError> {
        Ok(Resource { attributes: self.attributes.read()?.unpack() })
    }
}
