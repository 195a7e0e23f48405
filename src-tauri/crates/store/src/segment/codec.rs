//! Lists of numbers as differences of scaled integers.
//!
//! Most values are decimal numbers, such as counts, bytes and hundredths of a second. They become
//! integer multiples of 10^-decimals and are stored as differences, which compress far better.
//! Lists with any other value are stored as doubles. Decoding restores every bit.

/// The largest number of decimal places.
const MAX_DECIMALS: u8 = 9;
/// Doubles hold every integer below this.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;
/// Bound of the deltas that fit a float.
const SHORT: u64 = 1 << 22;
/// Bound of the deltas that fit a double.
const LONG: u64 = 1 << 51;

/// An encoded list of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    /// The numbers unchanged.
    Doubles(Vec<f64>),
    /// `(first + sum of the deltas so far) / 10^decimals`. The first delta is zero.
    Decimals { decimals: u8, first: i64, deltas: Deltas },
}

/// Differences of integers, in the width they need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deltas {
    Short(Vec<i32>),
    Long(Vec<i64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Doubles(Vec::new())
    }
}

impl Numbers {
    /// Encodes values.
    pub(crate) fn encode(values: &[f64]) -> Self {
        decimals(values).unwrap_or_else(|| Self::Doubles(values.to_vec()))
    }

    /// Decodes the values.
    pub(crate) fn decode(self) -> Vec<f64> {
        match self {
            Self::Doubles(values) => values,
            Self::Decimals { decimals, first, deltas } => {
                let scale = 10f64.powi(i32::from(decimals));
                let mut number = first;
                let mut next = |delta: i64| {
                    number = number.wrapping_add(delta);
                    number as f64 / scale
                };
                match deltas {
                    Deltas::Short(deltas) => deltas.into_iter().map(|delta| next(i64::from(delta))).collect(),
                    Deltas::Long(deltas) => deltas.into_iter().map(next).collect(),
                }
            }
        }
    }
}

fn decimals(values: &[f64]) -> Option<Numbers> {
    let decimals = decimal_places(values.iter().copied())?;
    let scaled: Vec<i64> = values.iter().map(|value| to_scaled(*value, decimals)).collect::<Option<_>>()?;
    let first = scaled.first().copied().unwrap_or_default();
    let mut before = first;
    // Both are below 2^53, so their difference fits.
    let deltas: Vec<i64> =
        scaled.into_iter().map(|number| number - std::mem::replace(&mut before, number)).collect();
    let farthest = deltas.iter().map(|delta| delta.unsigned_abs()).max().unwrap_or_default();
    let deltas = match farthest {
        0..SHORT => Deltas::Short(deltas.into_iter().map(|delta| delta as i32).collect()),
        SHORT..LONG => Deltas::Long(deltas),
        _ => return None,
    };
    Some(Numbers::Decimals { decimals, first, deltas })
}

/// Returns the decimal places that all values need, or none if one is not a decimal number.
pub(crate) fn decimal_places(values: impl Iterator<Item = f64>) -> Option<u8> {
    let mut places = 0;
    for value in values {
        while to_scaled(value, places).is_none() {
            places += 1;
            if places > MAX_DECIMALS {
                return None;
            }
        }
    }
    Some(places)
}

/// Converts a value to a multiple of 10^-places, if dividing restores every bit.
fn to_scaled(value: f64, places: u8) -> Option<i64> {
    let scale = 10f64.powi(i32::from(places));
    let rounded = (value * scale).round();
    let scaled = rounded as i64;
    // The integer is compared, not the rounded double: it has no negative zero.
    (rounded.abs() < EXACT && (scaled as f64 / scale).to_bits() == value.to_bits()).then_some(scaled)
}
