//! The resource and the instrumentation scope of telemetry.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use xxhash_rust::xxh3::xxh3_64;

use crate::{AttributeValue, Attributes};

/// The service name that OpenTelemetry gives telemetry without one.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// The resource attribute that marks telemetry of the demonstration shop.
pub const DEMONSTRATION_ATTRIBUTE: &str = "binnacle.demonstration";

/// The producer of telemetry: service, host, version and more, as OpenTelemetry attributes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
pub struct Resource {
    /// Attributes such as `service.name` and `host.name`.
    pub attributes: Attributes,
}

impl Resource {
    /// A resource with just a service name.
    pub fn service_named(name: &str) -> Self {
        Self { attributes: Attributes::new().with("service.name", name) }
    }

    /// The value of `service.name`, or [`UNKNOWN_SERVICE`].
    pub fn service(&self) -> &str {
        self.attributes.text("service.name").filter(|name| !name.is_empty()).unwrap_or(UNKNOWN_SERVICE)
    }

    /// Returns true if the telemetry belongs to the demonstration shop.
    pub fn is_demonstration(&self) -> bool {
        self.attributes.0.get(DEMONSTRATION_ATTRIBUTE) == Some(&AttributeValue::Bool(true))
    }

    /// A number that is the same for equal resources on every machine and in every run.
    pub fn id(&self) -> u64 {
        xxh3_64(self.attributes.to_json().as_bytes())
    }
}

/// The library or module that recorded the telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
pub struct Scope {
    /// Name of the instrumentation library, may be empty.
    pub name: String,
    /// Its version, may be empty.
    pub version: String,
}
