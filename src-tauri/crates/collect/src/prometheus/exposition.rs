//! Lines of the Prometheus text format 0.0.4
//! (prometheus.io/docs/instrumenting/exposition_formats, "Text-based format").

use std::collections::HashMap;

/// What a `# TYPE` line says of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets, a sum and a count.
    Histogram,
    /// Quantiles, a sum and a count.
    Summary,
    /// Not told.
    Untyped,
}

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct ExposedSample {
    /// Line in the text, from 1.
    pub line: usize,
    /// Name as it stands there, with `_bucket` and the like.
    pub name: String,
    /// Labels in the order they stand there, each name once.
    pub labels: Vec<(String, String)>,
    /// The value; may be NaN or infinite.
    pub value: f64,
    /// Milliseconds since the epoch, where told.
    pub timestamp: Option<i64>,
}

/// Everything a target told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exposition {
    /// Kinds by family name.
    pub kinds: HashMap<String, FamilyKind>,
    /// Help texts by family name.
    pub help: HashMap<String, String>,
    /// The samples, in the order they were told.
    pub samples: Vec<ExposedSample>,
}

/// Why a text is not the Prometheus text format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ExpositionError {
    /// Line in the text, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Reads a whole text; the first malformed line, or more than `most_samples` samples, is an error.
pub fn parse(body: &[u8], most_samples: usize) -> Result<Exposition, ExpositionError> {
    let mut exposition = Exposition::default();
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let failed = |message: String| ExpositionError { line: index + 1, message };
        let line = std::str::from_utf8(line).map_err(|_| failed("the text is not UTF-8".to_owned()))?;
        let line = line.trim_matches(|c: char| c == ' ' || c == '\t' || c == '\r');
        if let Some(comment) = line.strip_prefix('#') {
            read_comment(comment, &mut exposition).map_err(failed)?;
        } else if !line.is_empty() {
            if exposition.samples.len() >= most_samples {
                return Err(failed(format!("more than {most_samples} samples")));
            }
            let sample = read_sample(line, index + 1).map_err(failed)?;
            exposition.samples.push(sample);
        }
    }
    Ok(exposition)
}

fn read_comment(comment: &str, exposition: &mut Exposition) -> Result<(), String> {
    let (keyword, rest) = split_word(comment.trim_start());
    let (name, rest) = split_word(rest);
    match keyword {
        "HELP" if is_metric_name(name) => {
            let help = unescape(rest, false)?;
            exposition.help.entry(name.to_owned()).or_insert(help);
        }
        "TYPE" if is_metric_name(name) => {
            let kind = match rest.trim_end() {
                "counter" => FamilyKind::Counter,
                "gauge" => FamilyKind::Gauge,
                "histogram" => FamilyKind::Histogram,
                "summary" => FamilyKind::Summary,
                "untyped" | "unknown" | "info" | "stateset" => FamilyKind::Untyped,
                other => return Err(format!("unknown type {}", shown(other))),
            };
            exposition.kinds.insert(name.to_owned(), kind);
        }
        "HELP" | "TYPE" => return Err(format!("{} is not a metric name", shown(name))),
        _ => {}
    }
    Ok(())
}

/// The text up to the first blank, and the text after the blanks.
fn split_word(text: &str) -> (&str, &str) {
    match text.find([' ', '\t']) {
        Some(blank) => {
            let (word, rest) = text.split_at(blank);
            (word, rest.trim_start_matches([' ', '\t']))
        }
        None => (text, ""),
    }
}

fn read_sample(line: &str, number: usize) -> Result<ExposedSample, String> {
    let name_end = line.find(['{', ' ', '\t']).ok_or_else(|| format!("no value after {}", shown(line)))?;
    let (name, rest) = line.split_at(name_end);
    if !is_metric_name(name) {
        return Err(format!("{} is not a metric name", shown(name)));
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => read_labels(inside)?,
        None => (Vec::new(), rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().ok_or("no value")?;
    let value = read_value(value).ok_or_else(|| format!("{} is not a number", shown(value)))?;
    let timestamp = match words.next() {
        Some(word) => {
            Some(word.parse().map_err(|_| format!("{} is not a time in milliseconds", shown(word)))?)
        }
        None => None,
    };
    match words.next() {
        Some(word) => Err(format!("unexpected {} at the end", shown(word))),
        None => Ok(ExposedSample { line: number, name: name.to_owned(), labels, value, timestamp }),
    }
}

type Labels = Vec<(String, String)>;

/// The labels behind an opening brace, and the text behind the closing one.
fn read_labels(mut rest: &str) -> Result<(Labels, &str), String> {
    let blanks = [' ', '\t'];
    let mut labels: Labels = Vec::new();
    loop {
        rest = rest.trim_start_matches(blanks);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (name, after) = rest.split_once('=').ok_or("labels without a closing brace")?;
        let name = name.trim_end_matches(blanks);
        if !is_label_name(name) {
            return Err(format!("{} is not a label name", shown(name)));
        }
        if labels.iter().any(|(known, _)| known == name) {
            return Err(format!("label {} stands twice", shown(name)));
        }
        let quoted = after
            .trim_start_matches(blanks)
            .strip_prefix('"')
            .ok_or_else(|| format!("the value of label {} is not quoted", shown(name)))?;
        let end = closing_quote(quoted)
            .ok_or_else(|| format!("the value of label {} has no closing quote", shown(name)))?;
        let value = unescape(&quoted[..end], true)?;
        labels.push((name.to_owned(), value));
        rest = quoted[end + 1..].trim_start_matches(blanks);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err(format!("expected a comma or a closing brace after label {}", shown(name))),
        }
    }
}

/// Byte index of the first quote that no backslash stands before.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('\\') => plain.push('\\'),
            Some('"') if quotes => plain.push('"'),
            // Help texts are for people: what is no escape there stays as it is.
            Some(other) if !quotes => plain.extend(['\\', other]),
            None if !quotes => plain.push('\\'),
            _ => return Err("a backslash that is no escape".to_owned()),
        }
    }
    Ok(plain)
}

fn read_value(word: &str) -> Option<f64> {
    match word {
        "NaN" | "nan" => Some(f64::NAN),
        "+Inf" | "Inf" | "+inf" | "inf" => Some(f64::INFINITY),
        "-Inf" | "-inf" => Some(f64::NEG_INFINITY),
        // Rust also reads words such as "infinity", which are no numbers here.
        number if number.bytes().any(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    }
}

fn is_metric_name(name: &str) -> bool {
    is_name(name, |byte| byte == b':')
}

fn is_label_name(name: &str) -> bool {
    is_name(name, |_| false)
}

fn is_name(name: &str, also: impl Fn(u8) -> bool) -> bool {
    name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || also(byte))
}

/// Text from outside for a message: quoted, without control characters, and not long.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<ExposedSample, ExpositionError> {
        parse(line.as_bytes(), 10).map(|exposition| exposition.samples[0].clone())
    }

    #[test]
    fn ordinary_lines_are_read() {
        let sample = one("http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\r\n").unwrap();
        assert_eq!(sample.name, "http_requests_total");
        assert_eq!(
            sample.labels,
            [("method".into(), "post".into()), ("code".into(), "200".into())] as [(String, String); 2]
        );
        assert_eq!((sample.value, sample.timestamp), (1027.0, Some(1_395_066_363_000)));
        assert_eq!(one("metric_without_labels 12.47").unwrap().value, 12.47);
        assert_eq!(one("  a:b\t{ x = \"1\" , } \t 1.5e-3").unwrap().value, 1.5e-3);
        assert_eq!(one("a{} -3").unwrap().value, -3.0);
        assert_eq!(one("a{x=\"}\\\" ,\\n\\\\\"} 1").unwrap().labels[0].1, "}\" ,\n\\");
        assert_eq!(one("a{x=\"größe\"} 1").unwrap().labels[0].1, "größe");
        assert_eq!(one("a +Inf").unwrap().value, f64::INFINITY);
        assert_eq!(one("a -Inf").unwrap().value, f64::NEG_INFINITY);
        assert!(one("a NaN").unwrap().value.is_nan());
        assert_eq!(one("a 1 -5").unwrap().timestamp, Some(-5));
    }

    #[test]
    fn types_and_help_are_read() {
        let text = "# HELP a some \\n text \\x\n# TYPE a counter\n#TYPE b summary\n# just a comment\n#\n\na 1\n# EOF\n";
        let exposition = parse(text.as_bytes(), 10).unwrap();
        assert_eq!(exposition.help["a"], "some \n text \\x");
        assert_eq!(exposition.kinds["a"], FamilyKind::Counter);
        assert_eq!(exposition.kinds["b"], FamilyKind::Summary);
        assert_eq!(exposition.samples[0].line, 7);
    }

    #[test]
    fn malformed_lines_are_told_with_their_number() {
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
            "a\u{0}b 1",
        ] {
            let error = parse(format!("ok 1\n{bad}\n").as_bytes(), 10).unwrap_err();
            assert_eq!(error.line, 2, "{bad}");
            assert!(error.to_string().len() < 300);
        }
        assert_eq!(parse(b"ok 1\n\xff\xfe 1\n", 10).unwrap_err().line, 2);
    }

    #[test]
    fn too_many_samples_are_refused() {
        let error = parse("a 1\n".repeat(11).as_bytes(), 10).unwrap_err();
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
            let _ = parse(&text, 3);
        }
    }
}
