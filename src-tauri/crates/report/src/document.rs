//! Rendering of the whole page.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{
    ReportData,
    charts::HATCHING,
    markup::{escape, note},
    sections,
    time_format::{self, Zone},
};

/// Colours and fonts of the console.
const TOKENS: &str = include_str!("../../../../ui/src/tokens.css");

/// The style of the page, for screen and paper.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let page = include_str!("style.css");
    format!("{TOKENS}{page}@media print {{ :root:root {{ {} --bg: var(--surface) }} }}\n", light(TOKENS))
});

/// Returns the tokens of the light theme, which paper uses.
fn light(tokens: &str) -> &str {
    let block = tokens.split_once(":root[data-theme='light'] {").map_or("", |(_, block)| block);
    block.split_once('}').map_or("", |(declarations, _)| declarations.trim())
}

/// Renders the report as one HTML page, which is also well-formed XML.
///
/// Its content security policy allows nothing but its style.
pub fn render(data: &ReportData) -> String {
    let zone = Zone::minutes_east(data.request.utc_offset_minutes);
    let title = match data.request.title.trim() {
        "" => "Performance report".to_owned(),
        title => escape(title),
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'",
        STANDARD.encode(Sha256::digest(STYLE.as_bytes()))
    );
    let services: String = data.services.iter().map(|service| sections::service(data, service)).collect();
    let charted = data.services.iter().filter(|service| service.detail.is_some()).count();
    let omitted = match data.services.len() - charted {
        0 => String::new(),
        count => note(&format!("{count} more services are in the table only.")),
    };
    format!(
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta http-equiv="Content-Security-Policy" content="{policy}"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="color-scheme" content="dark light"/><meta name="generator" content="Binnacle {version}"/><title>{title}</title><style>{style}</style></head>
<body>{HATCHING}<main><header class="head"><div><h1>{title}</h1><p class="muted">{range} · {length} · {zone}</p></div><p class="faint made">Created by Binnacle<br/>{created}</p></header>
{summary}
{table}
{services}{omitted}
{checks}
{alerts}
{host}
<div class="halves">{logs}{gaps}</div>
{method}
</main></body></html>
"#,
        style = *STYLE,
        policy = escape(&policy),
        version = env!("CARGO_PKG_VERSION"),
        range = escape(&zone.range(data.request.range)),
        length = time_format::duration(data.request.range.length()),
        zone = zone.name(),
        created = escape(&zone.minute(data.created_at)),
        summary = sections::summary(data),
        table = sections::services(data),
        checks = sections::checks(data),
        alerts = sections::alerts(data),
        host = sections::host(data),
        logs = sections::logs(data),
        gaps = sections::gaps(data),
        method = sections::method(data),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_a_token_of_the_console() {
        let page = include_str!("style.css");
        assert!(!page.contains('#') && !page.contains("rgb"), "a raw colour");
        for (_, rest) in page.match_indices("var(").map(|(at, _)| page.split_at(at + 4)) {
            let name = rest.split(')').next().unwrap();
            assert_eq!(
                TOKENS.matches(&format!("\n  {name}:")).count(),
                if is_colour(name) { 2 } else { 1 },
                "{name}"
            );
        }
        assert!(light(TOKENS).contains("--s8: ") && light(TOKENS).contains("--text: "));
    }

    fn is_colour(name: &str) -> bool {
        !matches!(name, "--ui" | "--mono")
    }
}
