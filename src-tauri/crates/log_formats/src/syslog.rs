//! Lines of syslog daemons: RFC 3164, RFC 5424, and the files of rsyslog and journald.

use std::sync::LazyLock;

use model::{Attributes, Severity};
use regex::{Captures, Regex};

use crate::{context::Context, plain, record::ParsedRecord, structured_data, time};

static BSD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?:<(\d{1,3})>)?([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\S+) ([^\s:\[]+)(?:\[(\d+)\])?: ?",
    )
    .ok()
});
static RFC_5424: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:\[(?:[^\]\\]|\\.)*\])+) ?").ok()
});
static RSYSLOG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d{2}-\d{2}T\S+[Z\d] ([\w.-]+) ([\w./@-]+)(?:\[(\d+)\])?: ?").ok());

/// Parses a line with a syslog header.
pub(crate) fn parse(text: &str, context: &Context) -> Option<ParsedRecord> {
    bsd(text, context).or_else(|| rfc_5424(text, context)).or_else(|| rsyslog(text, context))
}

fn bsd(text: &str, context: &Context) -> Option<ParsedRecord> {
    let found = BSD.as_ref()?.captures(text)?;
    let time = time::without_year(group(&found, 2), group(&found, 3), group(&found, 4), context)?;
    let mut line = message_of(text, &found, context);
    line.time = Some(time);
    line.attributes = sender(group(&found, 5), group(&found, 6), group(&found, 7));
    priority(&mut line, group(&found, 1));
    Some(line)
}

fn rfc_5424(text: &str, context: &Context) -> Option<ParsedRecord> {
    let found = RFC_5424.as_ref()?.captures(text)?;
    let mut line = message_of(text, &found, context);
    line.time = time::at_start(group(&found, 2), context).map(|(time, _)| time);
    line.attributes = sender(group(&found, 3), group(&found, 4), group(&found, 5));
    if group(&found, 6) != "-" {
        line.attributes = line.attributes.with("syslog.msgid", group(&found, 6));
    }
    structured_data::read(group(&found, 7), &mut line.attributes);
    // The message may begin with a mark of UTF-8 (section 6.4).
    if let Some(body) = line.body.strip_prefix('\u{feff}') {
        line.body = body.to_owned();
    }
    priority(&mut line, group(&found, 1));
    Some(line)
}

fn rsyslog(text: &str, context: &Context) -> Option<ParsedRecord> {
    let found = RSYSLOG.as_ref()?.captures(text)?;
    if Severity::from_name(group(&found, 1)).is_some() {
        return None;
    }
    let (time, _) = time::at_start(text, context)?;
    let mut line = message_of(text, &found, context);
    line.time = Some(time);
    line.attributes = sender(group(&found, 1), group(&found, 2), group(&found, 3));
    Some(line)
}

fn group<'a>(found: &Captures<'a>, index: usize) -> &'a str {
    found.get(index).map_or("", |group| group.as_str())
}

/// Returns the message behind the header, with a severity guessed from its text.
fn message_of(text: &str, found: &Captures<'_>, context: &Context) -> ParsedRecord {
    let message = text.get(found.get(0).map_or(0, |header| header.end())..).unwrap_or_default();
    if message.is_empty() {
        return ParsedRecord { body: text.to_owned(), ..ParsedRecord::default() };
    }
    let guessed = plain::parse(message, context);
    ParsedRecord { body: message.to_owned(), attributes: Attributes::new(), ..guessed }
}

fn sender(host: &str, program: &str, process: &str) -> Attributes {
    let mut attributes = Attributes::new();
    for (name, value) in [("host.name", host), ("process.executable.name", program)] {
        if !value.is_empty() && value != "-" {
            attributes = attributes.with(name, value);
        }
    }
    match process.parse::<i64>() {
        Ok(number) => attributes.with("process.pid", number),
        Err(_) => attributes,
    }
}

/// Sets the severity, which is the priority modulo eight (RFC 5424, section 6.2.1).
fn priority(line: &mut ParsedRecord, text: &str) {
    const NAMES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    if let Ok(number @ 0..=191) = text.parse::<usize>() {
        line.set_severity(NAMES[number % 8]);
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::parsed;
    use model::{AttributeValue, Severity, Timestamp};

    const TIME: Option<Timestamp> = Some(Timestamp(1_767_322_800_000_000_000));

    #[test]
    fn the_three_layouts_are_read() {
        let bsd = parsed("Jan  2 04:00:00 web01 sshd[912]: Failed password for root");
        assert_eq!((bsd.time, bsd.body.as_str()), (TIME, "Failed password for root"));
        assert_eq!(bsd.attributes.text("process.executable.name"), Some("sshd"));
        assert_eq!(bsd.attributes.0["process.pid"], AttributeValue::Int(912));
        let prioritised = parsed("<11>Jan  2 04:00:00 web01 app: boom");
        assert_eq!(prioritised.severity, Severity::ERROR);
        let new = parsed("<34>1 2026-01-02T03:00:00Z web01 su - ID47 [a b=\"\\]\"] 'su root' failed");
        assert_eq!((new.time, new.severity, new.body.as_str()), (TIME, Severity::FATAL, "'su root' failed"));
        assert_eq!(new.attributes.text("syslog.msgid"), Some("ID47"));
        assert_eq!(new.attributes.text("syslog.structured_data.a.b"), Some("]"));
        let marked = parsed("<165>1 2026-01-02T03:00:00Z - - - - - \u{feff}marked");
        assert_eq!((marked.body.as_str(), marked.attributes.0.len()), ("marked", 0));
        let file = parsed("2026-01-02T03:00:00.000000+00:00 web01 kernel: error: disk on fire");
        assert_eq!((file.time, file.severity), (TIME, Severity::ERROR));
        assert_eq!(file.attributes.text("host.name"), Some("web01"));
    }

    #[test]
    fn a_level_is_not_a_host() {
        let line = parsed("2026-01-02T03:00:00Z INFO crate::module: started");
        assert_eq!((line.severity, line.body.as_str()), (Severity::INFO, "crate::module: started"));
    }
}
