//! Tags of a line, and the resource and attributes they become.

use std::sync::Arc;

use model::{Attributes, Resource, SERVICE_TAG};

use crate::otlp::attributes::MAX_VALUE_BYTES;

/// Tags that a line may have; the rest is ignored.
pub(super) const MAX_TAGS: usize = 100;

/// The tags of a line as they are written, separated by commas.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tags<'a>(pub(super) &'a str);

impl<'a> Tags<'a> {
    /// Returns key and value of each tag. A tag without a value is `true`.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .split(',')
            .map(|tag| tag.split_once(':').unwrap_or((tag, "true")))
            .filter(|(key, _)| !key.is_empty())
            .take(MAX_TAGS)
    }

    fn value(self, key: &str) -> Option<&'a str> {
        self.pairs().find(|(name, value)| *name == key && !value.is_empty()).map(|(_, value)| value)
    }

    /// Returns the resource of the sender. The service is the first of these that is not empty:
    ///
    /// 1. the tag `service`,
    /// 2. `service`, from the settings,
    /// 3. the part of `name` before its first dot,
    /// 4. `statsd`.
    pub(super) fn resource(self, service: &str, name: &str) -> Arc<Resource> {
        let prefix = || name.split_once('.').map(|(prefix, _)| prefix).filter(|prefix| !prefix.is_empty());
        let configured = Some(service).filter(|service| !service.is_empty());
        let service = self.value(SERVICE_TAG).or(configured).or_else(prefix).unwrap_or("statsd");
        Arc::new(Resource::service_named(service))
    }

    /// Returns the tags without `service`, with values cut to [`MAX_VALUE_BYTES`].
    pub(super) fn attributes(self) -> Attributes {
        self.pairs()
            .filter(|(key, _)| *key != SERVICE_TAG)
            .map(|(key, value)| (key, &value[..value.floor_char_boundary(MAX_VALUE_BYTES)]))
            .collect()
    }
}
