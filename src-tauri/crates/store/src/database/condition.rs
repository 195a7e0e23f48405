//! Filters as conditions of statements. All text from users is bound or quoted.

use model::{FieldOperator, Filter, Severity, TraceId, attribute_of_label};

use super::sql::{Parameters, quote};
use crate::{StoreError, read::reader::Reader};

/// The table of a condition. Its alias is `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    Logs,
    Spans,
}

/// The name of a log record's severity.
pub(crate) const SEVERITY_NAME: &str = "(CASE WHEN t.severity BETWEEN 1 AND 4 THEN 'trace' \
    WHEN t.severity BETWEEN 5 AND 8 THEN 'debug' WHEN t.severity BETWEEN 9 AND 12 THEN 'info' \
    WHEN t.severity BETWEEN 13 AND 16 THEN 'warn' WHEN t.severity BETWEEN 17 AND 20 THEN 'error' \
    WHEN t.severity BETWEEN 21 AND 24 THEN 'fatal' ELSE 'unspecified' END)";
/// The name of a span's kind.
pub(crate) const KIND_NAME: &str = "(CASE t.kind WHEN 1 THEN 'internal' WHEN 2 THEN 'server' \
    WHEN 3 THEN 'client' WHEN 4 THEN 'producer' WHEN 5 THEN 'consumer' ELSE 'unspecified' END)";
/// The name of a span's status.
pub(crate) const STATUS_NAME: &str = "(CASE t.status WHEN 1 THEN 'ok' WHEN 2 THEN 'error' ELSE 'unset' END)";

/// Returns the condition of a filter. It is never NULL, so that it can be negated.
pub(crate) fn condition(
    reader: &Reader,
    records: Records,
    filter: &Filter,
    parameters: &mut Parameters,
) -> Result<String, StoreError> {
    let mut joined = |of: &[Filter], word: &str, empty: &str| -> Result<String, StoreError> {
        let parts = of
            .iter()
            .map(|part| condition(reader, records, part, parameters))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(if parts.is_empty() { empty.to_owned() } else { format!("({})", parts.join(word)) })
    };
    match filter {
        Filter::All { of } => joined(of, " AND ", "true"),
        Filter::Any { of } => joined(of, " OR ", "false"),
        Filter::Not { of } => Ok(format!("(NOT {})", condition(reader, records, of, parameters)?)),
        Filter::Text { text } => Ok(text_anywhere(records, text, parameters)),
        Filter::SeverityAtLeast { severity } => Ok(match records {
            Records::Logs => format!("(t.severity >= {})", severity.0),
            Records::Spans => "false".to_owned(),
        }),
        Filter::Field { key, operator, value } => field(reader, records, key, *operator, value, parameters),
    }
}

/// Searches text in the message and in the values of attributes. A cheap search of the attributes'
/// JSON, which is mostly false, comes first.
fn text_anywhere(records: Records, text: &str, parameters: &mut Parameters) -> String {
    let main = match records {
        Records::Logs => "t.body",
        Records::Spans => "t.name",
    };
    let escaped = serde_json::to_string(text).unwrap_or_default();
    let inner = escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default();
    let (text, inner) = (parameters.bind(text), parameters.bind(inner));
    format!(
        "(contains(lower({main}), lower({text})) OR (contains(lower(t.attributes), lower({inner})) AND \
         contains(lower(array_to_string(json_extract_string(t.attributes, '$.*'), chr(10))), lower({text}))))"
    )
}

fn field(
    reader: &Reader,
    records: Records,
    key: &str,
    operator: FieldOperator,
    value: &str,
    parameters: &mut Parameters,
) -> Result<String, StoreError> {
    if operator == FieldOperator::Equal
        && key == "trace_id"
        && let Ok(id) = value.to_ascii_lowercase().parse::<TraceId>()
    {
        return Ok(format!("coalesce(t.trace_id = CAST('{id}' AS UUID), false)"));
    }
    if records == Records::Logs
        && key == "severity"
        && let Some(severity) = severity_condition(operator, value)
    {
        return Ok(severity);
    }
    let test = Test::new(reader, operator, value, parameters)?;
    let column = match (records, key) {
        (_, "service") => "t.service".to_owned(),
        (_, "scope") => "t.scope_name".to_owned(),
        (_, "trace_id") => "coalesce(replace(CAST(t.trace_id AS VARCHAR), '-', ''), '')".to_owned(),
        (_, "span_id") => "coalesce(lpad(lower(to_hex(t.span_id)), 16, '0'), '')".to_owned(),
        (Records::Logs, "body") => "t.body".to_owned(),
        (Records::Logs, "event") => "t.event_name".to_owned(),
        (Records::Logs, "severity") => SEVERITY_NAME.to_owned(),
        (Records::Spans, "name") => "t.name".to_owned(),
        (Records::Spans, "kind") => KIND_NAME.to_owned(),
        (Records::Spans, "status") => STATUS_NAME.to_owned(),
        (Records::Spans, "duration") => "CAST(t.duration AS VARCHAR)".to_owned(),
        _ => return Ok(attribute(attribute_of_label(key), &test, parameters)),
    };
    Ok(test.on(&column))
}

/// Tests the attribute of the record, or that of the resource where the record has none.
fn attribute(key: &str, test: &Test, parameters: &mut Parameters) -> String {
    // A JSON pointer, because a path has characters of its own that cannot all be escaped.
    let pointer = parameters.bind(format!("/{}", key.replace('~', "~0").replace('/', "~1")));
    let mention = parameters.bind(serde_json::to_string(key).unwrap_or_default());
    let value = |table: &str| {
        format!(
            "(CASE WHEN contains({table}.attributes, {mention}) \
             THEN json_extract_string({table}.attributes, {pointer}) END)"
        )
    };
    let (record, resource) = (value("t"), value("r"));
    let on_record = test.on(&record);
    let on_resource = test.on(&format!("coalesce({resource}, '')"));
    format!(
        "(CASE WHEN {record} IS NOT NULL THEN {on_record} \
         ELSE t.resource_id IN (SELECT r.id FROM resources r WHERE {on_resource}) END)"
    )
}

/// Compares severities by name or number. `error` is the range 17 to 20.
fn severity_condition(operator: FieldOperator, value: &str) -> Option<String> {
    let number = value.trim().parse::<u8>().ok();
    let first = number.or_else(|| Severity::from_name(value.trim()).map(|severity| severity.0))?;
    let last = if number.is_some() { first } else { first.saturating_add(3) };
    Some(match operator {
        FieldOperator::Equal => format!("(t.severity BETWEEN {first} AND {last})"),
        FieldOperator::Greater => format!("(t.severity > {last})"),
        FieldOperator::GreaterOrEqual => format!("(t.severity >= {first})"),
        FieldOperator::Less => format!("(t.severity < {first})"),
        FieldOperator::LessOrEqual => format!("(t.severity <= {last})"),
        FieldOperator::Contains | FieldOperator::Regex | FieldOperator::Exists => return None,
    })
}

/// A comparison with a fixed value.
enum Test {
    /// Equal in any case to one of these (already lower case).
    OneOf(Vec<String>),
    Contains(String),
    Regex(String),
    Number(&'static str, String),
    Exists,
}

impl Test {
    fn new(
        reader: &Reader,
        operator: FieldOperator,
        value: &str,
        parameters: &mut Parameters,
    ) -> Result<Self, StoreError> {
        let sign = match operator {
            FieldOperator::Equal => {
                let mut spellings = vec![format!("lower({})", parameters.bind(value))];
                // JSON writes the number 1 of type double as 1.0.
                if let Ok(number) = value.parse::<f64>()
                    && let Ok(text) = serde_json::to_string(&number)
                    && text != value
                {
                    spellings.push(parameters.bind(text));
                }
                return Ok(Self::OneOf(spellings));
            }
            FieldOperator::Contains => {
                return Ok(Self::Contains(format!("lower({})", parameters.bind(value))));
            }
            FieldOperator::Regex => return regex(reader, value),
            FieldOperator::Exists => return Ok(Self::Exists),
            FieldOperator::Greater => ">",
            FieldOperator::GreaterOrEqual => ">=",
            FieldOperator::Less => "<",
            FieldOperator::LessOrEqual => "<=",
        };
        let number: f64 = value
            .trim()
            .parse()
            .map_err(|_| StoreError::InvalidRequest(format!("{value:?} is not a number to compare with")))?;
        Ok(Self::Number(sign, parameters.bind(number)))
    }

    /// Returns the condition on an expression of type text.
    fn on(&self, text: &str) -> String {
        match self {
            Self::OneOf(spellings) => format!("(lower({text}) IN ({}))", spellings.join(", ")),
            Self::Contains(part) => format!("contains(lower({text}), {part})"),
            Self::Regex(expression) => format!("regexp_matches({text}, {expression}, 's')"),
            Self::Number(sign, number) => {
                format!("coalesce(TRY_CAST({text} AS DOUBLE) {sign} {number}, false)")
            }
            Self::Exists => format!("({text} <> '')"),
        }
    }
}

/// Validates a regular expression. It is quoted in the statement, so that it is compiled only once.
fn regex(reader: &Reader, expression: &str) -> Result<Test, StoreError> {
    let bad =
        |reason: &str| StoreError::InvalidRequest(format!("bad regular expression {expression:?}: {reason}"));
    if expression.contains('\0') {
        return Err(bad("it contains a NUL character"));
    }
    let quoted = quote(expression);
    reader.check()?;
    reader.rows(&format!("SELECT regexp_matches('', {quoted}, 's')"), &[], |_| Ok(())).map_err(|error| {
        match error {
            StoreError::Database(reason) => bad(reason.lines().next().unwrap_or_default()),
            other => other,
        }
    })?;
    Ok(Test::Regex(quoted))
}
