//! Units of aggregated values.

use model::Aggregation;

/// Returns the unit of a metric's values after aggregation.
///
/// A rate is per second, a count has none. The unit `1` and annotations such as `{request}` (UCUM)
/// are omitted before `/s`.
pub(super) fn aggregated_unit(unit: &str, aggregation: Aggregation, histogram: bool) -> String {
    let annotation = unit.starts_with('{') && unit.ends_with('}');
    match aggregation {
        Aggregation::Count => String::new(),
        Aggregation::Increase if histogram => String::new(),
        Aggregation::Rate if histogram || annotation || unit == "1" || unit.is_empty() => "/s".to_owned(),
        Aggregation::Rate => format!("{unit}/s"),
        _ => unit.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second_and_counts_have_no_unit() {
        assert_eq!(aggregated_unit("By", Aggregation::Rate, false), "By/s");
        assert_eq!(aggregated_unit("1", Aggregation::Rate, false), "/s");
        assert_eq!(aggregated_unit("{request}", Aggregation::Rate, false), "/s");
        assert_eq!(aggregated_unit("s", Aggregation::Rate, true), "/s");
        assert_eq!(aggregated_unit("s", Aggregation::Count, true), "");
        assert_eq!(aggregated_unit("s", Aggregation::P95, true), "s");
    }
}
