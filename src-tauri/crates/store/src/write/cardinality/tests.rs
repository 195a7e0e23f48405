//! Tests of the limits on the number and size of series.

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

fn admit(limiter: &mut CardinalityLimiter, service: &str, label: &str, value: i64) -> bool {
    let attributes = Attributes::new().with("route", "/cart").with(label, value);
    match limiter.admit(&Resource::service_named(service), &attributes, false, "otlp_grpc") {
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
        label_bytes: 10_000,
        resources: 3,
        label_set_bytes: 1_000,
        ..CardinalityLimits::default()
    });
    let resource = |number: i64| Resource { attributes: Attributes::new().with("pod", number) };
    let admitted = (0..9).filter(|number| limiter.admit_resource(&resource(*number), "x").is_ok()).count();
    assert_eq!(admitted, 3);
    let series = |number: i64| Attributes::new().with("id", format!("{number:0>5000}"));
    let admitted =
        (0..99).filter(|number| limiter.admit(&resource(0), &series(*number), false, "x").is_ok()).count();
    assert_eq!(admitted, 9, "each is cut to 1,000 bytes");
    limiter.roll_back();
    assert!(limiter.admit_resource(&resource(7), "x").is_ok());
    let limits: Vec<CardinalityLimit> = limiter.dropped().iter().map(|dropped| dropped.limit).collect();
    assert_eq!(limits, [CardinalityLimit::Resources, CardinalityLimit::LabelBytes]);
}

#[test]
fn deleted_series_make_space() {
    let mut limiter = limiter(100, 100, 1);
    assert!(admit(&mut limiter, "shop", "user.id", 1));
    limiter.settle();
    assert!(!admit(&mut limiter, "shop", "user.id", 2));
    limiter.recount([], []);
    assert!(admit(&mut limiter, "shop", "user.id", 2));
}
