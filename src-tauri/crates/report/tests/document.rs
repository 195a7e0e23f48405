//! The page itself: well-formed, escaped, honest about what is not there.

mod shop;

use model::{ReportRequest, TimeRange, Timestamp};
use report::{Contents, render};

fn empty() -> Contents {
    let range = TimeRange::last(3600, Timestamp::from_seconds(1.79e9));
    Contents {
        request: ReportRequest {
            title: "Nothing yet".into(),
            range,
            services: vec!["absent".into()],
            utc_offset_minutes: 60,
        },
        made_at: range.end,
        before: TimeRange::new(range.start.offset(-range.length()), range.start),
        services: Vec::new(),
        silent_services: vec!["absent".into()],
        checks: Vec::new(),
        transitions: Vec::new(),
        vitals: Vec::new(),
        logs: Vec::new(),
        gaps: Vec::new(),
        first_ran: None,
    }
}

/// The page parsed as XML, which is stricter than HTML asks for.
fn parsed(page: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}"))
}

fn text_of(page: &str) -> String {
    parsed(page).descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect()
}

#[test]
fn an_empty_range_says_so() {
    let page = render(&empty());
    let text = text_of(&page);
    for sentence in [
        "No requests were received in this range.",
        "Nothing was heard of absent in this range.",
        "No health checks are set up.",
        "No alert fired in this range.",
        "No log records were received in this range.",
        "How these figures were made",
        "UTC+01:00",
    ] {
        assert!(text.contains(sentence), "{sentence} in {text}");
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn what_lies_before_the_first_start_was_not_observed() {
    let mut contents = empty();
    assert!(text_of(&render(&contents)).contains("could look all the time"));
    let first = contents.request.range.start.offset(1800 * 1_000_000_000);
    contents.first_ran = Some(first);
    for gaps in [Vec::new(), shop::contents().gaps] {
        contents.gaps = gaps;
        let text = text_of(&render(&contents));
        assert!(!text.contains("could look all the time"));
        assert!(text.contains("Binnacle first ran on") && text.contains("For the first 30 min"), "{text}");
    }
    contents.first_ran = Some(contents.request.range.start);
    assert!(!text_of(&render(&contents)).contains("first ran"));
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</style><script>alert('x')</script>\u{0}\u{202e}&\"";
    let mut contents = shop::contents();
    contents.request.title = hostile.into();
    contents.silent_services = vec![hostile.into()];
    for service in &mut contents.services {
        service.summary.service = hostile.into();
        service.summary.reason = hostile.into();
        for operation in service.detail.iter_mut().flat_map(|detail| &mut detail.operations) {
            operation.name = hostile.into();
        }
    }
    for check in &mut contents.checks {
        check.check.name = hostile.into();
        for incident in &mut check.incidents {
            incident.message = hostile.into();
        }
    }
    for transition in &mut contents.transitions {
        transition.rule_name = hostile.into();
        transition.reason = hostile.into();
        transition.labels.insert(hostile.into(), hostile.into());
    }
    for log in &mut contents.logs {
        log.0 = hostile.into();
    }
    let page = render(&contents);
    let document = parsed(&page);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("script")).count(), 0);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("style")).count(), 1);
    assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'));
}

#[test]
fn the_page_needs_and_allows_nothing_from_elsewhere() {
    let page = render(&shop::contents());
    let document = parsed(&page);
    let policy = document
        .descendants()
        .find(|node| node.attribute("http-equiv") == Some("Content-Security-Policy"))
        .and_then(|node| node.attribute("content"))
        .unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for node in document.descendants() {
        assert!(
            node.attribute("src").is_none()
                && node.attribute("href").is_none()
                && node.attribute("style").is_none()
        );
        assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on")));
    }
}

#[test]
fn figures_and_gaps_are_drawn() {
    let contents = shop::contents();
    let page = render(&contents);
    let text = text_of(&page);
    for service in &contents.services {
        assert!(text.contains(&service.summary.service));
        let p95 = service.summary.p95.unwrap() as f64;
        assert!(text.contains(&analysis::figures::format(p95, "ns")), "p95 of {}", service.summary.service);
    }
    assert!(text.contains("the machine was asleep") && text.contains("not observe"));
    assert!(page.matches("class=\"gap\"").count() >= 3, "one in each chart");
    assert_eq!(render(&contents), page, "the same contents give the same page");
    if let Some(path) = std::env::var_os("BINNACLE_REPORT_SAMPLE") {
        std::fs::write(path, page).unwrap();
    }
}
