//! Parsing of a StatsD or DogStatsD line (Etsy, "StatsD metric types"; Datadog, "DogStatsD datagram
//! format", protocols 1.0 to 1.4). Etsy packs several metrics of one name into a line.

use std::borrow::Cow;

use super::tags::{MAX_TAGS, Tags};

/// Maximum bytes of a metric's name.
const MAX_NAME_BYTES: usize = 512;
/// Bytes of a malformed line that a message quotes.
const QUOTED_BYTES: usize = 100;

/// A parsed line, which borrows from the text.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Values of metrics of one name.
    Metrics(Packed<'a>),
    /// An event.
    Event(Event<'a>),
    /// The status of a service.
    Check(Check<'a>),
}

/// The metrics of one name that are packed into a line, as Etsy does: `name:1|c:5|ms|@0.1`.
#[derive(Debug, PartialEq)]
pub(super) struct Packed<'a> {
    name: Cow<'a, str>,
    name_tags: &'a str,
    rest: Option<&'a str>,
}

impl<'a> Iterator for Packed<'a> {
    type Item = Result<Metric<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let (values_and_type, rest) = split_packed(self.rest.take()?);
        self.rest = rest;
        Some(values(self.name.clone(), self.name_tags, values_and_type))
    }
}

/// One or more values of a metric.
#[derive(Debug, PartialEq)]
pub(super) struct Metric<'a> {
    /// Name. SignalFx allows tags in the middle of it, so it may have two parts.
    pub(super) name: Cow<'a, str>,
    pub(super) kind: Kind,
    /// One value, or several separated by colons.
    pub(super) values: &'a str,
    /// The fraction of the measurements that was sent, above 0 and up to 1.
    pub(super) rate: f64,
    pub(super) tags: Tags<'a>,
    /// Tags inside the name, as in InfluxDB (`name,key=value`), Graphite (`name;key=value`),
    /// Librato (`name#key=value`) and SignalFx (`name[key=value]`).
    name_tags: &'a str,
    /// Seconds since the epoch. Values with a timestamp are not aggregated.
    pub(super) timestamp: Option<i64>,
    /// True if the line has sections that only DogStatsD defines.
    pub(super) extended: bool,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Timer,
    Histogram,
    Distribution,
    Set,
}

/// An event.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Event<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) timestamp: Option<i64>,
    pub(super) host: &'a str,
    pub(super) priority: &'a str,
    pub(super) alert_type: &'a str,
    pub(super) source: &'a str,
    pub(super) aggregation_key: &'a str,
    pub(super) tags: Tags<'a>,
}

/// A service check.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Check<'a> {
    pub(super) name: &'a str,
    /// 0 is ok, 1 a warning, 2 critical, 3 unknown.
    pub(super) status: u8,
    pub(super) timestamp: Option<i64>,
    pub(super) host: &'a str,
    pub(super) message: &'a str,
    pub(super) tags: Tags<'a>,
}

impl<'a> Metric<'a> {
    /// Returns key and value of each tag, from the name and from the tag section.
    pub(super) fn all_tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let named = self.name_tags.split([',', ';']).filter_map(|tag| tag.split_once('='));
        named.filter(|(key, _)| !key.is_empty()).take(MAX_TAGS).chain(self.tags.pairs())
    }
}

/// Splits a name from the tags inside it.
fn split_name(name: &str) -> (Cow<'_, str>, &str) {
    if let Some((stem, rest)) = name.split_once('[')
        && let Some((tags, end)) = rest.split_once(']')
        && tags.contains('=')
    {
        return if end.is_empty() { (stem.into(), tags) } else { (format!("{stem}{end}").into(), tags) };
    }
    match name.split_once([',', ';', '#']) {
        Some((stem, tags)) if tags.contains('=') => (stem.into(), tags),
        _ => (name.into(), ""),
    }
}

/// Splits a line at the colon behind its name. Tags in brackets may hold colons.
fn split_line(line: &str) -> Option<(&str, &str)> {
    let colon = line.find(':')?;
    let bracket = line[..colon].find('[').and_then(|start| Some(start + line[start..].find(']')?));
    let start = bracket.filter(|end| !line[..*end].contains('|')).unwrap_or(0);
    let colon = start + line[start..].find(':')?;
    Some((&line[..colon], &line[colon + 1..]))
}

/// Parses a line. Fails with the reason and the beginning of the line.
pub(super) fn parse(line: &str) -> Result<Line<'_>, String> {
    let read = if line.starts_with("_e{") {
        event(line).map(Line::Event)
    } else if line.starts_with("_sc|") {
        check(line).map(Line::Check)
    } else {
        metrics(line).map(Line::Metrics)
    };
    read.map_err(|reason| format!("{reason}: {:?}", beginning(line)))
}

/// Returns the beginning of a line, for messages.
pub(super) fn beginning(line: &str) -> &str {
    &line[..line.floor_char_boundary(QUOTED_BYTES)]
}

fn metrics(line: &str) -> Result<Packed<'_>, &'static str> {
    let (name, rest) = split_line(line).ok_or("a metric has no value")?;
    let (name, name_tags) = split_name(name);
    if name.is_empty() {
        return Err("a metric has no name");
    }
    if name.len() > MAX_NAME_BYTES {
        return Err("the name of a metric is too long");
    }
    Ok(Packed { name, name_tags, rest: Some(rest) })
}

/// Splits what Etsy packs behind the first metric: the text behind a colon in the type or in the
/// sample rate. Other sections hold colons of their own.
fn split_packed(rest: &str) -> (&str, Option<&str>) {
    let mut start = 0;
    for (index, section) in rest.split('|').take(3).enumerate() {
        let may_pack = index == 1 || (index == 2 && section.starts_with('@'));
        if let Some(colon) = section.find(':').filter(|_| may_pack) {
            return (&rest[..start + colon], Some(&rest[start + colon + 1..]));
        }
        start += section.len() + 1;
    }
    (rest, None)
}

/// Parses what is behind the name of a metric.
fn values<'a>(name: Cow<'a, str>, name_tags: &'a str, rest: &'a str) -> Result<Metric<'a>, &'static str> {
    let mut sections = rest.split('|');
    let values = sections.next().unwrap_or_default();
    let kind = match sections.next().ok_or("a metric has no type")? {
        "c" => Kind::Counter,
        "g" => Kind::Gauge,
        "ms" => Kind::Timer,
        "h" => Kind::Histogram,
        "d" => Kind::Distribution,
        "s" => Kind::Set,
        _ => return Err("a metric has an unknown type"),
    };
    if values.is_empty() {
        return Err("a metric has no value");
    }
    let mut metric = Metric {
        name,
        kind,
        values,
        rate: 1.0,
        tags: Tags::default(),
        name_tags,
        timestamp: None,
        extended: false,
    };
    for section in sections {
        match section.as_bytes().first() {
            Some(b'@') => {
                let rate = section[1..].parse::<f64>().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0);
                metric.rate = rate.ok_or("a sample rate is not between 0 and 1")?;
            }
            Some(b'#') => {
                metric.tags = Tags(&section[1..]);
                metric.extended = true;
            }
            Some(b'T') => {
                metric.timestamp = Some(section[1..].parse().map_err(|_| "a timestamp is not a number")?);
                metric.extended = true;
            }
            // Container, external data, cardinality, and sections of later protocols.
            _ => metric.extended |= section.contains(':'),
        }
    }
    Ok(metric)
}

/// Parses `_e{TITLE_BYTES,TEXT_BYTES}:TITLE|TEXT|...`.
fn event(line: &str) -> Result<Event<'_>, &'static str> {
    const WRONG: &str = "an event's lengths do not match its text";
    let (lengths, rest) = line[3..].split_once("}:").ok_or(WRONG)?;
    let (title, text) = lengths.split_once(',').ok_or(WRONG)?;
    let title: usize = title.parse().map_err(|_| WRONG)?;
    let text: usize = text.parse().map_err(|_| WRONG)?;
    let after = rest.get(title..).and_then(|rest| rest.strip_prefix('|')).ok_or(WRONG)?;
    let fields = after.get(text..).ok_or(WRONG)?;
    if title == 0 || !(fields.is_empty() || fields.starts_with('|')) {
        return Err(WRONG);
    }
    let mut event = Event {
        title: rest.get(..title).ok_or(WRONG)?,
        text: after.get(..text).ok_or(WRONG)?,
        ..Event::default()
    };
    for field in fields.split('|').filter(|field| !field.is_empty()) {
        match field.split_once(':') {
            Some(("d", time)) => event.timestamp = time.parse().ok(),
            Some(("h", host)) => event.host = host,
            Some(("p", priority)) => event.priority = priority,
            Some(("t", alert_type)) => event.alert_type = alert_type,
            Some(("s", source)) => event.source = source,
            Some(("k", key)) => event.aggregation_key = key,
            _ => {
                if let Some(tags) = field.strip_prefix('#') {
                    event.tags = Tags(tags);
                }
            }
        }
    }
    Ok(event)
}

/// Parses `_sc|NAME|STATUS|...`. A message is last and can hold any character.
fn check(line: &str) -> Result<Check<'_>, &'static str> {
    let mut parts = line[4..].splitn(3, '|');
    let name = parts.next().filter(|name| !name.is_empty()).ok_or("a service check has no name")?;
    let status = parts.next().and_then(|status| status.parse().ok()).filter(|status| *status <= 3);
    let mut check = Check {
        name,
        status: status.ok_or("a service check has no status from 0 to 3")?,
        ..Check::default()
    };
    let mut rest = parts.next().unwrap_or_default();
    while !rest.is_empty() {
        if let Some(message) = rest.strip_prefix("m:") {
            check.message = message;
            break;
        }
        let (field, more) = rest.split_once('|').unwrap_or((rest, ""));
        match field.split_once(':') {
            Some(("d", time)) => check.timestamp = time.parse().ok(),
            Some(("h", host)) => check.host = host,
            _ => {
                if let Some(tags) = field.strip_prefix('#') {
                    check.tags = Tags(tags);
                }
            }
        }
        rest = more;
    }
    Ok(check)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Metric<'_> {
        match parse(line) {
            Ok(Line::Metrics(mut packed)) => packed.next().unwrap().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn metrics_of_every_dialect() {
        assert_eq!(read("gorets:1|c").kind, Kind::Counter);
        let sampled = read("gorets:1|c|@0.1");
        assert_eq!((sampled.rate, sampled.extended), (0.1, false));
        let tagged = read(
            "page.views:1:2:32|d|@0.5|#env:prod,canary,url:http://x:80/|c:83c0a99c0a54|T1656581400|e:it-1",
        );
        assert_eq!(
            (tagged.kind, tagged.values, tagged.timestamp),
            (Kind::Distribution, "1:2:32", Some(1_656_581_400))
        );
        let tags: Vec<_> = tagged.tags.pairs().collect();
        assert_eq!(tags, [("env", "prod"), ("canary", "true"), ("url", "http://x:80/")]);
        assert_eq!(read("users:eve@x.org|s").values, "eve@x.org");
        assert!(read("g:-5|g|#a").extended && !read("g:-5|g").extended);
        for line in [
            "x,room=a,floor=2:1|c",
            "x;room=a;floor=2:1|c",
            "x[room=a,floor=2]:1|c",
            "x#room=a,floor=2:1|c",
            "x,room=a:1|c|#floor:2",
        ] {
            let named = read(line);
            let tags: Vec<_> = named.all_tags().collect();
            assert_eq!((&*named.name, tags), ("x", vec![("room", "a"), ("floor", "2")]), "{line}");
            assert!(line.contains("|#") || !named.extended, "a sign in front of a gauge is a change here");
        }
        for name in ["a,b", "a[0]", "a;", "a#b"] {
            assert_eq!(read(&format!("{name}:1|c")).name, name);
        }
        let inside = read("api.[url=http://x:80/]count:1|c");
        assert_eq!((&*inside.name, inside.name_tags), ("api.count", "url=http://x:80/"));
    }

    #[test]
    fn etsy_packs_metrics_of_one_name() {
        let packed = |line| match parse(line) {
            Ok(Line::Metrics(packed)) => packed.collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let metrics: Vec<_> = packed("glork[room=a]:320|ms|@0.5:7|c:-2|g:1:2|d|#env:x")
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let seen: Vec<_> =
            metrics.iter().map(|one| (&*one.name, one.kind, one.values, one.rate, one.tags.0)).collect();
        assert_eq!(
            seen,
            [
                ("glork", Kind::Timer, "320", 0.5, ""),
                ("glork", Kind::Counter, "7", 1.0, ""),
                ("glork", Kind::Gauge, "-2", 1.0, ""),
                ("glork", Kind::Distribution, "1:2", 1.0, "env:x"),
            ]
        );
        assert!(metrics.iter().all(|one| one.all_tags().next() == Some(("room", "a"))));
        assert!(packed("glork:1|c:2")[1].is_err());
        let broken = packed("glork:1|q:2|c");
        assert!(broken[0].is_err() && broken[1].is_ok(), "one by one");
        assert_eq!(packed("glork:1|c|@0.1|#a:b|c:id").len(), 1, "colons of tags pack nothing");
    }

    #[test]
    fn events_and_checks() {
        let Ok(Line::Event(event)) =
            parse("_e{5,9}:Title|Te|xt: ok|d:7|h:box|t:error|p:low|#env:dev,a|k:key|s:src")
        else {
            panic!()
        };
        assert_eq!((event.title, event.text, event.timestamp), ("Title", "Te|xt: ok", Some(7)));
        assert_eq!((event.alert_type, event.host, event.tags), ("error", "box", Tags("env:dev,a")));
        let Ok(Line::Check(check)) = parse("_sc|redis|2|d:9|#env:dev|m:it is | down") else { panic!() };
        assert_eq!((check.name, check.status, check.message), ("redis", 2, "it is | down"));
        assert_eq!((check.timestamp, check.tags), (Some(9), Tags("env:dev")));
    }

    #[test]
    fn malformed_lines_fail_with_a_reason() {
        for line in [
            "",
            "x",
            ":1|c",
            "x:1",
            "x:|c",
            "x:1|",
            "x:1|q",
            ",a=b:1|c",
            "[a=b]:1|c",
            "x:1|c|@0",
            "x:1|c|@2",
            "x:1|c|@x",
            "x:1|g|Tx",
            "_e{",
            "_e{1}:a",
            "_e{1,1}:ab",
            "_e{99,1}:a|b",
            "_e{0,1}:|b",
            "_e{1,1}:a|bc",
            "_e{2,1}:ä|b|",
            "_e{1,1}:ä|b",
            "_sc|",
            "_sc|x",
            "_sc|x|4",
            "_sc||1",
        ] {
            match parse(line) {
                Ok(Line::Event(event)) => assert_eq!(event.title, "ä", "{line}"),
                Ok(Line::Metrics(mut packed)) => assert!(packed.next().unwrap().is_err(), "{line}"),
                Ok(other) => panic!("{line}: {other:?}"),
                Err(reason) => assert!(!reason.is_empty()),
            }
        }
        assert!(parse(&format!("{}:1|c", "ä".repeat(400))).is_err());
    }
}
