//! The load average: `/proc/loadavg` (proc(5)).

use super::collector::Reading;
use crate::host::{metrics, metrics_builder::MetricsBuilder};

/// Records the load over 1, 5 and 15 minutes.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    if let Some(load) = parse(&reading.kernel.read_proc("loadavg")) {
        metrics::record_load(builder, load);
    }
}

fn parse(text: &str) -> Option<[f64; 3]> {
    let mut words = text.split_ascii_whitespace().map(|word| word.parse().ok());
    Some([words.next()??, words.next()??, words.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_are_needed() {
        assert_eq!(parse("0.5 1 2.25 1/2 3"), Some([0.5, 1.0, 2.25]));
        assert_eq!(parse("0.5 x"), None);
    }
}
