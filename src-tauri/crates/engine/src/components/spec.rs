//! The components the settings require, comparable with those that run.

use std::{any::Any, sync::Arc};

use super::component::Component;
use crate::status::Protocol;

/// A component the settings require, with the configuration it was made from.
pub(crate) struct ComponentSpec {
    name: String,
    receiver: Option<ReceiverAddress>,
    configuration: Box<dyn Configuration>,
    component: Arc<dyn Component>,
}

/// The protocol of a receiver and the address it should listen on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReceiverAddress {
    pub(crate) protocol: Protocol,
    pub(crate) address: String,
}

impl ComponentSpec {
    /// Describes a collector with a unique name.
    pub(crate) fn collector<C: PartialEq + Send + Sync + 'static>(
        name: String,
        configuration: C,
        component: impl Component,
    ) -> Self {
        Self { name, receiver: None, configuration: Box::new(configuration), component: Arc::new(component) }
    }

    /// Describes a receiver. Its name is the protocol's.
    pub(crate) fn receiver<C: PartialEq + Send + Sync + 'static>(
        receiver: ReceiverAddress,
        configuration: C,
        component: impl Component,
    ) -> Self {
        Self {
            name: receiver.protocol.name.to_owned(),
            configuration: Box::new((receiver.clone(), configuration)),
            receiver: Some(receiver),
            component: Arc::new(component),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the protocol and the address of a receiver, `None` for a collector.
    pub(crate) fn receiver_address(&self) -> Option<&ReceiverAddress> {
        self.receiver.as_ref()
    }

    pub(crate) fn component(&self) -> Arc<dyn Component> {
        self.component.clone()
    }

    /// Returns true if both specs have the same configuration.
    pub(crate) fn is_unchanged(&self, other: &Self) -> bool {
        self.configuration.equals(other.configuration.as_ref())
    }
}

/// A configuration of any type that can be compared.
trait Configuration: Any + Send + Sync {
    /// Returns true if `other` has the same type and value.
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: PartialEq + Any + Send + Sync> Configuration for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use runtime::HealthReporter;
    use tokio_util::sync::CancellationToken;

    use super::*;

    struct Idle;

    #[async_trait]
    impl Component for Idle {
        async fn run(&self, _: HealthReporter, stop: CancellationToken) -> Result<(), String> {
            stop.cancelled().await;
            Ok(())
        }
    }

    #[test]
    fn specs_are_unchanged_while_type_and_value_of_the_configuration_are_equal() {
        let spec = |value: u32| ComponentSpec::collector("one".to_owned(), value, Idle);
        assert!(spec(1).is_unchanged(&spec(1)));
        assert!(!spec(1).is_unchanged(&spec(2)));
        assert!(!spec(1).is_unchanged(&ComponentSpec::collector("one".to_owned(), "1", Idle)));
    }
}
