//! Many hosts out of one recording: each a little busier or idler, out of step with the others.

use super::recording::Recorded;

/// One host's view of the recording.
pub(crate) struct Host {
    /// Its number, which is in its `instance` label.
    pub(crate) number: usize,
    /// How much more happens on it, 0.5 to 2.
    busier: f64,
    /// Scrapes by which it is out of step.
    ahead: usize,
}

impl Host {
    pub(crate) fn new(number: usize) -> Self {
        // Well spread and the same in every run.
        let spread = (number as f64 * 0.618_033_988_749_895).fract();
        Self { number, busier: 0.5 * 4.0_f64.powf(spread), ahead: number * 37 }
    }

    /// The value of a series at each of `steps` scrapes. Counters go on where the recording ends by what they gained from
    /// its beginning; whole numbers stay whole.
    pub(crate) fn values<'a>(&'a self, series: &'a Recorded, steps: usize) -> impl Iterator<Item = f64> + 'a {
        let recorded = &series.values;
        let whole = recorded.iter().all(|value| value.fract() == 0.0);
        let constant = recorded.windows(2).all(|pair| pair[0] == pair[1]);
        let mut total = recorded.first().copied().unwrap_or_default() * self.busier;
        (0..steps).map(move |step| {
            let at = (step + self.ahead) % recorded.len();
            let value = recorded[at];
            if constant && value.abs() <= 1.0 {
                return value;
            }
            let scaled = if series.counter {
                if step > 0 && at > 0 {
                    // Something that was counted anew in the meantime gained nothing.
                    total += (value - recorded[at - 1]).max(0.0) * self.busier;
                }
                total
            } else {
                value * self.busier
            };
            if whole { scaled.round() } else { (scaled * 1e4).round() / 1e4 }
        })
    }
}
