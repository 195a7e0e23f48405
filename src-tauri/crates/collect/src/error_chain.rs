//! Messages of errors with their causes.

use std::error::Error;

/// Formats an error with its causes, separated by colons. reqwest names the failure in a cause.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("request failed")]
    struct RequestFailed(#[source] io::Error);

    #[test]
    fn causes_follow_the_error() {
        let error = RequestFailed(io::Error::other("connection refused"));
        assert_eq!(error_chain(&error), "request failed: connection refused");
    }
}
