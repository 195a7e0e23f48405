//! The user of the program at the other end of a loopback connection.

use std::{io, net::SocketAddr};

/// Returns true if the system reports the users of connections.
pub(crate) fn is_known() -> bool {
    cfg!(target_os = "linux") && std::path::Path::new("/proc/net/tcp").exists()
}

/// Returns true if the program that connected from `peer` to `own` belongs to this user.
#[cfg(target_os = "linux")]
pub(crate) fn is_own(peer: SocketAddr, own: SocketAddr) -> io::Result<bool> {
    let table = if peer.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    let user = user_in(&std::fs::read_to_string(table)?, peer, own);
    Ok(user == Some(rustix::process::geteuid().as_raw()))
}

/// Fails, because only Linux reports it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_own(_: SocketAddr, _: SocketAddr) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the user of the socket that is bound to `local` and connected to `remote`, from the
/// kernel's table (`proc_net_tcp`, columns 2, 3 and 8).
#[cfg(target_os = "linux")]
fn user_in(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let (local, remote) = (address(local), address(remote));
    table.lines().skip(1).find_map(|row| {
        let mut columns = row.split_whitespace().skip(1);
        let is_socket = columns.next() == Some(&local) && columns.next() == Some(&remote);
        columns.nth(4).filter(|_| is_socket)?.parse().ok()
    })
}

/// Returns an address as the kernel writes it: words in the order of the machine.
#[cfg(target_os = "linux")]
fn address(address: SocketAddr) -> String {
    use std::net::IpAddr;

    let words = |bytes: &[u8]| {
        let word = |word: &[u8; 4]| format!("{:08X}", u32::from_ne_bytes(*word));
        bytes.as_chunks::<4>().0.iter().map(word).collect::<String>()
    };
    let host = match address.ip() {
        IpAddr::V4(ip) => words(&ip.octets()),
        IpAddr::V6(ip) => words(&ip.octets()),
    };
    format!("{host}:{:04X}", address.port())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_user_of_a_connection_is_read_from_the_kernel() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else {
                assert_eq!(host, "[::1]:0", "only IPv6 may be missing");
                continue;
            };
            let own = listener.local_addr().unwrap();
            let stream = TcpStream::connect(own).unwrap();
            let peer = stream.local_addr().unwrap();
            assert!(is_own(peer, own).unwrap(), "{host}");
            let mut other = peer;
            other.set_port(peer.port().wrapping_add(1));
            assert!(!is_own(other, own).unwrap());
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn a_connection_of_another_user_is_not_ours() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     0: 0100007F:1C03 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000  1000        0 1\n\
                     1: 0100007F:A1B2 0100007F:1C03 01 00000000:00000000 00:00000000 00000000  4711        0 2\n";
        let (peer, own) = ("127.0.0.1:41394".parse().unwrap(), "127.0.0.1:7171".parse().unwrap());
        assert_eq!(user_in(table, peer, own), Some(4711));
        assert_eq!(user_in(table, own, peer), Some(1000));
        assert_eq!(user_in(table, own, own), None);
    }
}
