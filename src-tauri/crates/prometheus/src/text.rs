//! The Prometheus text format, 0.0.4 and 1.0.0 (which adds quoted names)
//! (prometheus.io/docs/instrumenting/exposition_formats, "Text-based format").

use model::Timestamp;

use crate::{
    exposition::{ExposedSample, Exposition, ExpositionError, excerpt},
    family::FamilyKind,
    line::{read_metric_name, read_series, read_value, split_word, unescape},
};

/// Parses a whole text. Errors: the first malformed line, more than `max_samples` samples.
pub fn parse_text(body: &[u8], max_samples: usize) -> Result<Exposition, ExpositionError> {
    let mut exposition = Exposition::default();
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let failed = |message: String| ExpositionError { line: index + 1, message };
        let line = std::str::from_utf8(line).map_err(|_| failed("the text is not UTF-8".to_owned()))?;
        let line = line.trim_matches(|c: char| c == ' ' || c == '\t' || c == '\r');
        if let Some(comment) = line.strip_prefix('#') {
            read_comment(comment, &mut exposition).map_err(failed)?;
        } else if !line.is_empty() {
            if exposition.samples.len() >= max_samples {
                return Err(failed(format!("more than {max_samples} samples")));
            }
            let sample = read_sample(line, index + 1).map_err(failed)?;
            exposition.samples.push(sample);
        }
    }
    Ok(exposition)
}

fn read_comment(comment: &str, exposition: &mut Exposition) -> Result<(), String> {
    let (keyword, rest) = split_word(comment.trim_start());
    match keyword {
        "HELP" => {
            let (name, rest) = read_metric_name(rest)?;
            exposition.help.entry(name).or_insert(unescape(rest, false)?);
        }
        "TYPE" => {
            let (name, rest) = read_metric_name(rest)?;
            let kind = match rest.trim_end() {
                "untyped" | "info" | "stateset" => FamilyKind::Unknown,
                word => {
                    FamilyKind::from_word(word).ok_or_else(|| format!("unknown type {}", excerpt(word)))?
                }
            };
            exposition.kinds.insert(name, kind);
        }
        _ => {}
    }
    Ok(())
}

fn read_sample(line: &str, number: usize) -> Result<ExposedSample, String> {
    let (name, labels, rest) = read_series(line)?;
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().ok_or("no value")?;
    let value = read_value(value).ok_or_else(|| format!("{} is not a number", excerpt(value)))?;
    let time = match words.next() {
        Some(word) => {
            let millis =
                word.parse().map_err(|_| format!("{} is not a time in milliseconds", excerpt(word)))?;
            Some(Timestamp::from_millis(millis))
        }
        None => None,
    };
    match words.next() {
        Some(word) => Err(format!("unexpected {} at the end", excerpt(word))),
        None => Ok(ExposedSample {
            line: number,
            name,
            labels,
            value,
            native: None,
            time,
            start_time: None,
            exemplars: Vec::new(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<ExposedSample, ExpositionError> {
        parse_text(line.as_bytes(), 10).map(|exposition| exposition.samples[0].clone())
    }

    #[test]
    fn ordinary_lines_are_read() {
        let sample = one("http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\r\n").unwrap();
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
        assert_eq!(one("a 1 -5").unwrap().time, Some(Timestamp(-5_000_000)));
    }

    #[test]
    fn types_and_help_are_read() {
        let text = "# HELP a some \\n text \\x\n# TYPE a counter\n#TYPE b summary\n# just a comment\n#\n\na 1\n# EOF\n";
        let exposition = parse_text(text.as_bytes(), 10).unwrap();
        assert_eq!(exposition.help["a"], "some \n text \\x");
        assert_eq!(exposition.kinds["a"], FamilyKind::Counter);
        assert_eq!(exposition.kinds["b"], FamilyKind::Summary);
        assert_eq!(exposition.samples[0].line, 7);
    }

    #[test]
    fn errors_give_the_number_of_the_malformed_line() {
        for bad in [
            "a",
            "1a 2",
            "a{x=\"1\"",
            "a{x=\"1} 2",
            "a{x=1} 2",
            "a{x=\"1\" y=\"2\"} 2",
            "a{x=\"1\",x=\"2\"} 2",
            "a{=\"1\"} 2",
            "a{x:y=\"1\"} 2",
            "a{x=\"\\q\"} 2",
            "a{x=\"1\"}",
            "a one",
            "a infinity",
            "a 1 2 3",
            "a 1 1.5",
            "a 1 # {trace_id=\"x\"} 1",
            "a{x=\"1\\",
            "# TYPE a thing",
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
