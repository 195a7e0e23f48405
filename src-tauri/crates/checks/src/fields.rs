//! Rules for single fields of a check.

use crate::error::CheckError;

/// Fails with `message` unless the condition holds.
pub(crate) fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), CheckError> {
    if holds { Ok(()) } else { Err(CheckError::Invalid(message())) }
}

/// Fails unless `value` is `min` to `max`. The error names the `field` and the `unit`.
pub(crate) fn require_within(
    field: &str,
    value: u32,
    min: u32,
    max: u32,
    unit: &str,
) -> Result<(), CheckError> {
    require((min..=max).contains(&value), || format!("the {field} must be {min} to {max}{unit}, not {value}"))
}

/// Fails unless `host` can be a host name or an address and `port` a port.
pub(crate) fn require_address(host: &str, port: u16) -> Result<(), CheckError> {
    require_host("host", host)?;
    require(port != 0, || "the port must be 1 to 65535".to_owned())
}

/// Fails unless `host` can be a host name or an address. The error never repeats text before an
/// `@`.
pub(crate) fn require_host(field: &str, host: &str) -> Result<(), CheckError> {
    require(!host.is_empty(), || format!("the {field} is empty"))?;
    let unfit = |character: char| character.is_whitespace() || character.is_control() || character == '@';
    require(!host.contains(unfit) && !host.contains("://"), || {
        let shown = host.rsplit('@').next().unwrap_or_default();
        format!("the {field} {shown:?} is not a host name or an address")
    })
}
