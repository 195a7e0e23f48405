//! The load of the shop: a wave over the day, and more on weekends.

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Requests per second, averaged over a week.
const AVERAGE_RATE: f64 = 2.0;
/// Part of the average by which the wave rises and falls.
const WAVE: f64 = 0.6;
/// Share of the average from Sunday to Saturday; they average to one.
const WEEKDAYS: [f64; 7] = [1.25, 0.90, 0.85, 0.90, 0.95, 1.00, 1.15];

/// Requests per second at `time` (nanoseconds since the epoch): most in the evening, UTC.
pub(crate) fn request_rate(time: i64) -> f64 {
    let day = time.div_euclid(DAY);
    let of_day = time.rem_euclid(DAY) as f64 / DAY as f64;
    // The epoch began on a Thursday.
    let weekday = WEEKDAYS[(day + 4).rem_euclid(7) as usize];
    // Sine rises from 12:00 to its top at 18:00.
    let wave = (std::f64::consts::TAU * (of_day - 0.5)).sin();
    AVERAGE_RATE * weekday * (1.0 + WAVE * wave)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_averages_to_two_requests_per_second() {
        let hours = 7 * 24;
        let sum: f64 = (0..hours).map(|hour| request_rate(hour * 3600 * SECOND)).sum();
        assert!((sum / hours as f64 - AVERAGE_RATE).abs() < 0.01);
    }

    #[test]
    fn evenings_and_weekends_are_busier() {
        let sunday = 3 * DAY;
        assert!(request_rate(sunday + DAY * 3 / 4) > 3.0 * request_rate(sunday + DAY / 4));
        assert!(request_rate(sunday) > request_rate(sunday + 2 * DAY));
    }
}
