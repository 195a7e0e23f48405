//! The closing section: the methods behind the figures.

use crate::{ReportData, markup::panel, time_format};

/// Renders the explanation of the methods.
pub(crate) fn method(data: &ReportData) -> String {
    let step =
        data.services.iter().find_map(|service| service.detail.as_ref()).map_or_else(String::new, |detail| {
            format!(" Charts have one point per {}.", time_format::duration(detail.step))
        });
    let body = format!(
        r#"<div class="method"><p><b>Requests.</b> A request is a server or consumer span. A service without one is counted by its root spans. Rates are requests divided by the length of the range, including its gaps. A request failed if its span has the status error. Percentiles are computed from all requests of the range or the step, not averaged.{step}</p>
<p><b>Comparison.</b> Durations are compared with those of the preceding {length}, with at most 5,000 requests from each range. A difference is reported only if the Mann–Whitney test finds it (p below 0.05), the 95% interval of the change of the median excludes zero, and the change is at least 1%. It is also reported if p95 alone changed by at least 10% with 99.5% confidence. Intervals are from a block bootstrap, which allows for requests that resemble their neighbours.</p>
<p><b>Trend.</b> The median of all pairwise slopes (Theil–Sen). Its interval is from the variance of Kendall's S, corrected for ties and autocorrelation (Hamed and Rao).</p>
<p><b>Anomalies.</b> The expected value is the median of the preceding values, plus the seasonal component where the series clearly repeats. An anomaly deviates by at least eight robust standard deviations. Public test series have about 1.6 false anomalies in 100 series-days.</p>
<p><b>Gaps.</b> Where Binnacle did not observe, charts are hatched, lines are interrupted, and uptime counts neither up nor down.</p></div>"#,
        length = time_format::duration(data.before.length())
    );
    panel("Methods", "", &body)
}
