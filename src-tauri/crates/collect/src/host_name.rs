//! The name of this machine.

/// Returns the host name, or `localhost` if it is unknown.
pub(crate) fn host_name() -> String {
    hostname::get().map_or_else(|_| "localhost".to_owned(), |name| name.to_string_lossy().into_owned())
}
