//! Quantiles of the latest values of a stream.

use std::collections::VecDeque;

/// The latest `capacity` values, in order of arrival and in ascending order. Adding one costs a
/// binary search and a short move of memory.
pub(crate) struct RollingQuantiles {
    capacity: usize,
    arrived: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl RollingQuantiles {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), arrived: VecDeque::new(), sorted: Vec::new() }
    }

    /// Adds a value that is not NaN, and drops the oldest if there are too many.
    pub(crate) fn push(&mut self, value: f64) {
        if self.arrived.len() == self.capacity
            && let Some(oldest) = self.arrived.pop_front()
        {
            let at = self.sorted.partition_point(|other| other.total_cmp(&oldest).is_lt());
            self.sorted.remove(at);
        }
        self.arrived.push_back(value);
        let at = self.sorted.partition_point(|other| other.total_cmp(&value).is_lt());
        self.sorted.insert(at, value);
    }

    /// The quantile `q` of the values held; none if there are none.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        crate::quantile(&self.sorted, q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_latest_values_only() {
        let mut window = RollingQuantiles::new(3);
        assert_eq!(window.quantile(0.5), None);
        for value in [5.0, 1.0, 9.0, 2.0, 2.0] {
            window.push(value);
        }
        assert_eq!(window.quantile(0.5), Some(2.0));
        assert_eq!(window.quantile(1.0), Some(9.0));
    }
}
