//! The failure of an attempt: at the target, or because this process lacks something.

use std::io;

/// The failure of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The failure in plain words.
    pub(crate) message: String,
    /// True if this process lacks descriptors or memory, which says nothing about the target.
    pub(crate) is_own: bool,
}

impl Failure {
    /// Returns the failure of a connection that lacked descriptors or memory of this process; none
    /// if the error has another cause.
    pub(crate) fn own(error: &io::Error) -> Option<Self> {
        lacks_resources(error).then(|| Self {
            message: format!("Binnacle lacks resources of the system: {error}"),
            is_own: true,
        })
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, is_own: false }
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// Returns whether the system refused descriptors, memory or buffers to this process (errno(3)).
fn lacks_resources(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let lacking = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];
        error.raw_os_error().is_some_and(|code| lacking.iter().any(|errno| errno.raw_os_error() == code))
    }
    // WSAEMFILE and WSAENOBUFS.
    #[cfg(windows)]
    return matches!(error.raw_os_error(), Some(10_024 | 10_055));
    #[cfg(not(any(unix, windows)))]
    return error.kind() == io::ErrorKind::OutOfMemory;
}

/// Returns the failure if this process can open no descriptor at present. A resolver that lacks
/// them reports that a name does not resolve.
pub(crate) fn without_descriptors() -> Option<Failure> {
    #[cfg(unix)]
    return std::fs::File::open("/dev/null").err().as_ref().and_then(Failure::own);
    #[cfg(not(unix))]
    return None;
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_lack_of_descriptors_or_memory_is_our_own() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS] {
            assert!(Failure::own(&errno.into()).is_some_and(|failure| failure.is_own), "{errno}");
        }
        for errno in [Errno::CONNREFUSED, Errno::TIMEDOUT, Errno::NOENT] {
            assert_eq!(Failure::own(&errno.into()), None, "{errno}");
        }
    }
}
