//! Names, types and units between OpenTelemetry and Prometheus.
//!
//! Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".

use std::{borrow::Cow, sync::Arc};

use crate::{MetricKind, Resource, Scope, Series, SeriesId, Temporality};

/// Returns true if a name is that of a counter, by Prometheus' naming conventions.
pub fn counts_by_name(name: &str) -> bool {
    ["_total", "_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix))
}

/// Returns true if kind and unit agree with the metric's name, by Prometheus' naming conventions.
pub fn is_as_named(name: &str, kind: MetricKind, unit: &str) -> bool {
    (kind == MetricKind::Counter) == counts_by_name(name) && unit == unit_of_name(name)
}

/// Returns the ID that a Prometheus series had before its type and unit were declared.
///
/// None if its name implies the same type and unit, or if it is not a plain Prometheus series.
/// Remote write declares types in separate messages, and samples are stored before those arrive.
pub fn undeclared_id(series: &Series) -> Option<SeriesId> {
    let plain = match series.kind {
        MetricKind::Counter => series.monotonic && series.temporality == Temporality::Cumulative,
        MetricKind::Gauge => true,
        _ => false,
    };
    if !plain
        || is_as_named(&series.name, series.kind, &series.unit)
        || *series.scope != Scope::default()
        || !names_a_job(&series.resource)
    {
        return None;
    }
    let make = if counts_by_name(&series.name) { Series::counter } else { Series::gauge };
    let unit = unit_of_name(&series.name);
    Some(make(&series.name, unit, Arc::clone(&series.resource), series.attributes.clone()).id())
}

/// Returns true if a resource is only the name of a service, as for Prometheus jobs.
pub fn names_a_job(resource: &Resource) -> bool {
    resource.attributes.0.keys().all(|key| key == "service.name")
}

/// UCUM units and the words Prometheus puts into names for them.
const UNITS: [(&str, &str); 28] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("kBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("%", "percent"),
    ("1", "ratio"),
    ("", ""),
];

/// Units after `per` in names.
const RATES: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// Units that stand at the end of names by Prometheus' conventions.
const NAMED: [&str; 11] = [
    "seconds",
    "milliseconds",
    "bytes",
    "ratio",
    "celsius",
    "volts",
    "amperes",
    "joules",
    "meters",
    "grams",
    "hertz",
];

/// The unit in UCUM of a word of Prometheus or OpenMetrics.
pub fn ucum_unit(word: &str) -> Option<&'static str> {
    UNITS.iter().find(|(_, plural)| *plural == word && !word.is_empty()).map(|(unit, _)| *unit)
}

/// Returns the unit in UCUM at the end of a metric's name, by Prometheus' naming conventions; empty
/// without one. Counts of measurements have no unit.
pub fn unit_of_name(name: &str) -> &'static str {
    unit_at_end(name.strip_suffix("_total").or_else(|| name.strip_suffix("_sum")).unwrap_or(name))
}

/// Returns the unit in UCUM at the end of a family's name, before `_total`; empty without one.
pub fn unit_of_family(name: &str) -> &'static str {
    unit_at_end(name.strip_suffix("_total").unwrap_or(name))
}

fn unit_at_end(name: &str) -> &'static str {
    let word = name.rsplit_once('_').map_or("", |(_, word)| word);
    if NAMED.contains(&word) { ucum_unit(word).unwrap_or_default() } else { "" }
}

/// The name under which Prometheus would know a metric: letters it does not know become `_`, the
/// unit and, for a counter that only goes up, `total` stand at the end. A name that is as
/// Prometheus writes it stays as it is.
///
/// ```
/// use model::{MetricKind, prometheus::translated_name};
/// assert_eq!(
///     translated_name("http.server.request.duration", "s", MetricKind::Histogram, false),
///     "http_server_request_duration_seconds"
/// );
/// ```
pub fn translated_name<'a>(name: &'a str, unit: &str, kind: MetricKind, monotonic: bool) -> Cow<'a, str> {
    let counts = kind == MetricKind::Counter && monotonic;
    let mut words: Vec<&str> =
        name.split(|letter: char| !is_name_letter(letter)).flat_map(|part| part.split('_')).collect();
    let plain = words.iter().filter(|word| !word.is_empty()).count();
    words.retain(|word| !word.is_empty());
    let mut suffixes: Vec<String> = Vec::new();
    for part in unit_words(unit, kind) {
        if !words.contains(&part.as_str()) {
            suffixes.push(part);
        }
    }
    if counts {
        words.retain(|word| *word != "total");
        suffixes.push("total".to_owned());
    }
    let unchanged = suffixes.iter().all(|suffix| suffix == "total" && name.ends_with("_total"))
        && words.len() + suffixes.len() == plain
        && name.chars().all(is_name_letter);
    if unchanged && !starts_with_digit(name) {
        return Cow::Borrowed(name);
    }
    let mut translated = String::with_capacity(name.len() + 16);
    if starts_with_digit(name) {
        translated.push('_');
    }
    translated.push_str(&words.join("_"));
    for suffix in suffixes {
        translated.push('_');
        translated.push_str(&suffix);
    }
    Cow::Owned(translated)
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

fn starts_with_digit(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_digit())
}

/// The words that a unit adds to a name: none for annotations in braces; `1` is a ratio, but only
/// for gauges.
fn unit_words(unit: &str, kind: MetricKind) -> Vec<String> {
    let word = |part: &str, table: &[(&str, &str)]| -> String {
        let part = part.trim();
        if part.starts_with('{') {
            return String::new();
        }
        let known = table.iter().find(|(unit, _)| *unit == part);
        let word = known.map_or(part, |(_, word)| *word);
        let letters = word.split(|letter: char| !letter.is_ascii_alphanumeric());
        letters.filter(|letters| !letters.is_empty()).collect::<Vec<_>>().join("_")
    };
    if unit == "1" && kind != MetricKind::Gauge {
        return Vec::new();
    }
    let (main, rate) = unit.split_once('/').map_or((unit, None), |(main, rate)| (main, Some(rate)));
    let main = if rate.is_some() && main.trim() == "1" { String::new() } else { word(main, &UNITS) };
    let rate = rate.map(|rate| word(rate, &RATES)).filter(|rate| !rate.is_empty());
    [main, rate.map_or(String::new(), |rate| format!("per_{rate}"))]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attributes;

    #[test]
    fn names_are_translated_by_the_specification() {
        use MetricKind::*;
        for (name, unit, kind, monotonic, expected) in [
            ("http.server.request.duration", "s", Histogram, false, "http_server_request_duration_seconds"),
            ("process.cpu.time", "s", Counter, true, "process_cpu_time_seconds_total"),
            ("requests", "1", Counter, true, "requests_total"),
            ("requests", "{request}", Counter, true, "requests_total"),
            ("jobs", "", Counter, false, "jobs"),
            ("system.cpu.utilization", "1", Gauge, false, "system_cpu_utilization_ratio"),
            ("system.memory.usage", "By", Gauge, false, "system_memory_usage_bytes"),
            ("disk.speed", "By/s", Gauge, false, "disk_speed_bytes_per_second"),
            ("queue.pace", "{item}/s", Gauge, false, "queue_pace_per_second"),
            ("already_in_seconds", "s", Gauge, false, "already_in_seconds"),
            ("bytes_sent_total", "By", Counter, true, "bytes_sent_total"),
            ("a.total.of", "", Counter, true, "a_of_total"),
            ("1st.thing", "", Gauge, false, "_1st_thing"),
            ("odd  name--x", "", Gauge, false, "odd_name_x"),
            ("temp", "Cel", Gauge, false, "temp_celsius"),
            ("load", "%", Gauge, false, "load_percent"),
            ("wind", "furlong", Gauge, false, "wind_furlong"),
            ("node_cpu_seconds_total", "s", Counter, true, "node_cpu_seconds_total"),
            ("job:rate:5m", "", Gauge, false, "job:rate:5m"),
            ("", "", Gauge, false, ""),
        ] {
            assert_eq!(translated_name(name, unit, kind, monotonic), expected, "{name}");
        }
    }

    #[test]
    fn units_are_found_in_names() {
        for (name, unit) in [
            ("node_cpu_seconds_total", "s"),
            ("http_duration_seconds_sum", "s"),
            ("http_duration_seconds_bucket", ""),
            ("size_bytes", "By"),
            ("hit_ratio", "1"),
            ("seconds", ""),
            ("up", ""),
        ] {
            assert_eq!(unit_of_name(name), unit, "{name}");
        }
        assert_eq!((ucum_unit("seconds"), ucum_unit("parsecs"), ucum_unit("")), (Some("s"), None, None));
    }

    #[test]
    fn declared_series_know_their_undeclared_id() {
        let resource = Arc::new(Resource::service_named("shop"));
        let labels = || Attributes::new().with("job", "shop");
        let series = |kind: fn(&str, &str, Arc<Resource>, Attributes) -> Series, name, unit| {
            kind(name, unit, Arc::clone(&resource), labels())
        };
        let (gauge, counter) = (Series::gauge, Series::counter);
        for (declared, before) in [
            (series(counter, "forks", ""), series(gauge, "forks", "")),
            (series(gauge, "waiting_count", ""), series(counter, "waiting_count", "")),
            (series(counter, "sent_bytes", "By"), series(gauge, "sent_bytes", "By")),
            (series(gauge, "room", "By"), series(gauge, "room", "")),
        ] {
            assert_eq!(undeclared_id(&declared), Some(before.id()), "{declared:?}");
            assert_eq!(undeclared_id(&before), None, "{before:?}");
        }
        let scoped = Scope { name: "meter".to_owned(), ..Scope::default() };
        let scoped = Series { scope: Arc::new(scoped), ..series(counter, "forks", "") };
        let delta = Series { temporality: Temporality::Delta, ..series(counter, "forks", "") };
        let named = Attributes::new().with("service.name", "a").with("host.name", "b");
        let other =
            Series { resource: Arc::new(Resource { attributes: named }), ..series(counter, "forks", "") };
        assert_eq!([undeclared_id(&scoped), undeclared_id(&delta), undeclared_id(&other)], [None; 3]);
    }
}
