//! Many hosts made from one recording, with different loads and offsets.

use super::recording::Recorded;

/// A host with its variation of the recording.
pub(crate) struct Host {
    /// Its number, which is in its `instance` label.
    pub(crate) number: usize,
    /// Factor of its load, 0.5 to 2.
    load: f64,
    /// Scrapes by which it is ahead in the recording.
    ahead: usize,
}

impl Host {
    pub(crate) fn new(number: usize) -> Self {
        // Evenly spread and the same in every run.
        let spread = (number as f64 * 0.618_033_988_749_895).fract();
        Self { number, load: 0.5 * 4.0_f64.powf(spread), ahead: number * 37 }
    }

    /// Returns the value of a series at each of `steps` scrapes.
    ///
    /// At the end of the recording counters continue with the increases from its beginning. Values
    /// retain the granularity of the recording, such as whole pages or clock ticks.
    pub(crate) fn values<'a>(&'a self, series: &'a Recorded, steps: usize) -> impl Iterator<Item = f64> + 'a {
        let recorded = &series.values;
        let grain = Grain::of(recorded);
        let constant = recorded.windows(2).all(|pair| pair[0] == pair[1]);
        let mut total = recorded.first().copied().unwrap_or_default() * self.load;
        (0..steps).map(move |step| {
            let at = (step + self.ahead) % recorded.len();
            let value = recorded[at];
            if constant && value.abs() <= 1.0 {
                return value;
            }
            let scaled = if series.counter {
                if step > 0 && at > 0 {
                    // A reset counter did not increase.
                    total += (value - recorded[at - 1]).max(0.0) * self.load;
                }
                total
            } else {
                value * self.load
            };
            grain.round(scaled)
        })
    }
}

/// Maximum decimal places of a recorded value.
const MAX_PLACES: i32 = 9;

/// Granularity of a series: all its values are multiples of this, in units of 10^-places.
#[derive(Debug, Clone, Copy)]
struct Grain {
    places: i32,
    multiple: f64,
}

impl Grain {
    fn of(values: &[f64]) -> Self {
        let whole = |value: f64, places: i32| {
            let scale = 10f64.powi(places);
            let scaled = (value * scale).round();
            (scaled / scale == value).then_some(scaled.abs() as u64)
        };
        let places = (0..MAX_PLACES)
            .find(|places| values.iter().all(|value| whole(*value, *places).is_some()))
            .unwrap_or(MAX_PLACES);
        let wholes = values.iter().filter_map(|value| whole(*value, places));
        let multiple = wholes.fold(0, greatest_common_divisor).max(1);
        // The granularity of a constant value is unknown.
        let constant = values.windows(2).all(|pair| pair[0] == pair[1]);
        Self { places, multiple: if constant { 1.0 } else { multiple as f64 } }
    }

    fn round(self, value: f64) -> f64 {
        let scale = 10f64.powi(self.places);
        (value * scale / self.multiple).round() * self.multiple / scale
    }
}

fn greatest_common_divisor(left: u64, right: u64) -> u64 {
    if right == 0 { left } else { greatest_common_divisor(right, left % right) }
}
