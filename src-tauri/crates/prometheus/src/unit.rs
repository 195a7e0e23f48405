//! Units of scraped families in UCUM.

use model::prometheus::unit_of_family;

/// Returns the unit of a family in UCUM: the declared unit, or the one at the end of its name.
/// A declared unit without a UCUM word stays as it is.
pub(crate) fn unit_of(family: &str, declared: Option<&str>) -> String {
    match declared {
        Some(unit) if !unit.is_empty() => match unit_of_family(&format!("_{unit}")) {
            "" => unit.to_owned(),
            ucum => ucum.to_owned(),
        },
        _ => unit_of_family(family).to_owned(),
    }
}
