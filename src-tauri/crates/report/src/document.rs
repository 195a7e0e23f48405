//! The whole page.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{Contents, charts::HATCHING, clock, clock::Zone, markup::escape, sections};

/// Colours and type are the console's.
const TOKENS: &str = include_str!("../../../../ui/src/tokens.css");

/// Its own style, which allows for one page and for paper.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let own = include_str!("style.css");
    format!("{TOKENS}{own}@media print {{ :root:root {{ {} --bg: var(--surface) }} }}\n", light(TOKENS))
});

/// What the tokens are where light is asked for, which paper always is.
fn light(tokens: &str) -> &str {
    let block = tokens.split_once(":root[data-theme='light'] {").map_or("", |(_, block)| block);
    block.split_once('}').map_or("", |(declarations, _)| declarations.trim())
}

/// The report as one HTML page. It is also well-formed XML. Its policy allows its own style and nothing else.
pub fn render(contents: &Contents) -> String {
    let zone = Zone::minutes_east(contents.request.utc_offset_minutes);
    let title = match contents.request.title.trim() {
        "" => "Performance report".to_owned(),
        title => escape(title),
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'",
        STANDARD.encode(Sha256::digest(STYLE.as_bytes()))
    );
    let services: String =
        contents.services.iter().map(|service| sections::service(contents, service)).collect();
    let drawn = contents.services.iter().filter(|service| service.detail.is_some()).count();
    let left_out = match contents.services.len() - drawn {
        0 => String::new(),
        left => format!(r#"<p class="nothing">{left} more services are in the table only.</p>"#),
    };
    format!(
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta http-equiv="Content-Security-Policy" content="{policy}"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="color-scheme" content="dark light"/><meta name="generator" content="Binnacle {version}"/><title>{title}</title><style>{style}</style></head>
<body>{HATCHING}<main><header class="head"><div><h1>{title}</h1><p class="muted">{range} · {length} · {zone}</p></div><p class="faint made">Made by Binnacle<br/>{made}</p></header>
{summary}
{table}
{services}{left_out}
{checks}
{alerts}
{vitals}
<div class="halves">{logs}{gaps}</div>
{method}
</main></body></html>
"#,
        style = *STYLE,
        policy = escape(&policy),
        version = env!("CARGO_PKG_VERSION"),
        range = escape(&zone.range(contents.request.range)),
        length = clock::length(contents.request.range.length()),
        zone = zone.name(),
        made = escape(&zone.minute(contents.made_at)),
        summary = sections::summary(contents),
        table = sections::services(contents),
        checks = sections::checks(contents),
        alerts = sections::alerts(contents),
        vitals = sections::vitals(contents),
        logs = sections::logs(contents),
        gaps = sections::gaps(contents),
        method = sections::method(contents),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_one_of_the_consoles() {
        let own = include_str!("style.css");
        assert!(!own.contains('#') && !own.contains("rgb"), "a raw colour");
        for (_, rest) in own.match_indices("var(").map(|(at, _)| own.split_at(at + 4)) {
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
