//! The alert state machine, case by case and under random values.

use alerts::{
    AlertRule, MetricSource, NoDataPolicy, Observation, end_all, evaluate, fingerprint, unobserved,
};
use model::{Aggregation, Alert, AlertSeverity, AlertState, Comparator, Labels, NANOS_PER_SECOND, Timestamp};
use proptest::prelude::*;

fn rule(for_seconds: u32, no_data: NoDataPolicy) -> AlertRule {
    AlertRule {
        id: "r".into(),
        name: "Slow".into(),
        enabled: true,
        severity: AlertSeverity::Warning,
        source: MetricSource {
            metric: "m".into(),
            matchers: vec![],
            aggregation: Aggregation::P95,
            group_by: vec!["service".into()],
            window_seconds: 60,
        }
        .into(),
        comparator: Comparator::Above,
        threshold: 10.0,
        resolve_threshold: None,
        for_seconds,
        interval_seconds: 10,
        no_data,
        notify: true,
    }
}

fn labels(service: &str) -> Labels {
    Labels::from([("service".to_owned(), service.to_owned())])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp((1_700_000_000 + seconds) * NANOS_PER_SECOND)
}

/// Evaluates (second, value of service a) one after the other: the state after each.
fn run(rule: &AlertRule, steps: &[(i64, Option<f64>)]) -> Vec<AlertState> {
    let mut alerts: Vec<Alert> = Vec::new();
    steps
        .iter()
        .map(|(second, value)| {
            let values: Vec<_> = value.iter().map(|value| (labels("a"), *value)).collect();
            alerts = evaluate(rule, &Observation::complete(values, "s"), &alerts, at(*second)).0;
            alerts.iter().find(|alert| alert.labels == labels("a")).map_or(AlertState::Inactive, |a| a.state)
        })
        .collect()
}

use AlertState::{Firing, Inactive, Pending};

#[test]
fn an_alert_is_pending_until_the_condition_has_held_and_resolves_at_once() {
    let steps = [(0, Some(11.0)), (10, Some(12.0)), (20, Some(12.0)), (30, Some(9.0)), (40, Some(11.0))];
    assert_eq!(run(&rule(20, NoDataPolicy::Resolve), &steps), [Pending, Pending, Firing, Inactive, Pending]);
}

#[test]
fn a_value_below_the_threshold_restarts_for() {
    let steps = [(0, Some(11.0)), (10, Some(9.0)), (20, Some(11.0)), (30, Some(11.0)), (40, Some(11.0))];
    assert_eq!(run(&rule(20, NoDataPolicy::Resolve), &steps), [Pending, Inactive, Pending, Pending, Firing]);
}

#[test]
fn without_for_an_alert_fires_at_once_and_a_short_for_waits_for_the_next_evaluation() {
    assert_eq!(run(&rule(0, NoDataPolicy::Resolve), &[(0, Some(11.0))]), [Firing]);
    assert_eq!(run(&rule(5, NoDataPolicy::Resolve), &[(0, Some(11.0)), (10, Some(11.0))]), [Pending, Firing]);
}

#[test]
fn no_data_mean_what_the_rule_says() {
    let steps = [(0, Some(11.0)), (10, Some(11.0)), (20, None), (30, None), (40, Some(11.0))];
    assert_eq!(run(&rule(10, NoDataPolicy::Resolve), &steps), [Pending, Firing, Inactive, Inactive, Pending]);
    assert_eq!(run(&rule(10, NoDataPolicy::KeepState), &steps), [Pending, Firing, Firing, Firing, Firing]);
    let calm = [(0, Some(1.0)), (10, None), (20, None), (30, Some(1.0))];
    assert_eq!(run(&rule(10, NoDataPolicy::Fire), &calm), [Inactive, Pending, Firing, Inactive]);
}

#[test]
fn time_without_data_does_not_count_towards_for() {
    let steps = [(0, Some(11.0)), (10, None), (20, None), (30, Some(11.0)), (40, Some(11.0))];
    assert_eq!(run(&rule(20, NoDataPolicy::KeepState), &steps), [Pending, Pending, Pending, Pending, Firing]);
}

#[test]
fn no_data_at_all_fires_without_labels_and_ends_with_the_first_value() {
    let rule = rule(0, NoDataPolicy::Fire);
    let (alerts, _) = evaluate(&rule, &Observation::complete(vec![], ""), &[], at(0));
    assert_eq!((alerts[0].labels.clone(), alerts[0].state), (Labels::new(), Firing));
    let (alerts, transitions) =
        evaluate(&rule, &Observation::complete(vec![(labels("a"), 1.0)], ""), &alerts, at(10));
    assert!(alerts.iter().all(|alert| alert.state == Inactive));
    assert_eq!(transitions.len(), 1);
}

#[test]
fn a_firing_alert_resolves_against_its_own_threshold() {
    let rule = AlertRule { resolve_threshold: Some(5.0), ..rule(0, NoDataPolicy::Resolve) };
    let steps = [(0, Some(7.0)), (10, Some(11.0)), (20, Some(7.0)), (30, Some(4.0)), (40, Some(7.0))];
    assert_eq!(run(&rule, &steps), [Inactive, Firing, Firing, Inactive, Inactive]);
}

#[test]
fn sleep_does_not_count_towards_for() {
    let steps = [(0, Some(11.0)), (10, Some(11.0)), (7210, Some(11.0)), (7220, Some(11.0))];
    assert_eq!(run(&rule(30, NoDataPolicy::Resolve), &steps), [Pending, Pending, Pending, Firing]);
    assert_eq!(unobserved(at(0), at(30), 10), 0);
    assert_eq!(unobserved(at(0), at(100), 10), 90 * NANOS_PER_SECOND);
}

#[test]
fn a_clock_set_back_keeps_the_state() {
    let steps = [(1000, Some(11.0)), (0, Some(11.0)), (10, Some(11.0))];
    assert_eq!(run(&rule(10, NoDataPolicy::Resolve), &steps), [Pending, Pending, Firing]);
    let steps = [(1000, Some(11.0)), (1010, Some(11.0)), (0, Some(11.0)), (10, Some(1.0))];
    assert_eq!(run(&rule(10, NoDataPolicy::Resolve), &steps), [Pending, Firing, Firing, Inactive]);
}

#[test]
fn infinities_are_compared_and_no_condition_holds_for_nan() {
    let steps = [(0, Some(11.0)), (10, Some(f64::NAN)), (20, Some(f64::INFINITY))];
    for no_data in [NoDataPolicy::KeepState, NoDataPolicy::Fire, NoDataPolicy::Resolve] {
        assert_eq!(run(&rule(0, no_data), &steps), [Firing, Inactive, Firing]);
    }
    let rule = rule(0, NoDataPolicy::Resolve);
    let observe = |value| Observation::complete(vec![(labels("a"), value)], "s");
    let (alerts, _) = evaluate(&rule, &observe(f64::INFINITY), &[], at(0));
    let (_, transitions) = evaluate(&rule, &observe(f64::NAN), &alerts, at(10));
    assert_eq!(transitions[0].reason, "p95 NaN");
}

#[test]
fn label_sets_have_separate_alerts_and_transitions_a_reason() {
    let rule = rule(0, NoDataPolicy::Resolve);
    let values = [(labels("a"), 1.24), (labels("b"), 12.5)];
    let (alerts, transitions) = evaluate(&rule, &Observation::complete(values.to_vec(), "s"), &[], at(0));
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].fingerprint, fingerprint("r", &labels("b")));
    assert_ne!(fingerprint("r", &labels("a")), fingerprint("q", &labels("a")));
    assert_eq!(transitions[0].reason, "p95 12.5 s, threshold 10 s");
    let (alerts, transitions) =
        evaluate(&rule, &Observation::complete(vec![(labels("b"), 2.0)], "s"), &alerts, at(10));
    assert_eq!(alerts[0].resolved_at, Some(at(10)));
    assert_eq!(transitions[0].reason, "p95 2 s, back below 10 s");
}

#[test]
fn a_new_firing_is_not_acknowledged() {
    let rule = rule(0, NoDataPolicy::Resolve);
    let (mut alerts, _) = evaluate(&rule, &Observation::complete(vec![(labels("a"), 11.0)], ""), &[], at(0));
    alerts[0].acknowledged_at = Some(at(1));
    let (alerts, _) = evaluate(&rule, &Observation::complete(vec![(labels("a"), 11.0)], ""), &alerts, at(10));
    assert_eq!(alerts[0].acknowledged_at, Some(at(1)));
    let (alerts, _) = evaluate(&rule, &Observation::complete(vec![(labels("a"), 1.0)], ""), &alerts, at(20));
    let (alerts, _) = evaluate(&rule, &Observation::complete(vec![(labels("a"), 11.0)], ""), &alerts, at(30));
    assert_eq!((alerts[0].acknowledged_at, alerts[0].fired_at), (None, Some(at(30))));
}

#[test]
fn disabling_a_rule_ends_its_alerts() {
    let rule = rule(0, NoDataPolicy::Resolve);
    let (alerts, _) = evaluate(&rule, &Observation::complete(vec![(labels("a"), 11.0)], ""), &[], at(0));
    let (ended, transitions) = end_all(&alerts, at(5), "the rule was disabled");
    assert_eq!((ended[0].state, ended[0].resolved_at), (Inactive, Some(at(5))));
    assert_eq!((transitions[0].from, transitions[0].to), (Firing, Inactive));
    assert!(end_all(&ended, at(6), "again").0.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// For any values and gaps between evaluations, a firing alert's condition held at every
    /// evaluation for `for_seconds`, with unobserved time not counted. No alert fires twice without
    /// resolving in between.
    #[test]
    fn a_firing_alert_met_its_condition_for_long_enough(
        for_seconds in 0_u32..60,
        missing in prop_oneof![Just(NoDataPolicy::Resolve), Just(NoDataPolicy::KeepState)],
        steps in proptest::collection::vec(
            (prop_oneof![8 => Just(10_i64), 1 => 11_i64..30, 1 => 100_i64..100_000], proptest::option::weighted(0.9, 0.0_f64..20.0)),
            1..60,
        ),
    ) {
        let rule = rule(for_seconds, missing);
        let mut alerts: Vec<Alert> = Vec::new();
        let (mut second, mut held, mut holding, mut firing) = (0, 0, false, false);
        for (gap, value) in steps {
            second += gap;
            let observed = if gap > 30 { 10 } else { gap };
            match value {
                Some(value) if value > 10.0 => {
                    held += if holding { observed } else { 0 };
                    holding = true;
                }
                Some(_) => (held, holding) = (0, false),
                None if missing == NoDataPolicy::Resolve => (held, holding) = (0, false),
                None => {}
            }
            let values: Vec<_> = value.iter().map(|value| (labels("a"), *value)).collect();
            let (next, transitions) = evaluate(&rule, &Observation::complete(values, ""), &alerts, at(second));
            alerts = next;
            for transition in transitions {
                if transition.to == Firing {
                    prop_assert!(!firing, "fired twice");
                    prop_assert!(holding && held >= i64::from(for_seconds), "held {held} of {for_seconds} s");
                }
                firing = transition.to == Firing;
            }
        }
    }
}

#[test]
fn an_alert_does_not_change_on_a_value_that_the_observed_part_contradicts() {
    let rule = rule(0, NoDataPolicy::Resolve);
    let evaluate = |value: f64, observed: f64, alerts: &[Alert], second| {
        let observation = Observation {
            values: vec![(labels("a"), value)],
            observed: vec![(labels("a"), observed)],
            unit: String::new(),
        };
        evaluate(&rule, &observation, alerts, at(second)).0
    };
    assert!(evaluate(9.0, 11.0, &[], 0).iter().all(|alert| alert.state == Inactive));
    assert!(evaluate(11.0, 9.0, &[], 0).iter().all(|alert| alert.state == Inactive));
    let firing = evaluate(11.0, 12.0, &[], 0);
    assert_eq!(firing[0].state, Firing);
    assert_eq!(evaluate(9.0, 12.0, &firing, 10)[0].state, Firing);
    assert_eq!(evaluate(8.0, 9.0, &firing, 10)[0].state, Inactive);
}

#[test]
fn an_infinite_value_is_above_every_threshold() {
    let rule = rule(0, NoDataPolicy::Resolve);
    let steps = [(0, Some(11.0)), (10, Some(f64::INFINITY)), (20, Some(f64::NEG_INFINITY))];
    assert_eq!(run(&rule, &steps), [Firing, Firing, Inactive]);
}
