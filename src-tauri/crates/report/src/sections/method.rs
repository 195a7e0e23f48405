//! How the figures were made.

use crate::{Contents, clock, markup::panel};

/// The closing part.
pub(crate) fn method(contents: &Contents) -> String {
    let step = contents
        .services
        .iter()
        .find_map(|service| service.detail.as_ref())
        .map_or_else(String::new, |detail| {
            format!(" Charts have one point per {}.", clock::length(detail.step))
        });
    let body = format!(
        r#"<div class="method"><p><b>Requests.</b> A request is a server or consumer span; a service that has none is counted by its root spans. Rates are requests divided by the length of the range, also where nothing could be observed. A request failed if its span says so. Percentiles are taken from all requests of the range or of the step, not averaged.{step}</p>
<p><b>Against before.</b> Durations are compared with those of the {length} just before, at most 5,000 requests a side spread evenly. A difference is told only if the Mann–Whitney test finds it (p below 0.05), the 95% interval of the change of the median leaves out zero and the change is at least 1%; or if p95 alone moved by 10% or more and is sure at 99.5%. Intervals are from a block bootstrap, which allows for requests that resemble their neighbours.</p>
<p><b>Trend.</b> The median of all pairwise slopes (Theil–Sen), its interval from the variance of Kendall's S corrected for ties and autocorrelation (Hamed and Rao).</p>
<p><b>Out of the ordinary.</b> Expected is the median of the values just before, plus the usual value at that phase where the series plainly repeats itself. A stretch is told when it is eight robust deviations off. Public test series give about 1.6 false stretches in 100 series-days.</p>
<p><b>Gaps.</b> Where Binnacle could not look, charts are hatched, lines are broken, and uptime counts neither up nor down.</p></div>"#,
        length = clock::length(contents.before.length())
    );
    panel("How these figures were made", "", &body)
}
