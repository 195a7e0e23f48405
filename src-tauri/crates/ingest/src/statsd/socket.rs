//! Datagram sockets: UDP, or a Unix socket.

use std::{io, net::SocketAddr, path::PathBuf};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
#[cfg(unix)]
use tokio::net::UnixDatagram;

/// Requested size of the kernel's receive buffer. The kernel can grant less (`net.core.rmem_max`).
const RECEIVE_BUFFER_BYTES: usize = 8 << 20;

/// A socket that receives StatsD.
#[derive(Debug)]
pub struct StatsdSocket(Inner);

#[derive(Debug)]
enum Inner {
    Udp(UdpSocket),
    #[cfg(unix)]
    Unix(UnixDatagram, SocketFile),
}

/// The file of a bound Unix socket.
#[cfg(unix)]
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode, which another file at the path does not have.
    identity: (u64, u64),
}

impl StatsdSocket {
    /// Listens on the first of the UDP addresses that can be bound. Must run on a tokio runtime.
    pub fn udp(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "there is no address");
        for address in addresses {
            match bind_udp(*address) {
                Ok(socket) => return Ok(Self(Inner::Udp(socket))),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Listens on a Unix datagram socket that every user of this machine may write to.
    ///
    /// Replaces a socket without a listener. Fails if `path` is another kind of file or any
    /// other socket.
    #[cfg(unix)]
    pub fn unix(path: &std::path::Path) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;

        remove_abandoned(path)?;
        let socket = UnixDatagram::bind(path)?;
        let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
        enlarge(&socket2::SockRef::from(&socket));
        Ok(Self(Inner::Unix(socket, file)))
    }

    /// Returns the address with its port, or the path.
    pub fn address(&self) -> String {
        match &self.0 {
            Inner::Udp(socket) => {
                socket.local_addr().map_or_else(|_| String::new(), |address| address.to_string())
            }
            #[cfg(unix)]
            Inner::Unix(_, file) => file.path.display().to_string(),
        }
    }

    /// Waits until a datagram can be received.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match &self.0 {
            Inner::Udp(socket) => socket.readable().await,
            #[cfg(unix)]
            Inner::Unix(socket, _) => socket.readable().await,
        }
    }

    /// Receives a datagram without waiting. Returns none if none has arrived.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let received = match &self.0 {
            Inner::Udp(socket) => socket.try_recv(buffer),
            #[cfg(unix)]
            Inner::Unix(socket, _) => socket.try_recv(buffer),
        };
        match received {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the datagrams that the kernel dropped because its buffer was full
    /// (`/proc/net/udp`, last column).
    ///
    /// Returns none where the kernel does not report it. Senders to a Unix socket block instead.
    pub(super) fn dropped(&self) -> Option<u64> {
        let Inner::Udp(socket) = &self.0 else { return None };
        let address = socket.local_addr().ok()?;
        let table = if address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
        dropped_in(&std::fs::read_to_string(table).ok()?, address.port())
    }
}

#[cfg(unix)]
impl Drop for StatsdSocket {
    fn drop(&mut self) {
        // Another program may have put its own file there.
        if let Inner::Unix(_, file) = &self.0
            && identity(&file.path).is_ok_and(|found| found == file.identity)
        {
            // A missing file needs no removal.
            let _ = std::fs::remove_file(&file.path);
        }
    }
}

/// Removes the socket at `path` if it has no listener. Only a refused connection says so: a
/// socket of another type, or one that this user may not write to, fails in other ways.
#[cfg(unix)]
fn remove_abandoned(path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::{fs::FileTypeExt, net::UnixDatagram};

    let exists = |reason: &str| io::Error::new(io::ErrorKind::AlreadyExists, reason);
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        return Err(exists("the path is a file that is not a socket"));
    }
    match UnixDatagram::unbound()?.connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) => Err(exists(&format!("the path is a socket that another program may use: {error}"))),
        Ok(()) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

/// Returns device and inode of the file at `path`. Does not follow a link.
#[cfg(unix)]
fn identity(path: &std::path::Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    enlarge(&socket);
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Requests a larger receive buffer. The kernel reduces it to its limit.
fn enlarge(socket: &Socket) {
    if let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES) {
        tracing::debug!(%error, "could not enlarge the receive buffer, datagrams may be dropped under load");
    }
}

fn dropped_in(table: &str, port: u16) -> Option<u64> {
    let suffix = format!(":{port:04X}");
    let rows = table
        .lines()
        .skip(1)
        .filter(|row| row.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&suffix)));
    rows.filter_map(|row| row.split_whitespace().last()?.parse::<u64>().ok()).reduce(|sum, drops| sum + drops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn only_a_socket_that_nobody_listens_on_is_removed() {
        use std::os::unix::net::UnixListener;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        // A program that accepts streams cannot be reached by datagrams and listens nevertheless.
        let foreign = UnixListener::bind(&path).unwrap();
        let before = identity(&path).unwrap();
        let error = StatsdSocket::unix(&path).unwrap_err().to_string();
        assert!(error.contains("another program"), "{error}");
        assert_eq!(identity(&path).unwrap(), before);
        drop(foreign);
        let ours = StatsdSocket::unix(&path).unwrap();

        // A file that takes the place of our socket is left alone at the end.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "notes").unwrap();
        drop(ours);
        assert!(StatsdSocket::unix(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "notes");
        // A link is no socket, even if it points to one.
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        drop(UnixListener::bind(&target).unwrap());
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(StatsdSocket::unix(&link).is_err());
        assert!(link.is_symlink() && target.exists());
    }

    #[test]
    fn dropped_datagrams_are_read_from_the_kernel() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                     1: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 123 2 0000 42\n\
                     2: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 124 2 0000 7\n";
        assert_eq!(
            (dropped_in(table, 8125), dropped_in(table, 8080), dropped_in(table, 1)),
            (Some(42), Some(7), None)
        );
    }
}
