//! The Prometheus text format, 0.0.4 and 1.0.0 (which adds quoted names)
//! (prometheus.io/docs/instrumenting/exposition_formats, "Text-based format").
//!
//! What Prometheus' parser accepts and refuses, this one does (`model/textparse/promparse.go`).

use model::Timestamp;

use crate::{
    cached_resolutions::CachedResolutions,
    cursor::Cursor,
    exposition::{ExposedSample, Exposition, ExpositionError, excerpt},
    family::FamilyKind,
    line::{read_value, unescape},
    reading::{LineSeries, ReadSample, Reading},
    series::Dialect,
};

/// Parses a whole text. Errors: the first malformed line, more than `max_samples` samples.
pub fn parse_text(body: &[u8], max_samples: usize) -> Result<Exposition, ExpositionError> {
    read_text(body, max_samples, &CachedResolutions::default()).map(Reading::into_exposition)
}

/// Reads a whole text. Series of `cache` stay as they are.
pub(crate) fn read_text(
    body: &[u8],
    max_samples: usize,
    cache: &CachedResolutions,
) -> Result<Reading, ExpositionError> {
    let mut reading = Reading::default();
    reading.declarations.add(&[b"text"]);
    let mut cursor = Cursor::new(body);
    while !cursor.is_at_end() {
        cursor.skip_blanks();
        if cursor.eat("#") {
            let start = cursor;
            if read_comment(&mut cursor, &mut reading.families)? {
                reading.declarations.add(&[cursor.since(&start)]);
            }
        } else if !matches!(cursor.peek(), None | Some(b'\n')) {
            if reading.samples.len() >= max_samples {
                return Err(cursor.error(format!("more than {max_samples} samples")));
            }
            reading.samples.push(read_sample(&mut cursor, cache)?);
        }
        if !cursor.is_at_end() && !cursor.eat("\n") {
            return Err(cursor.error(format!("unexpected {} at the end", cursor.next_text())));
        }
    }
    Ok(reading)
}

/// Reads a comment behind its `#`. Returns whether it has a meaning, which needs a blank behind it.
fn read_comment(cursor: &mut Cursor<'_>, families: &mut Exposition) -> Result<bool, ExpositionError> {
    let at = *cursor;
    let is_marked = cursor.skip_blanks();
    let is_help = is_marked && cursor.eat("HELP");
    let has_meaning = (is_help || is_marked && cursor.eat("TYPE")) && cursor.skip_blanks();
    if !has_meaning {
        cursor.take_line();
        return Ok(false);
    }
    let name = Dialect::Text.read_metric_name(cursor)?;
    // One byte separates the text, whatever it is.
    let text = cursor.take_line().get(1..).unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| at.error("the text is not UTF-8"))?;
    if is_help {
        families.help.entry(name).or_insert(unescape(text, false));
        return Ok(true);
    }
    let kind = match text {
        "untyped" => FamilyKind::Unknown,
        "counter" | "gauge" | "histogram" | "summary" => FamilyKind::from_word(text).unwrap_or_default(),
        word => return Err(at.error(format!("unknown type {}", excerpt(word)))),
    };
    families.kinds.insert(name, kind);
    Ok(true)
}

fn read_sample(cursor: &mut Cursor<'_>, cache: &CachedResolutions) -> Result<ReadSample, ExpositionError> {
    let start = *cursor;
    let mut series = LineSeries::read(Dialect::Text, cursor, cache)?;
    cursor.skip_blanks();
    let word = cursor.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'{'));
    let word = String::from_utf8_lossy(word);
    if word.is_empty() {
        return Err(cursor.error("no value"));
    }
    let value =
        read_value(&word).ok_or_else(|| cursor.error(format!("{} is not a number", excerpt(&word))))?;
    series.spell_out_for(value, Dialect::Text, start)?;
    cursor.skip_blanks();
    let time = match cursor.peek() {
        None | Some(b'\n') => None,
        Some(_) => Some(read_time(cursor)?),
    };
    cursor.skip_blanks();
    Ok(series.sample(ExposedSample { line: start.line, value, time, ..ExposedSample::default() }))
}

fn read_time(cursor: &mut Cursor<'_>) -> Result<Timestamp, ExpositionError> {
    let at = *cursor;
    let word = cursor.take_while(|byte| byte.is_ascii_digit());
    let millis = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    let millis =
        millis.ok_or_else(|| at.error(format!("{} is not a time in milliseconds", at.next_text())))?;
    Ok(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<ExposedSample, ExpositionError> {
        parse_text(line.as_bytes(), 10).map(|exposition| exposition.samples[0].clone())
    }

    #[test]
    fn ordinary_lines_are_read() {
        let sample = one("http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n").unwrap();
        assert_eq!(sample.name, "http_requests_total");
        assert_eq!(
            sample.labels,
            [("method".into(), "post".into()), ("code".into(), "200".into())] as [(String, String); 2]
        );
        assert_eq!((sample.value, sample.time), (1027.0, Some(Timestamp::from_millis(1_395_066_363_000))));
        assert_eq!(one("metric_without_labels 12.47").unwrap().value, 12.47);
        assert_eq!(one("  a:b\t{ x = \"1\" , } \t 1.5e-3").unwrap().value, 1.5e-3);
        assert_eq!(one("a{} -3").unwrap().value, -3.0);
        assert_eq!(one("a{x=\"}\\\" ,\\n\\\\\"} 1").unwrap().labels[0].1, "}\" ,\n\\");
        assert_eq!(one("a{x=\"größe\"} 1").unwrap().labels[0].1, "größe");
        assert_eq!(one("a +Inf").unwrap().value, f64::INFINITY);
        assert_eq!(one("a -Inf").unwrap().value, f64::NEG_INFINITY);
        let quoted = one("{\"http.requests\", \"a b\" = \"1\", c=\"2\"} 7").unwrap();
        assert_eq!((quoted.name.as_str(), quoted.labels.len()), ("http.requests", 2));
        assert_eq!(quoted.labels[0], ("a b".to_owned(), "1".to_owned()));
        assert!(one("a NaN").unwrap().value.is_nan());
        assert_eq!(one("a 1 5").unwrap().time, Some(Timestamp(5_000_000)));
    }

    #[test]
    fn what_prometheus_tolerates_is_read() {
        let path = |line: &str| one(line).unwrap().labels[0].1.clone();
        assert_eq!(path("a{path=\"D:\\Games\\new \\\"x\\\"\"} 1"), "D:\\Games\new \"x\"");
        assert_eq!(path("a{path=\"first\nsecond\"} 1"), "first\nsecond", "a raw end of line");
        assert_eq!(one("a{x=\"1\" y=\"2\"} 2").unwrap().labels.len(), 2, "a missing comma");
        assert_eq!(one("a{x=\"1\"}2").unwrap().value, 2.0);
        assert_eq!(one("a infinity").unwrap().value, f64::INFINITY);
        assert_eq!(one("a .5").unwrap().value, 0.5);
        assert!(one("a nAn").unwrap().value.is_nan());
        let text = b"# any bytes \xff\xfe\n#HELP a \xff\n# HELPS 1\n# HELP\n \t\na 1";
        assert_eq!(parse_text(text, 10).unwrap().samples[0].line, 6);
    }

    #[test]
    fn types_and_help_are_read() {
        let text = "# HELP a some \\n text \\x\n# TYPE a counter\n#  TYPE b summary\n#TYPE c gauge\n# just a comment\n#\n\na 1\n# EOF\n";
        let exposition = parse_text(text.as_bytes(), 10).unwrap();
        assert_eq!(exposition.help["a"], "some \n text \\x");
        assert_eq!(exposition.kinds["a"], FamilyKind::Counter);
        assert_eq!(exposition.kinds["b"], FamilyKind::Summary);
        assert!(!exposition.kinds.contains_key("c"), "a comment needs a blank to have a meaning");
        assert_eq!(exposition.samples[0].line, 8);
    }

    #[test]
    fn errors_give_the_number_of_the_malformed_line() {
        for bad in [
            "a",
            "1a 2",
            "a{x=\"1\"",
            "a{x=\"1} 2",
            "a{x=1} 2",
            "a{x=\"1\",x=\"2\"} 2",
            "a{=\"1\"} 2",
            "a{x:y=\"1\"} 2",
            "a{x=\"1\"}",
            "a one",
            "a infinite",
            "a +NaN",
            "a 1e400",
            "a 0x1p3",
            "a 1_000",
            "a 1\r",
            "a{x=\"1\",,y=\"2\"} 2",
            "a{,} 2",
            "a{x=\"\\\n\"} 2",
            "a 1 2 3",
            "a 1 1.5",
            "a 1 -5",
            "a 1 # {trace_id=\"x\"} 1",
            "a{x=\"1\\",
            "# TYPE a thing",
            "# TYPE a  gauge",
            "# TYPE a gauge ",
            "# TYPE a info",
            "# TYPE a",
            "# TYPE 1a gauge",
            "<html>",
            "{\"a\": 1}",
            "{} 1",
            "{\"\"} 1",
            "{x=\"1\"} 1",
            "{x=\"1\", \"a\"} 1",
            "{\"a\", \"b\"} 1",
            "a{\"b\"} 1",
            "{\"a} 1",
            "a\u{0}b 1",
        ] {
            let error = parse_text(format!("ok 1\n{bad}\n").as_bytes(), 10).unwrap_err();
            assert_eq!(error.line, 2, "{bad}");
            assert!(error.to_string().len() < 300);
        }
        assert_eq!(parse_text(b"ok 1\n\xff\xfe 1\n", 10).unwrap_err().line, 2);
    }

    #[test]
    fn too_many_samples_are_refused() {
        let error = parse_text("a 1\n".repeat(11).as_bytes(), 10).unwrap_err();
        assert_eq!((error.line, error.message.as_str()), (11, "more than 10 samples"));
    }

    #[test]
    fn any_bytes_give_an_answer() {
        let mut state = 1_u32;
        let alphabet = b"a{}=\",\\ \n#1.TYPE\xc3\xa4\t";
        for _ in 0..20_000 {
            let mut text = Vec::new();
            for _ in 0..24 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push(alphabet[(state >> 16) as usize % alphabet.len()]);
            }
            let _ = parse_text(&text, 3);
        }
    }
}
