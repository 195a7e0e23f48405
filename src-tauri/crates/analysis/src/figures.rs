//! Numbers with units, scaled for people: `1.42 s`, `11.2 GiB`, `4.1%`.

/// Returns the unit in which values of `metric` are shown.
///
/// OpenTelemetry gives shares and plain counts the same unit, `1`. Only a metric named a ratio or a
/// utilization is a share; all others are plain numbers.
pub fn shown_unit<'a>(metric: &str, unit: &'a str) -> &'a str {
    let is_share = ["utilization", "utilisation", "ratio"].iter().any(|ending| metric.ends_with(ending));
    match unit {
        "" | "1" if is_share => "1",
        "1" => "",
        other => other,
    }
}

/// A format of numbers of one unit: a divisor and a suffix.
///
/// It is made for one magnitude, so that all marks of an axis can share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Divisor of numbers in the original unit.
    pub divisor: f64,
    /// Text after the number, with its leading space if it has one; may be empty.
    pub suffix: String,
}

const NANOSECONDS: [(f64, &str); 7] =
    [(1.0, " ns"), (1e3, " µs"), (1e6, " ms"), (1e9, " s"), (6e10, " min"), (3.6e12, " h"), (8.64e13, " d")];
const BYTES: [(f64, &str); 6] = [
    (1.0, " B"),
    (1024.0, " KiB"),
    (1_048_576.0, " MiB"),
    (1_073_741_824.0, " GiB"),
    (1_099_511_627_776.0, " TiB"),
    (1_125_899_906_842_624.0, " PiB"),
];
const DECIMAL: [(f64, &str); 5] = [(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")];

impl Scale {
    /// Returns the scale for numbers about as large as `magnitude` in a unit of UCUM notation (`s`,
    /// `By`, `1`, `By/s`, `{request}`). Ratios (`1`) become percent.
    pub fn of(magnitude: f64, unit: &str) -> Self {
        let magnitude = magnitude.abs();
        let (base, per) = match unit.split_once('/') {
            Some((base, per)) => (base, format!("/{per}")),
            None => (unit, String::new()),
        };
        let stepped = |in_smallest: f64, steps: &[(f64, &str)]| {
            let size = magnitude * in_smallest;
            // Rounding must not show 1000 ms: three digits decide, not the exact number.
            let (step, name) =
                steps.iter().rev().find(|(step, _)| size >= step * 0.9995).unwrap_or(&steps[0]);
            Self { divisor: step / in_smallest, suffix: format!("{name}{per}") }
        };
        let duration = |nanoseconds: f64| {
            let size = magnitude * nanoseconds;
            // Minutes and longer only when plain: 90 s reads better than 1.5 min.
            if (5.9e10..1.2e11).contains(&size) {
                return Self { divisor: 1e9 / nanoseconds, suffix: format!(" s{per}") };
            }
            stepped(nanoseconds, &NANOSECONDS)
        };
        match base {
            "ns" => duration(1.0),
            "us" | "µs" => duration(1e3),
            "ms" => duration(1e6),
            "s" => duration(1e9),
            "min" => duration(6e10),
            "h" => duration(3.6e12),
            "d" => duration(8.64e13),
            "By" => stepped(1.0, &BYTES),
            "KiBy" => stepped(1024.0, &BYTES),
            "MiBy" => stepped(1_048_576.0, &BYTES),
            "GiBy" => stepped(1_073_741_824.0, &BYTES),
            "kBy" => stepped(1e3, &BYTES),
            "MBy" => stepped(1e6, &BYTES),
            "GBy" => stepped(1e9, &BYTES),
            "bit" => {
                let scale = stepped(1.0, &DECIMAL);
                Self { suffix: format!(" {}bit{per}", scale.suffix.trim_end_matches(per.as_str())), ..scale }
            }
            "1" if per.is_empty() => Self { divisor: 0.01, suffix: "%".to_owned() },
            "%" => Self { divisor: 1.0, suffix: format!("%{per}") },
            "" | "1" => stepped(1.0, &DECIMAL),
            "Hz" => {
                Self { suffix: format!("{} Hz", stepped(1.0, &DECIMAL).suffix), ..stepped(1.0, &DECIMAL) }
            }
            "Cel" => Self { divisor: 1.0, suffix: format!(" °C{per}") },
            annotation if annotation.starts_with('{') => {
                let scale = stepped(1.0, &DECIMAL);
                let word = annotation.trim_matches(['{', '}']);
                let prefix = scale.suffix.trim_end_matches(per.as_str()).to_owned();
                Self { suffix: format!("{prefix} {word}{per}"), ..scale }
            }
            other => {
                let scale = stepped(1.0, &DECIMAL);
                let prefix = scale.suffix.trim_end_matches(per.as_str()).to_owned();
                Self { suffix: format!("{prefix} {other}{per}"), ..scale }
            }
        }
    }

    /// Formats `value` on this scale with its suffix and three significant digits.
    pub fn show(&self, value: f64) -> String {
        if !value.is_finite() {
            return model::number_text(value);
        }
        // Nothing is not counted in thousands.
        let suffix =
            if value == 0.0 { self.suffix.trim_start_matches(['k', 'M', 'G', 'T']) } else { &self.suffix };
        format!("{}{suffix}", digits(value / self.divisor))
    }
}

/// Formats `value` with its unit, scaled for people. A value that is not finite has no unit.
pub fn format(value: f64, unit: &str) -> String {
    Scale::of(value, unit).show(value)
}

/// Formats a number with three significant digits. Only extreme numbers have an exponent.
pub fn digits(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return model::number_text(value);
    }
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match text {
        "-0" => "0".to_owned(),
        other => other.replacen('-', "−", 1),
    }
}

/// Formats a relative change for people: 0.123 is `12%`, 2.4 is `240%`; without sign.
pub fn percent(change: f64) -> String {
    let size = change.abs() * 100.0;
    match size {
        size if !size.is_finite() => "–".to_owned(),
        size if size >= 10.0 => format!("{size:.0}%"),
        size => format!("{}%", digits((size * 10.0).round() / 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_scaled() {
        for (value, unit, expected) in [
            (1_420_000_000.0, "ns", "1.42 s"),
            (96_000_000.0, "ns", "96 ms"),
            (0.000_85, "s", "850 µs"),
            (999_999_999.0, "ns", "1 s"),
            (90.0, "s", "90 s"),
            (7200.0, "s", "2 h"),
            (12_025_908_428.0, "By", "11.2 GiB"),
            (512.0, "By", "512 B"),
            (3_400_000.0, "By/s", "3.24 MiB/s"),
            (0.041, "1", "4.1%"),
            (12.5, "%", "12.5%"),
            (18_200.0, "/s", "18.2k/s"),
            (3.0, "{request}/s", "3 request/s"),
            (1234.0, "", "1.23k"),
            (-5.0, "", "−5"),
            (45.25, "Cel", "45.2 °C"),
            (f64::NAN, "s", "NaN"),
            (f64::INFINITY, "By", "+Inf"),
            (f64::NEG_INFINITY, "", "-Inf"),
            (0.0, "By", "0 B"),
            (1e308, "ns", "1.16e294 d"),
        ] {
            assert_eq!(format(value, unit), expected, "{value} {unit}");
        }
    }

    #[test]
    fn digits_of_what_is_not_finite_are_its_name() {
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(digits), ["NaN", "+Inf", "-Inf"]);
    }

    #[test]
    fn one_scale_serves_all_marks_of_an_axis() {
        let scale = Scale::of(1.5e9, "ns");
        assert_eq!([0.0, 5e8, 1.5e9].map(|mark| scale.show(mark)), ["0 s", "0.5 s", "1.5 s"]);
        let scale = Scale::of(1500.0, "1/s");
        assert_eq!([0.0, 500.0].map(|mark| scale.show(mark)), ["0/s", "0.5k/s"]);
    }

    #[test]
    fn changes_read_as_percent() {
        assert_eq!([0.123, -0.056, 2.4, 0.0].map(percent), ["12%", "5.6%", "240%", "0%"]);
    }
}
