//! Pressure stall information: time in which work waited for a resource (the kernel's
//! `Documentation/accounting/psi.rst`).

use super::collector::Reading;
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// Records `/proc/pressure`: seconds in which some or all work waited.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    for resource in ["cpu", "io", "memory", "irq"] {
        for (kind, seconds) in parse(&reading.kernel.read_proc(&format!("pressure/{resource}"))) {
            let attributes =
                tag("system.linux.pressure.resource", resource).with("system.linux.pressure.kind", kind);
            builder.counter("system.linux.pressure.time", "s", attributes, seconds);
        }
    }
}

/// Parses lines such as `some avg10=0.12 avg60=0.43 avg300=2.83 total=250345899`: kind and total
/// seconds.
fn parse(text: &str) -> Vec<(&'static str, f64)> {
    let mut stalls: Vec<(&'static str, f64)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let kind = match words.next() {
            Some("some") => "some",
            Some("full") => "full",
            _ => continue,
        };
        let total = words.find_map(|word| word.strip_prefix("total=")?.parse::<u64>().ok());
        if let Some(microseconds) = total.filter(|_| stalls.iter().all(|(other, _)| *other != kind)) {
            stalls.push((kind, microseconds as f64 / 1e6));
        }
    }
    stalls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read() {
        let text = "some avg10=0.12 total=2500000\nfull avg10=0.00 total=1\nsome total=9\nhalf total=3\nfull total=x\n";
        assert_eq!(parse(text), [("some", 2.5), ("full", 1e-6)]);
        assert_eq!(parse("total=3\nsome\n\u{fffd}"), []);
    }
}
