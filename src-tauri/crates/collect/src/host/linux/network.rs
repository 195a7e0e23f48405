//! Network interfaces: `/proc/net/dev` (proc(5)).

use crate::host::{
    telling::{Telling, tag},
    vitals::InterfaceCounters,
};

/// Interfaces of containers, which come and go: each would be dozens of series for good.
const SHORT_LIVED: [&str; 4] = ["veth", "cali", "lxc", "tap"];

/// Columns that are told apart as causes of errors: column, direction, cause.
const CAUSES: [(usize, &str, &str); 5] = [
    (4, "receive", "fifo"),
    (5, "receive", "frame"),
    (12, "transmit", "fifo"),
    (13, "transmit", "collision"),
    (14, "transmit", "carrier"),
];

/// Whether an interface of this name is told.
pub(crate) fn is_told(name: &str) -> bool {
    !SHORT_LIVED.iter().any(|prefix| name.starts_with(prefix))
}

/// Interfaces that ever moved a byte, with the sixteen columns of each.
pub(crate) fn parse(text: &str) -> Vec<(InterfaceCounters, [u64; 16])> {
    text.lines()
        .filter_map(|line| {
            let (name, numbers) = line.split_once(':')?;
            let mut numbers = numbers.split_ascii_whitespace();
            let mut columns = [0; 16];
            for column in &mut columns {
                *column = numbers.next()?.parse().ok()?;
            }
            let interface = InterfaceCounters {
                name: name.trim().to_owned(),
                bytes: [columns[0], columns[8]],
                packets: [columns[1], columns[9]],
                errors: [columns[2], columns[10]],
                dropped: Some([columns[3], columns[11]]),
            };
            (interface.bytes != [0, 0] && is_told(&interface.name)).then_some((interface, columns))
        })
        .collect()
}

/// Tells interfaces; causes of errors only once there are any.
pub(crate) fn tell(telling: &mut Telling, text: &str) {
    for (interface, columns) in parse(text) {
        interface.tell(telling);
        let device = tag("network.interface.name", &interface.name);
        for (column, direction, cause) in CAUSES {
            if columns[column] > 0 {
                let attributes =
                    device.clone().with("network.io.direction", direction).with("error.type", cause);
                let value = columns[column] as f64;
                telling.counter("system.linux.network.error_causes", "{error}", attributes, value);
            }
        }
        telling.counter("system.linux.network.multicast", "{packet}", device, columns[7] as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::told;

    #[test]
    fn interfaces_that_moved_something_are_told() {
        let text = "Inter-| Receive | Transmit\n face |bytes packets\n  lo: 1 2 3 4 0 9 0 11 5 6 7 8 0 0 0 0\neth1:0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\
                    veth1: 1 2 3 4 0 9 0 11 5 6 7 8 0 0 0 0\nx: 1 2\ny: a 2 3 4 0 9 0 11 5 6 7 8 0 0 0 0\n";
        let (_, values) = told(|telling| tell(telling, text));
        assert_eq!(values["system.network.io{network.interface.name=lo,network.io.direction=transmit}"], 5.0);
        assert_eq!(
            values["system.network.packet.dropped{network.interface.name=lo,network.io.direction=receive}"],
            4.0
        );
        assert_eq!(
            values["system.linux.network.error_causes{error.type=frame,network.interface.name=lo,network.io.direction=receive}"],
            9.0
        );
        assert_eq!(values["system.linux.network.multicast{network.interface.name=lo}"], 11.0);
        assert_eq!(values.len(), 10);
    }
}
