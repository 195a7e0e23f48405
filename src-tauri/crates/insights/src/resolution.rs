//! The resolution an analysis target is read at.

/// The resolution an analysis target is read at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolution {
    /// Length of a step in nanoseconds.
    pub(crate) step: i64,
    /// Steps of a service with fewer requests have no value.
    pub(crate) min_requests: u64,
}
