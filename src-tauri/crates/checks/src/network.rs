//! The network of this machine, and addresses that need none.

use std::net::IpAddr;

/// The connection of this machine to other machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkState {
    /// There is a default route, or the system does not report routes.
    Online,
    /// There is no default route.
    Offline,
}

impl NetworkState {
    /// Reads the present state. Only Linux reports it; elsewhere the machine counts as online.
    pub(crate) fn now() -> Self {
        let ipv4 = std::fs::read_to_string("/proc/net/route");
        let ipv6 = std::fs::read_to_string("/proc/net/ipv6_route");
        match (ipv4, ipv6) {
            (Err(_), _) => Self::Online,
            (Ok(ipv4), ipv6) => Self::from_tables(&ipv4, &ipv6.unwrap_or_default()),
        }
    }

    /// Parses the texts of `/proc/net/route` and `/proc/net/ipv6_route` (proc(5)).
    fn from_tables(ipv4: &str, ipv6: &str) -> Self {
        let has_default = ipv4.lines().any(is_ipv4_default) || ipv6.lines().any(is_ipv6_default);
        if has_default { Self::Online } else { Self::Offline }
    }
}

const ROUTE_UP: u32 = 0x0001;
const ROUTE_REJECT: u32 = 0x0200;

/// Matches the fields: interface, destination, gateway, flags, three counters, mask.
fn is_ipv4_default(line: &str) -> bool {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [interface, "00000000", _, flags, _, _, _, "00000000", ..] = fields.as_slice() else {
        return false;
    };
    *interface != "lo" && is_usable(flags)
}

/// Matches the fields: destination, prefix length, source, its prefix length, gateway, metric, two
/// counters, flags, interface.
fn is_ipv6_default(line: &str) -> bool {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let ["00000000000000000000000000000000", "00", _, _, _, _, _, _, flags, interface] = fields.as_slice()
    else {
        return false;
    };
    *interface != "lo" && is_usable(flags)
}

fn is_usable(flags: &str) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & ROUTE_UP != 0 && flags & ROUTE_REJECT == 0)
}

/// Returns whether `host` means this machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
    const REJECTING: &str = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
         00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";

    #[test]
    fn a_default_route_of_either_kind_is_online() {
        let ipv4 = format!("{HEAD}eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n");
        assert_eq!(NetworkState::from_tables(&ipv4, REJECTING), NetworkState::Online);
        let ipv6 = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
             fe800000000000000000000000000001 00000400 00000001 00000000 00000003    wlan0\n";
        assert_eq!(NetworkState::from_tables(HEAD, ipv6), NetworkState::Online);
    }

    #[test]
    fn local_nets_and_rejecting_routes_are_offline() {
        let bridge = format!("{HEAD}docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n");
        assert_eq!(NetworkState::from_tables(&bridge, REJECTING), NetworkState::Offline);
        assert_eq!(NetworkState::from_tables("", ""), NetworkState::Offline);
    }

    #[test]
    fn this_machine_is_recognised() {
        for host in ["localhost", "LOCALHOST.", "api.localhost", "127.0.0.53", "::1", "[::1]", "0.0.0.0"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["example.org", "10.0.0.1", "localhost.example.org", "fe80::1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
