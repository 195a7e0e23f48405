//! Rate limits, time and pagination in the headers of Sentry's responses.

use std::time::Duration;

use chrono::DateTime;
use model::Timestamp;
use reqwest::header::{DATE, HeaderMap, LINK, RETRY_AFTER};

/// Maximum pause; a longer one is a mistake of the server.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The rate limits in one response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Limits {
    /// Remaining requests to this endpoint in the current window.
    pub(crate) remaining: Option<i64>,
    /// Remaining concurrent requests.
    pub(crate) concurrent_remaining: Option<i64>,
    /// Time until the next window.
    pub(crate) reset: Option<Duration>,
    /// Pause that the server requests.
    pub(crate) retry_after: Option<Duration>,
}

impl Limits {
    /// Reads the headers of a response; `server_now` is the time of the server.
    pub(crate) fn read(headers: &HeaderMap, server_now: Timestamp) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let until = |seconds: f64| {
            let wait = Duration::try_from_secs_f64((seconds - server_now.seconds()).max(0.0)).ok()?;
            Some(wait.min(MAX_WAIT))
        };
        let reset = headers
            .get("x-sentry-rate-limit-reset")
            .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
            .and_then(until);
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| {
            let text = value.to_str().ok()?.trim();
            match text.parse::<f64>() {
                Ok(seconds) => Some(Duration::try_from_secs_f64(seconds.max(0.0)).ok()?.min(MAX_WAIT)),
                Err(_) => until(DateTime::parse_from_rfc2822(text).ok()?.timestamp() as f64),
            }
        });
        Self {
            remaining: number("x-sentry-rate-limit-remaining"),
            concurrent_remaining: number("x-sentry-rate-limit-concurrentremaining"),
            reset,
            retry_after,
        }
    }
}

/// Returns the time of the server from the response, rounded down to seconds.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    let date = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(Timestamp(date.timestamp_nanos_opt()?))
}

/// Returns the cursor of the next page, none on the last. The `Link` header always names a next
/// page; `results="true"` says that it has content.
pub(crate) fn next_cursor(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    // The URL in <…> may contain commas.
    links.flat_map(|text| text.split('<')).filter_map(|link| link.split_once('>')).find_map(
        |(_, parameters)| {
            let value = |name: &str| {
                parameters.split(';').find_map(|part| {
                    let (key, value) = part.trim().trim_end_matches(',').trim_end().split_once('=')?;
                    (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
                })
            };
            let is_next = value("rel")? == "next" && value("results")? == "true";
            value("cursor").filter(|cursor| is_next && !cursor.is_empty())
        },
    )
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
        });
        pairs.collect()
    }

    #[test]
    fn limits_are_read_against_the_clock_of_the_server() {
        let now = Timestamp::from_seconds(1_700_000_000.0);
        let response = headers(&[
            ("X-Sentry-Rate-Limit-Remaining", "0"),
            ("X-Sentry-Rate-Limit-Reset", "1700000007"),
            ("X-Sentry-Rate-Limit-ConcurrentRemaining", "24"),
        ]);
        let limits = Limits::read(&response, now);
        assert_eq!((limits.remaining, limits.concurrent_remaining), (Some(0), Some(24)));
        assert_eq!(limits.reset, Some(Duration::from_secs(7)));
        let wait = |text| Limits::read(&headers(&[("Retry-After", text)]), now).retry_after;
        assert_eq!(wait("3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("Tue, 14 Nov 2023 22:13:25 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(wait("Tue, 14 Nov 2017 22:13:25 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("1e300"), None);
        assert_eq!(wait("999999999"), Some(MAX_WAIT));
        assert_eq!(wait("-5"), Some(Duration::ZERO));
        assert_eq!(wait("NaN"), Some(Duration::ZERO));
    }

    #[test]
    fn the_next_page_is_only_one_that_has_results() {
        let link = |next: &str| {
            format!(
                "<https://s/api/0/x/?a=1,2&cursor=0:0:1>; rel=\"previous\"; results=\"false\"; cursor=\"0:0:1\", \
                 <https://s/api/0/x/?cursor=0:100:0>; rel=\"next\"; results=\"{next}\"; cursor=\"0:100:0\""
            )
        };
        let read = |text: &str| next_cursor(&headers(&[("Link", text)]));
        assert_eq!(read(&link("true")).as_deref(), Some("0:100:0"));
        assert_eq!(read(&link("false")), None);
        assert_eq!(next_cursor(&HeaderMap::new()), None);
        for broken in ["", "<", ">;;;==", "<x>; rel=next", "<x>; rel=\"next\"; results=\"true\"; cursor=\"\""]
        {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
