//! A straight line through a series that outliers cannot tilt, and how sure its slope is.

use model::{NANOS_PER_SECOND, Timestamp, Trend};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::{
    change::ChangeFormat,
    correlation::autocorrelation,
    figures::Scale,
    statistics::{finite, median, ranks, sorted_finite, tie_groups},
};

/// Fewer points than this make no trend.
const MIN_POINTS: usize = 10;
/// More points than this are first put together, neighbours by their median: pairs grow with the
/// square.
const MAX_POINTS: usize = 1_200;
const NANOS_PER_HOUR: f64 = 3600.0 * NANOS_PER_SECOND as f64;

/// Returns the trend of a series in `unit` (UCUM, may be empty).
///
/// The interval of the slope has the given `confidence`, 0.5 to 0.999. Times need no order, and
/// values that are not finite are ignored. None with fewer than ten values or if all have the
/// same time.
///
/// The slope is the median of pairwise slopes (Theil 1950, Sen 1968), its interval the order
/// statistics that the variance of Kendall's S gives (Sen 1968). The variance is corrected for
/// ties and, as Hamed and Rao (1998) do, for the autocorrelation of the ranks of the residuals,
/// summed up to the first lag at which it is not positive.
pub fn trend(times: &[Timestamp], values: &[f64], confidence: f64, unit: &str) -> Option<Trend> {
    let confidence = if confidence.is_finite() { confidence.clamp(0.5, 0.999) } else { 0.95 };
    let mut points: Vec<(Timestamp, f64)> =
        times.iter().copied().zip(values.iter().copied()).filter(|(_, value)| value.is_finite()).collect();
    if points.len() < MIN_POINTS {
        return None;
    }
    points.sort_by_key(|(time, _)| *time);
    let first = points[0].0;
    let span_hours = points[points.len() - 1].0.since(first) as f64 / NANOS_PER_HOUR;
    let largest = points.iter().fold(0.0_f64, |largest, (_, value)| largest.max(value.abs()));
    let unit_size = if largest > 1e100 { largest } else { 1.0 };
    let hours: Vec<f64> = points.iter().map(|(time, _)| time.since(first) as f64 / NANOS_PER_HOUR).collect();
    let scaled: Vec<f64> = points.iter().map(|(_, value)| value / unit_size).collect();
    let (hours, scaled) = put_together(&hours, &scaled);

    let pairs = Pairs::of(&hours, &scaled);
    let mut slopes = pairs.slopes;
    let slope = median(&mut slopes)?;
    let residuals: Vec<f64> = hours.iter().zip(&scaled).map(|(hour, value)| value - slope * hour).collect();
    let intercept = median(&mut residuals.clone())?;
    let variance = kendall_variance(&scaled) * variance_inflation(&residuals);

    let normal = Normal::standard();
    let deviation = variance.sqrt();
    let z = match pairs.order {
        order if order > 0.0 => (order - 1.0) / deviation,
        order if order < 0.0 => (order + 1.0) / deviation,
        _ => 0.0,
    };
    let p_value = if deviation > 0.0 { (2.0 * normal.cdf(-z.abs())).min(1.0) } else { 1.0 };
    let reach = normal.inverse_cdf(0.5 + confidence / 2.0) * deviation;
    let (low, high) = interval(&mut slopes, reach);

    let significant = p_value < 1.0 - confidence && low * high > 0.0;
    let restore = |value: f64| finite(value * unit_size);
    let mut found = Trend {
        slope_per_hour: restore(slope),
        slope_low: restore(low),
        slope_high: restore(high),
        confidence,
        p_value,
        start_value: restore(intercept),
        end_value: restore(intercept + slope * span_hours),
        points: u32::try_from(points.len()).unwrap_or(u32::MAX),
        significant,
        summary: String::new(),
    };
    found.summary = summary(&found, span_hours, unit);
    Some(found)
}

/// Neighbours put together by their median until there are at most [`MAX_POINTS`].
fn put_together(hours: &[f64], values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let size = hours.len().div_ceil(MAX_POINTS);
    if size <= 1 {
        return (hours.to_vec(), values.to_vec());
    }
    let middle = |chunk: &[f64]| median(&mut chunk.to_vec()).unwrap_or_default();
    (hours.chunks(size).map(middle).collect(), values.chunks(size).map(middle).collect())
}

/// All pairs of points.
struct Pairs {
    /// Slope of each pair with different times.
    slopes: Vec<f64>,
    /// Kendall's S: rising pairs less falling pairs.
    order: f64,
}

impl Pairs {
    fn of(hours: &[f64], values: &[f64]) -> Self {
        let mut slopes = Vec::with_capacity(hours.len() * hours.len().saturating_sub(1) / 2);
        let mut order = 0_i64;
        for earlier in 0..hours.len() {
            for later in earlier + 1..hours.len() {
                let run = hours[later] - hours[earlier];
                let rise = values[later] - values[earlier];
                if run > 0.0 {
                    slopes.push(rise / run);
                    order += i64::from(rise > 0.0) - i64::from(rise < 0.0);
                }
            }
        }
        Self { slopes, order: order as f64 }
    }
}

/// Variance of Kendall's S for independent values in random order, corrected for ties (Kendall
/// 1975).
fn kendall_variance(values: &[f64]) -> f64 {
    let term = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let ties: f64 = tie_groups(&sorted_finite(values)).into_iter().map(term).sum();
    ((term(values.len() as f64) - ties) / 18.0).max(0.0)
}

/// By how much autocorrelation inflates the variance of S (Hamed and Rao 1998, equation 12), at
/// least 1.
fn variance_inflation(residuals: &[f64]) -> f64 {
    let count = residuals.len() as f64;
    let correlations = autocorrelation(&ranks(residuals), residuals.len() / 3);
    let sum: f64 = correlations
        .iter()
        .enumerate()
        .skip(1)
        .take_while(|(_, correlation)| **correlation > 0.0)
        .map(|(lag, correlation)| {
            let left = count - lag as f64;
            left * (left - 1.0) * (left - 2.0) * correlation
        })
        .sum();
    1.0 + 2.0 * sum / (count * (count - 1.0) * (count - 2.0))
}

/// The slopes `reach` pairs below and above the middle.
fn interval(slopes: &mut [f64], reach: f64) -> (f64, f64) {
    let count = slopes.len();
    let pairs = count as f64;
    let lower = ((pairs - reach) / 2.0).round().clamp(0.0, pairs - 1.0) as usize;
    let upper = (((pairs + reach) / 2.0).round() - 1.0).clamp(0.0, pairs - 1.0) as usize;
    let low = *slopes.select_nth_unstable_by(lower, f64::total_cmp).1;
    let high = *slopes.select_nth_unstable_by(upper, f64::total_cmp).1;
    (low.min(high), high.max(low))
}

fn summary(trend: &Trend, span_hours: f64, unit: &str) -> String {
    let (period, factor) = match span_hours {
        span if span < 0.5 => ("minute", 1.0 / 60.0),
        span if span < 72.0 => ("hour", 1.0),
        _ => ("day", 24.0),
    };
    let [slope, low, high] =
        [trend.slope_per_hour, trend.slope_low, trend.slope_high].map(|value| value * factor);
    let scale = Scale::of(slope.abs().max(low.abs()).max(high.abs()), unit);
    let scale = match scale.suffix.as_str() {
        "%" => Scale { suffix: " percentage points".to_owned(), ..scale },
        _ => scale,
    };
    let format = ChangeFormat {
        number: |size| Scale { suffix: String::new(), ..scale.clone() }.show(size),
        unit: &scale.suffix,
        per: &format!(" per {period}"),
        confidence: trend.confidence,
    };
    if trend.significant {
        format.change(slope, Some((low, high)))
    } else if low == 0.0 && high == 0.0 {
        "constant".to_owned()
    } else {
        format!("no significant trend ({} per {period})", format.interval(low, high))
    }
}
