//! Units of metrics, from Prometheus' names to UCUM.

/// The unit that stands in a family's name by Prometheus' naming conventions, or that the target told, in UCUM
/// where there is a word for it.
pub(super) fn unit_of(family: &str, told: Option<&str>) -> String {
    match told {
        Some(unit) if !unit.is_empty() => match known(&format!("_{unit}")) {
            "" => unit.to_owned(),
            known => known.to_owned(),
        },
        _ => known(family).to_owned(),
    }
}

fn known(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    [
        ("_seconds", "s"),
        ("_milliseconds", "ms"),
        ("_bytes", "By"),
        ("_ratio", "1"),
        ("_celsius", "Cel"),
        ("_volts", "V"),
        ("_amperes", "A"),
        ("_joules", "J"),
        ("_meters", "m"),
        ("_grams", "g"),
        ("_hertz", "Hz"),
    ]
    .into_iter()
    .find(|(suffix, _)| name.ends_with(suffix))
    .map_or("", |(_, unit)| unit)
}
