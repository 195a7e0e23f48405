//! Tests of the limits on the number and size of series.

use std::sync::Arc;

use super::*;

fn limiter(total: u64, per_service: u64, values_per_label: u64) -> CardinalityLimiter {
    let mut limiter = CardinalityLimiter::default();
    limiter.set_limits(CardinalityLimits {
        total,
        per_service,
        values_per_label,
        ..CardinalityLimits::default()
    });
    limiter
}

fn series(name: &str, service: &str, attributes: &Attributes) -> Series {
    Series::gauge(name, "", Arc::new(Resource::service_named(service)), attributes.clone())
}

fn admit(limiter: &mut CardinalityLimiter, service: &str, label: &str, value: i64) -> bool {
    let attributes = Attributes::new().with("route", "/cart").with(label, value);
    match limiter.admit(&series("metric", service, &attributes), &attributes, false, "otlp_grpc") {
        Ok(()) => true,
        Err(rejection) => {
            limiter.count_points(rejection, 1);
            false
        }
    }
}

#[test]
fn a_label_with_too_many_values_is_named_and_harms_no_other() {
    let mut limiter = limiter(1_000_000, 1_000_000, 100);
    let accepted = (0..5_000).filter(|value| admit(&mut limiter, "shop", "user.id", *value)).count();
    assert_eq!(accepted, 100);
    assert!(admit(&mut limiter, "shop", "user.id", 50), "another series with an accepted value");
    assert!(admit(&mut limiter, "shop", "pod", 1), "another label of the service");
    assert!(admit(&mut limiter, "billing", "user.id", 4_000), "another service");
    let dropped = limiter.dropped();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    let one = &dropped[0];
    assert_eq!((one.service.as_str(), one.label.as_str()), ("shop", "user.id"));
    assert_eq!((one.source.as_str(), one.allowed, one.points), ("otlp_grpc", 100, 4_900));
    assert!((4_700..5_300).contains(&one.values), "about 5,000: {}", one.values);
    assert!(one.to_string().contains("\"user.id\" of service \"shop\""), "{one}");
}

#[test]
fn a_service_with_too_many_series_names_its_widest_label() {
    let mut limiter = limiter(1_000_000, 30, 1_000);
    for value in 0..40 {
        admit(&mut limiter, "shop", "pod", value);
    }
    let dropped = limiter.dropped();
    assert_eq!(dropped[0].limit, CardinalityLimit::PerService);
    assert_eq!((dropped[0].label.as_str(), dropped[0].points), ("pod", 10));
    assert_eq!(dropped[0].values, 40);
}

#[test]
fn exploding_service_names_meet_the_limit_of_all_services() {
    let mut limiter = limiter(50, 10, 10);
    let accepted = (0..500).filter(|n| admit(&mut limiter, &format!("service-{n}"), "pod", 1)).count();
    assert_eq!(accepted, 50);
    let dropped = limiter.dropped();
    assert_eq!(dropped.len(), 1, "reported once, however many services");
    assert_eq!((dropped[0].label.as_str(), dropped[0].points), (SERVICE, 450));
    assert!((470..530).contains(&dropped[0].values), "about 500: {}", dropped[0].values);
}

#[test]
fn series_of_a_failed_group_are_not_counted() {
    let mut limiter = limiter(100, 100, 10);
    for value in 0..10 {
        assert!(admit(&mut limiter, "shop", "user.id", value));
    }
    assert!(!admit(&mut limiter, "shop", "user.id", 10));
    limiter.roll_back();
    for value in 20..30 {
        assert!(admit(&mut limiter, "shop", "user.id", value), "{value}");
    }
    limiter.settle();
    limiter.roll_back();
    assert!(!admit(&mut limiter, "shop", "user.id", 30), "committed series are still counted");
}

#[test]
fn bytes_of_labels_and_resources_are_limited() {
    let mut limiter = CardinalityLimiter::default();
    limiter.set_limits(CardinalityLimits {
        label_bytes: 103_000,
        resources: 3,
        label_set_bytes: 10_000,
        ..CardinalityLimits::default()
    });
    let resource = |number: i64| Resource { attributes: Attributes::new().with("pod", number) };
    let admitted = (0..9).filter(|number| limiter.admit_resource(&resource(*number), "x").is_ok()).count();
    assert_eq!(admitted, 3);
    let attributes = |number: i64| Attributes::new().with("id", format!("{number:0>9900}"));
    let admit = |limiter: &mut CardinalityLimiter, number: i64| {
        let attributes = attributes(number);
        limiter.admit(&series("metric", "shop", &attributes), &attributes, false, "x").is_ok()
    };
    assert_eq!((0..99).filter(|number| admit(&mut limiter, *number)).count(), 10);
    limiter.roll_back();
    assert!(limiter.admit_resource(&resource(7), "x").is_ok());
    let limits: Vec<CardinalityLimit> = limiter.dropped().iter().map(|dropped| dropped.limit).collect();
    assert_eq!(limits, [CardinalityLimit::Resources, CardinalityLimit::LabelBytes]);
}

/// Whatever is long and differs in each series counts.
#[test]
fn every_text_of_a_series_is_bounded() {
    let long = |number: usize| format!("{number:0>3000}");
    type Change = fn(&mut Series, String);
    let changes: [(&str, Change); 7] = [
        ("name", |series, text| series.name = text),
        ("unit", |series, text| series.unit = text),
        ("description", |series, text| series.description = text),
        ("scope", |series, text| Arc::make_mut(&mut series.scope).name = text),
        ("version", |series, text| Arc::make_mut(&mut series.scope).version = text),
        ("service", |series, text| series.resource = Arc::new(Resource::service_named(&text))),
        ("label", |series, text| series.attributes = Attributes::new().with(&text, 1)),
    ];
    for (changed, change) in changes {
        let mut limiter = CardinalityLimiter::default();
        limiter.set_limits(CardinalityLimits { label_bytes: 400_000, ..CardinalityLimits::default() });
        let admitted = (0..1_000).filter(|number| {
            let mut one = series("metric", "shop", &Attributes::new());
            change(&mut one, long(*number));
            let attributes = one.attributes.clone();
            limiter.admit(&one, &attributes, false, "otlp_grpc").is_ok()
        });
        let admitted = admitted.count();
        assert!((14..=34).contains(&admitted), "{changed}: {admitted} of 3,000 bytes in 100,000");
        let dropped = limiter.dropped();
        assert_eq!(
            (dropped[0].limit, dropped[0].allowed),
            (CardinalityLimit::NameBytes, 100_000),
            "{changed}"
        );
        assert!(dropped[0].to_string().contains("names and descriptions"), "{}", dropped[0]);
    }
}

#[test]
fn a_shared_description_counts_once() {
    let mut limiter = CardinalityLimiter::default();
    limiter.set_limits(CardinalityLimits { label_bytes: 400_000, ..CardinalityLimits::default() });
    for number in 0..2_000 {
        let attributes = Attributes::new().with("id", number);
        let mut one = series("metric", "shop", &attributes);
        one.description = "x".repeat(3_000);
        assert!(limiter.admit(&one, &attributes, false, "").is_ok(), "{number}");
        if number % 2 == 0 {
            limiter.settle();
        }
    }
}

#[test]
fn deleted_series_make_space() {
    let mut limiter = limiter(100, 100, 1);
    assert!(admit(&mut limiter, "shop", "user.id", 1));
    limiter.settle();
    assert!(!admit(&mut limiter, "shop", "user.id", 2));
    limiter.recount(Counted::default());
    assert!(admit(&mut limiter, "shop", "user.id", 2));
}
