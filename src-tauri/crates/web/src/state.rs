//! The state every request handler has.

use std::sync::Arc;

use api::Backend;
use tokio_util::sync::CancellationToken;

/// The state every request handler has. Clones share it.
#[derive(Clone)]
pub(crate) struct FrontState {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) token: Arc<str>,
    pub(crate) stop: CancellationToken,
}
