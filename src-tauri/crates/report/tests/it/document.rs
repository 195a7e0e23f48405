//! The page: well-formed, escaped, and with notes about missing data.

use model::{ReportRequest, TimeRange, Timestamp};
use report::{ReportData, render};

use crate::{
    page_text::{self, parsed},
    shop,
};

fn empty() -> ReportData {
    let range = TimeRange::last(3600, Timestamp::from_seconds(1.79e9));
    ReportData {
        request: ReportRequest {
            title: "No data yet".into(),
            range,
            services: vec!["absent".into()],
            utc_offset_minutes: 60,
        },
        created_at: range.end,
        before: TimeRange::new(range.start.offset(-range.length()), range.start),
        services: Vec::new(),
        silent_services: vec!["absent".into()],
        checks: Vec::new(),
        transitions: Vec::new(),
        host_metrics: Vec::new(),
        logs: Vec::new(),
        gaps: Vec::new(),
        first_ran: None,
    }
}

fn text_of(page: &str) -> String {
    page_text::texts(page).concat()
}

#[test]
fn an_empty_range_says_so() {
    let page = render(&empty());
    let text = text_of(&page);
    for sentence in [
        "No requests were received in this range.",
        "No data from absent in this range.",
        "There are no health checks.",
        "No alert fired in this range.",
        "No log records were received in this range.",
        "Methods",
        "UTC+01:00",
    ] {
        assert!(text.contains(sentence), "{sentence} in {text}");
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn times_before_the_first_start_are_not_observed() {
    let mut data = empty();
    assert!(text_of(&render(&data)).contains("without a gap"));
    let first = data.request.range.start.offset(1800 * 1_000_000_000);
    data.first_ran = Some(first);
    for gaps in [Vec::new(), shop::data().gaps] {
        data.gaps = gaps;
        let text = text_of(&render(&data));
        assert!(!text.contains("without a gap"));
        assert!(
            text.contains("Binnacle was first started on")
                && text.contains("was not running for the first 30 min"),
            "{text}"
        );
    }
    data.first_ran = Some(data.request.range.start);
    assert!(!text_of(&render(&data)).contains("first started"));
}

#[test]
fn hostile_names_remain_text() {
    let hostile = "</style><script>alert('x')</script>\u{0}\u{202e}&\"";
    let mut data = shop::data();
    data.request.title = hostile.into();
    data.silent_services = vec![hostile.into()];
    for service in &mut data.services {
        service.summary.service = hostile.into();
        service.summary.reason = hostile.into();
        for operation in service.detail.iter_mut().flat_map(|detail| &mut detail.operations) {
            operation.name = hostile.into();
        }
    }
    for check in &mut data.checks {
        check.check.name = hostile.into();
        for incident in &mut check.incidents {
            incident.message = hostile.into();
        }
    }
    for transition in &mut data.transitions {
        transition.rule_name = hostile.into();
        transition.reason = hostile.into();
        transition.labels.insert(hostile.into(), hostile.into());
    }
    for log in &mut data.logs {
        log.0 = hostile.into();
    }
    let page = render(&data);
    let document = parsed(&page);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("script")).count(), 0);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("style")).count(), 1);
    assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'));
}

#[test]
fn the_page_loads_and_allows_no_other_resource() {
    let page = render(&shop::data());
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
    let data = shop::data();
    let page = render(&data);
    let text = text_of(&page);
    for service in &data.services {
        assert!(text.contains(&service.summary.service));
        let p95 = service.summary.p95.unwrap() as f64;
        assert!(text.contains(&analysis::figures::format(p95, "ns")), "p95 of {}", service.summary.service);
    }
    assert!(text.contains("the machine was asleep") && text.contains("did not observe"));
    assert!(page.matches("class=\"gap\"").count() >= 3, "one in each chart");
    assert_eq!(render(&data), page, "the same data give the same page");
}

#[test]
fn the_text_of_the_page_is_the_recorded_one() {
    expect_test::expect_file!["snapshots/shop.txt"].assert_eq(&page_text::snapshot(&render(&shop::data())));
    expect_test::expect_file!["snapshots/empty.txt"].assert_eq(&page_text::snapshot(&render(&empty())));
}
