//! OpenMetrics text, version 1.0 and 0.0.1
//! (github.com/prometheus/OpenMetrics, specification/OpenMetrics.md, "Text format").

use model::Timestamp;

use crate::{
    exposition::{ExposedExemplar, ExposedSample, Exposition, ExpositionError, excerpt},
    family::FamilyKind,
    line::{
        BLANKS, read_exemplar_labels, read_metric_name, read_seconds, read_series, read_value, split_word,
        unescape,
    },
};

/// Characters of an exemplar's labels, names and values together.
const MAX_EXEMPLAR_CHARACTERS: usize = 128;

/// Parses a whole text. Errors: a malformed line, a missing `# EOF`, text after it, more than
/// `max_samples` samples.
pub fn parse_openmetrics(body: &[u8], max_samples: usize) -> Result<Exposition, ExpositionError> {
    let mut exposition = Exposition { has_created: true, ..Exposition::default() };
    let mut ended = false;
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let failed = |message: String| ExpositionError { line: index + 1, message };
        if ended {
            return Err(failed("there is something after # EOF".to_owned()));
        }
        let line = std::str::from_utf8(line).map_err(|_| failed("the text is not UTF-8".to_owned()))?;
        if line == "# EOF" {
            ended = true;
        } else if let Some(comment) = line.strip_prefix('#') {
            read_comment(comment, &mut exposition).map_err(failed)?;
        } else if line.is_empty() {
            return Err(failed("empty lines are not allowed".to_owned()));
        } else {
            if exposition.samples.len() >= max_samples {
                return Err(failed(format!("more than {max_samples} samples")));
            }
            let sample = read_sample(line, index + 1).map_err(failed)?;
            exposition.samples.push(sample);
        }
    }
    if !ended {
        let line = body.split(|byte| *byte == b'\n').count();
        return Err(ExpositionError { line, message: "the text does not end with # EOF".to_owned() });
    }
    Ok(exposition)
}

fn read_comment(comment: &str, exposition: &mut Exposition) -> Result<(), String> {
    let text = comment.strip_prefix(' ').unwrap_or_default();
    let (keyword, rest) = split_word(text);
    if !matches!(keyword, "HELP" | "TYPE" | "UNIT") {
        return Err(format!("{} is not HELP, TYPE, UNIT or EOF", excerpt(keyword)));
    }
    let (name, rest) = read_metric_name(rest)?;
    match keyword {
        "HELP" => {
            exposition.help.entry(name).or_insert(unescape(rest, false)?);
        }
        "UNIT" => {
            if !rest.is_empty() && name.strip_suffix(rest).is_none_or(|stem| !stem.ends_with('_')) {
                return Err(format!("{} does not end in its unit {}", excerpt(&name), excerpt(rest)));
            }
            exposition.units.insert(name, rest.to_owned());
        }
        _ => {
            let kind =
                FamilyKind::from_word(rest).ok_or_else(|| format!("unknown type {}", excerpt(rest)))?;
            exposition.kinds.insert(name, kind);
        }
    }
    Ok(())
}

fn read_sample(line: &str, number: usize) -> Result<ExposedSample, String> {
    let (name, labels, rest) = read_series(line)?;
    let (rest, exemplar) = match rest.split_once('#') {
        Some((rest, exemplar)) => (rest, Some(read_exemplar(exemplar)?)),
        None => (rest, None),
    };
    let (value, time) = read_value_and_time(rest)?;
    Ok(ExposedSample {
        line: number,
        name,
        labels,
        value,
        native: None,
        time,
        start_time: None,
        exemplars: exemplar.into_iter().collect(),
    })
}

fn read_exemplar(text: &str) -> Result<ExposedExemplar, String> {
    let inside = text.trim_start_matches(BLANKS).strip_prefix('{').ok_or("an exemplar without labels")?;
    let (labels, rest) = read_exemplar_labels(inside)?;
    let characters: usize =
        labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if characters > MAX_EXEMPLAR_CHARACTERS {
        return Err(format!(
            "the labels of an exemplar are longer than {MAX_EXEMPLAR_CHARACTERS} characters"
        ));
    }
    let (value, time) = read_value_and_time(rest)?;
    Ok(ExposedExemplar { labels, value, time })
}

fn read_value_and_time(text: &str) -> Result<(f64, Option<Timestamp>), String> {
    let mut words = text.split_ascii_whitespace();
    let value = words.next().ok_or("no value")?;
    let value = read_value(value).ok_or_else(|| format!("{} is not a number", excerpt(value)))?;
    let time = words.next().map(read_time).transpose()?;
    match words.next() {
        Some(word) => Err(format!("unexpected {} at the end", excerpt(word))),
        None => Ok((value, time)),
    }
}

/// Reads seconds since the epoch, with or without a fraction.
fn read_time(word: &str) -> Result<Timestamp, String> {
    if let Some(time) = read_seconds(word) {
        return Ok(time);
    }
    let seconds = read_value(word).filter(|seconds| seconds.is_finite());
    let seconds = seconds.ok_or_else(|| format!("{} is not a time in seconds", excerpt(word)))?;
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
        let long = format!("a_total 1 # {{x=\"{}\"}} 1\n# EOF\n", "y".repeat(128));
        for (bad, line, expected) in [
            ("a 1\n", 1, "# EOF"),
            ("", 1, "empty lines"),
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
            (long.as_str(), 1, "longer than 128"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.line == line && error.message.contains(expected), "{bad:?}: {error}");
        }
    }
}
