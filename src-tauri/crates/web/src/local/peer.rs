//! The check of the user at the other end of a socket.

use std::io;

use tokio::net::UnixStream;

const ROOT: u32 = 0;

/// Fails if the program at the other end belongs to neither this user nor root.
pub(crate) fn require_own(stream: &UnixStream) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    if [rustix::process::geteuid().as_raw(), ROOT].contains(&peer) {
        return Ok(());
    }
    let message = format!("the program at the other end belongs to another user ({peer})");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}
