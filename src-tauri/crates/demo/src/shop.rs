//! The seven services of the shop.

use model::DEMONSTRATION_ATTRIBUTE;
use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, resource::v1::Resource};

use crate::attribute::{flag, text};

/// One service of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    /// The gateway for browsers.
    Gateway,
    /// Products and prices.
    Catalog,
    /// Full-text search.
    Search,
    /// Baskets.
    Cart,
    /// Orders.
    Checkout,
    /// Charges cards through a processor outside.
    Payments,
    /// Sends confirmations, some time after the order.
    Mailer,
}

impl Service {
    /// All services; a service's place is its discriminant.
    pub(crate) const ALL: [Self; 7] = [
        Self::Gateway,
        Self::Catalog,
        Self::Search,
        Self::Cart,
        Self::Checkout,
        Self::Payments,
        Self::Mailer,
    ];

    /// `service.name`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Catalog => "catalog",
            Self::Search => "search",
            Self::Cart => "cart",
            Self::Checkout => "checkout",
            Self::Payments => "payments",
            Self::Mailer => "mailer",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Gateway => "3.2.0",
            Self::Catalog => "2.14.1",
            Self::Search => "1.9.3",
            Self::Cart => "1.4.0",
            Self::Checkout => "2.7.2",
            Self::Payments => "4.0.1",
            Self::Mailer => "1.1.5",
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::Gateway => "shop-edge-1",
            Self::Catalog | Self::Search | Self::Cart => "shop-app-1",
            Self::Checkout | Self::Payments | Self::Mailer => "shop-app-2",
        }
    }

    /// Returns the memory of the idle process, in bytes.
    pub(crate) fn base_memory(self) -> f64 {
        let mebibytes = match self {
            Self::Gateway => 96,
            Self::Catalog => 240,
            Self::Search => 410,
            Self::Cart => 130,
            Self::Checkout => 310,
            Self::Payments => 180,
            Self::Mailer => 85,
        };
        f64::from(mebibytes) * 1024.0 * 1024.0
    }

    /// The resource of everything the service says.
    pub(crate) fn resource(self) -> Resource {
        Resource {
            attributes: vec![
                text("service.name", self.name()),
                text("service.namespace", "shop"),
                text("service.version", self.version()),
                text("host.name", self.host()),
                text("deployment.environment.name", "demonstration"),
                flag(DEMONSTRATION_ATTRIBUTE, true),
            ],
            ..Resource::default()
        }
    }

    /// Returns the instrumentation scope of the service's telemetry.
    pub(crate) fn scope(self) -> InstrumentationScope {
        InstrumentationScope {
            name: format!("shop.{}", self.name()),
            version: self.version().to_owned(),
            ..InstrumentationScope::default()
        }
    }
}
