//! OpenMetrics text, version 1.0 and 0.0.1
//! (github.com/prometheus/OpenMetrics, specification/OpenMetrics.md, "Text format").
//!
//! What Prometheus' parser accepts and refuses, this one does
//! (`model/textparse/openmetricsparse.go`). It checks lines and not families.

use model::Timestamp;

use crate::{
    cached_resolutions::CachedResolutions,
    cursor::Cursor,
    exposition::{ExposedExemplar, ExposedSample, Exposition, ExpositionError, excerpt},
    family::FamilyKind,
    line::{read_seconds, read_value, unescape},
    reading::{LineSeries, ReadSample, Reading},
    series::Dialect,
};

/// Characters of an exemplar's labels, names and values together. Longer ones are dropped.
const MAX_EXEMPLAR_CHARACTERS: usize = 128;

/// Parses a whole text. Errors: a malformed line, a missing `# EOF`, text after it, more than
/// `max_samples` samples.
pub fn parse_openmetrics(body: &[u8], max_samples: usize) -> Result<Exposition, ExpositionError> {
    read_openmetrics(body, max_samples, &CachedResolutions::default()).map(Reading::into_exposition)
}

/// Reads a whole text. Series of `cache` stay as they are.
pub(crate) fn read_openmetrics(
    body: &[u8],
    max_samples: usize,
    cache: &CachedResolutions,
) -> Result<Reading, ExpositionError> {
    let mut reading = Reading::default();
    reading.families.has_created = true;
    reading.declarations.add(&[b"OpenMetrics"]);
    let mut cursor = Cursor::new(body);
    loop {
        if cursor.eat("# EOF") {
            cursor.eat("\n");
            return if cursor.is_at_end() {
                Ok(reading)
            } else {
                Err(cursor.error("there is something after # EOF"))
            };
        }
        match cursor.peek() {
            None => return Err(cursor.error("the text does not end with # EOF")),
            Some(b'\n') => return Err(cursor.error("empty lines are not allowed")),
            Some(b'#') => {
                let start = cursor;
                read_comment(&mut cursor, &mut reading.families)?;
                reading.declarations.add(&[cursor.since(&start)]);
            }
            Some(_) => {
                if reading.samples.len() >= max_samples {
                    return Err(cursor.error(format!("more than {max_samples} samples")));
                }
                reading.samples.push(read_sample(&mut cursor, cache)?);
            }
        }
        if !cursor.is_at_end() && !cursor.eat("\n") {
            return Err(cursor.error(format!("unexpected {} at the end", cursor.next_text())));
        }
    }
}

fn read_comment(cursor: &mut Cursor<'_>, families: &mut Exposition) -> Result<(), ExpositionError> {
    let at = *cursor;
    let keywords = ["# HELP ", "# TYPE ", "# UNIT "];
    let Some(keyword) = keywords.into_iter().find(|keyword| cursor.eat(keyword)) else {
        return Err(at.error(format!("{} is not HELP, TYPE, UNIT or EOF", at.next_text())));
    };
    let name = Dialect::OpenMetrics.read_metric_name(cursor)?;
    if !cursor.eat(" ") {
        return Err(cursor.error(format!("no text after the name in {}", at.next_text())));
    }
    let text = std::str::from_utf8(cursor.take_line()).map_err(|_| at.error("the text is not UTF-8"))?;
    match keyword {
        "# HELP " => {
            families.help.entry(name).or_insert(unescape(text, true));
        }
        "# UNIT " => {
            if !text.is_empty() && name.strip_suffix(text).is_none_or(|stem| !stem.ends_with('_')) {
                return Err(at.error(format!(
                    "{} does not end in its unit {}",
                    excerpt(&name),
                    excerpt(text)
                )));
            }
            families.units.insert(name, text.to_owned());
        }
        _ => {
            let kind = FamilyKind::from_word(text)
                .ok_or_else(|| at.error(format!("unknown type {}", excerpt(text))))?;
            families.kinds.insert(name, kind);
        }
    }
    Ok(())
}

fn read_sample(cursor: &mut Cursor<'_>, cache: &CachedResolutions) -> Result<ReadSample, ExpositionError> {
    let start = *cursor;
    let mut series = LineSeries::read(Dialect::OpenMetrics, cursor, cache)?;
    let value = read_number(cursor)?;
    series.spell_out_for(value, Dialect::OpenMetrics, start)?;
    let (mut time, mut exemplars) = (None, Vec::new());
    if !starts_exemplar(cursor) && cursor.peek() == Some(b' ') {
        time = Some(read_time(cursor)?);
    }
    if starts_exemplar(cursor) {
        series.spell_out(Dialect::OpenMetrics, start)?;
        if !["_total", "_bucket"].iter().any(|suffix| series.name.ends_with(suffix)) {
            return Err(cursor.error(format!("{} cannot have exemplars", excerpt(&series.name))));
        }
        exemplars.extend(read_exemplar(cursor)?);
    }
    Ok(series.sample(ExposedSample { line: start.line, value, time, exemplars, ..ExposedSample::default() }))
}

fn starts_exemplar(cursor: &Cursor<'_>) -> bool {
    let mut next = *cursor;
    next.eat(" #")
}

/// Reads an exemplar. Returns none if its labels are too long to be stored.
fn read_exemplar(cursor: &mut Cursor<'_>) -> Result<Option<ExposedExemplar>, ExpositionError> {
    if !cursor.eat(" # {") {
        return Err(cursor.error("an exemplar without labels"));
    }
    let (_, labels) = Dialect::OpenMetrics.read_labels(cursor, false)?;
    let value = read_number(cursor)?;
    let time = if cursor.peek() == Some(b' ') { Some(read_time(cursor)?) } else { None };
    let characters: usize =
        labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    Ok((characters <= MAX_EXEMPLAR_CHARACTERS).then_some(ExposedExemplar { labels, value, time }))
}

/// Takes one blank and the word behind it.
fn read_word<'a>(cursor: &mut Cursor<'a>, what: &str) -> Result<std::borrow::Cow<'a, str>, ExpositionError> {
    let word = if cursor.eat(" ") { cursor.take_while(|byte| !matches!(byte, b' ' | b'\n')) } else { b"" };
    match word {
        b"" => Err(cursor.error(format!("no {what}"))),
        word => Ok(String::from_utf8_lossy(word)),
    }
}

fn read_number(cursor: &mut Cursor<'_>) -> Result<f64, ExpositionError> {
    let word = read_word(cursor, "value")?;
    read_value(&word).ok_or_else(|| cursor.error(format!("{} is not a number", excerpt(&word))))
}

/// Reads seconds since the epoch, with or without a fraction.
fn read_time(cursor: &mut Cursor<'_>) -> Result<Timestamp, ExpositionError> {
    let word = read_word(cursor, "time")?;
    if let Some(time) = read_seconds(&word) {
        return Ok(time);
    }
    let seconds = read_value(&word).filter(|seconds| seconds.is_finite());
    let seconds =
        seconds.ok_or_else(|| cursor.error(format!("{} is not a time in seconds", excerpt(&word))))?;
    Ok(Timestamp::from_seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Exposition, ExpositionError> {
        parse_openmetrics(text.as_bytes(), 10)
    }

    #[test]
    fn families_samples_and_exemplars_are_read() {
        let text = "# TYPE took_seconds histogram\n# UNIT took_seconds seconds\n# HELP took_seconds how \\\"long\\\"\n\
            took_seconds_bucket{le=\"0.1\"} 8 # {} 0.054\n\
            took_seconds_bucket{le=\"1\"} 11 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n\
            took_seconds_bucket{le=\"+Inf\"} 17 1520879607.789 # {trace_id=\"oHg5SJ#RHA0\"} 9.8 1520879607.5\n\
            took_seconds_created 1520430000.123\n# EOF\n";
        let exposition = read(text).unwrap();
        assert_eq!(exposition.units["took_seconds"], "seconds");
        assert_eq!(exposition.kinds["took_seconds"], FamilyKind::Histogram);
        let last = &exposition.samples[2];
        assert_eq!(last.time, Some(Timestamp::from_millis(1_520_879_607_789)));
        assert_eq!(last.exemplars[0].value, 9.8);
        assert_eq!(last.exemplars[0].time, Some(Timestamp::from_seconds(1_520_879_607.5)));
        assert_eq!(last.exemplars[0].labels, [("trace_id".to_owned(), "oHg5SJ#RHA0".to_owned())]);
        assert!(exposition.samples[0].exemplars[0].labels.is_empty());
        assert_eq!(read("# EOF").unwrap().samples.len(), 0);
    }

    #[test]
    fn violations_of_the_specification_are_errors_with_a_line() {
        for (bad, line, expected) in [
            ("a 1\n", 2, "# EOF"),
            ("", 1, "does not end"),
            ("\n", 1, "empty lines"),
            ("a 1\n# EOF\nb 1\n", 3, "after # EOF"),
            ("a 1\n# EOF\n\n", 3, "after # EOF"),
            ("a 1\n\n# EOF\n", 2, "empty lines"),
            ("# a comment\n# EOF\n", 1, "is not HELP"),
            ("#TYPE a gauge\n# EOF\n", 1, "is not HELP"),
            ("# TYPE a untyped\n# EOF\n", 1, "unknown type"),
            ("# UNIT a_seconds bytes\n# EOF\n", 1, "unit"),
            ("# UNIT seconds seconds\n# EOF\n", 1, "unit"),
            ("a 1 soon\n# EOF\n", 1, "time in seconds"),
            ("a 1 NaN\n# EOF\n", 1, "time in seconds"),
            ("a_total 1 # trace 1\n# EOF\n", 1, "exemplar without labels"),
            ("a_total 1 # {x=\"1\"}\n# EOF\n", 1, "no value"),
            ("a_total 1 # {x=\"1\"} 1 2 3\n# EOF\n", 1, "at the end"),
            ("a 1 # {} 1\n# EOF\n", 1, "cannot have exemplars"),
            ("a_total 1 # {x=\"1\"} 1 \n# EOF\n", 1, "no time"),
            ("a  1\n# EOF\n", 1, "no value"),
            ("a\t1\n# EOF\n", 1, "no value"),
            ("a{x=\"1\", y=\"2\"} 1\n# EOF\n", 1, "a label name"),
            ("a{x=\"1\",} 1\n# EOF\n", 1, "a label name"),
            ("a{x=\"1\"y=\"2\"} 1\n# EOF\n", 1, "a comma"),
            ("a{x=\"1\n\"} 1\n# EOF\n", 1, "closing quote"),
            ("a 1 \n# EOF\n", 1, "no time"),
            ("a 1\r\n# EOF\n", 1, "not a number"),
            (" a 1\n# EOF\n", 1, "a metric name"),
            ("# HELP a\n# EOF\n", 1, "no text"),
            ("# EOF \n", 1, "after # EOF"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.line == line && error.message.contains(expected), "{bad:?}: {error}");
        }
    }

    #[test]
    fn backslashes_and_long_exemplars_do_not_fail_the_scrape() {
        let long = format!("a_total{{path=\"b\\\\c\\d\"}} 1 # {{x=\"{}\"}} 1\n# EOF", "y".repeat(128));
        let sample = read(&long).unwrap().samples.remove(0);
        assert_eq!(sample.labels[0].1, "b\\c\\d");
        assert!(sample.exemplars.is_empty());
    }
}
