//! The interface between a stage and the components it runs.

use async_trait::async_trait;
use runtime::HealthReporter;
use tokio_util::sync::CancellationToken;

/// A background component of the engine.
///
/// A stage starts it with [`Component::run`], stops it through `stop` and reads its state from
/// `health`. A component has the handles it uses, never the engine.
#[async_trait]
pub(crate) trait Component: Send + Sync + 'static {
    /// Runs the component until `stop` is cancelled and reports its state to `health`.
    ///
    /// An earlier end is a failure, after which the stage restarts the component.
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String>;
}
