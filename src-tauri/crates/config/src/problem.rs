//! Values of the right type that a setting does not accept.

/// A value that is not accepted.
pub(crate) struct Problem {
    /// Keys and indexes that lead to the value.
    pub(crate) path: Vec<String>,
    /// Reason, in the words of the error.
    pub(crate) message: String,
}

/// Returns a problem with the value at `path`.
pub(crate) fn problem(path: &[&str], message: String) -> Option<Problem> {
    Some(Problem { path: path.iter().map(|part| (*part).to_owned()).collect(), message })
}

/// Returns a problem if `value` is 0 or above `max`.
pub(crate) fn out_of_bounds(path: &[&str], value: u32, max: u32) -> Option<Problem> {
    let key = path.last().copied().unwrap_or_default();
    if value == 0 { problem(path, format!("{key} must be at least 1")) } else { above(path, value, max) }
}

/// Returns a problem if `value` is above `max`.
pub(crate) fn above(path: &[&str], value: u32, max: u32) -> Option<Problem> {
    let key = path.last().copied().unwrap_or_default();
    if value > max { problem(path, format!("{key} must be at most {max}")) } else { None }
}
