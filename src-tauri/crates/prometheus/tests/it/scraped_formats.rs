//! The parsers of scraped text beside a real Prometheus: both accept a body, or both refuse it.

use std::collections::BTreeMap;

use axum::{Router, extract::Path, http::header, routing::get};
use prometheus::{parse_openmetrics, parse_text};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;
use test_support::{prometheus_server::Prometheus, wait::wait_for};
use tokio::net::TcpListener;

use crate::format_fuzz::ALONE;

const SEED: u64 = 20_261_129;
/// Generated bodies of each format.
const GENERATED: usize = 350;

/// A body and its format.
#[derive(Clone)]
struct Body {
    openmetrics: bool,
    bytes: Vec<u8>,
}

impl Body {
    fn is_accepted(&self) -> bool {
        if self.openmetrics {
            parse_openmetrics(&self.bytes, 1_000).is_ok()
        } else {
            parse_text(&self.bytes, 1_000).is_ok()
        }
    }

    /// Returns whether it may have quoted names, which came after Prometheus 2.42.
    fn has_quoted_names(&self) -> bool {
        let text = String::from_utf8_lossy(&self.bytes).replace([' ', '\t'], "");
        ["{\"", ",\"", "\"\"", "HELP\"", "TYPE\"", "UNIT\""].iter().any(|mark| text.contains(mark))
    }
}

const TEXT_LINES: [&str; 12] = [
    "a 1",
    "a_total{x=\"y\"} 1.5e3 1790000000000",
    "  b\t{ x = \"y\" , z=\"\" , }\t-2 ",
    "c{path=\"D:\\dir\\\\n\\\"q\\\"\\n\"} +Inf",
    "d{x=\"ünï\",x2=\"line\nbreak\"} NaN",
    "# HELP a some \\ help \\n text",
    "# TYPE a gauge",
    "#\tTYPE\tb untyped",
    "# any comment",
    "#HELPless",
    "e{} .5",
    "",
];

const OPENMETRICS_LINES: [&str; 12] = [
    "a 1",
    "a_total{x=\"y\"} 1.5e3 1790000000.25",
    "c_total{x=\"y\",z=\"\"} 17 # {trace_id=\"ab\"} 0.5 1790000000",
    "c_total 17 1790000000 # {} 0.5",
    "d{path=\"D:\\dir\\\\n\\\"q\\\"\\n\"} +Inf",
    "# HELP a some \\ help \\n text",
    "# TYPE a gauge",
    "# TYPE b stateset",
    "# UNIT c_seconds seconds",
    "# UNIT c ",
    "e{} .5",
    "f NaN",
];

/// Bodies of which each has one oddity.
const ODD_TEXTS: [&str; 41] = [
    "a 1\r\n",
    "a 1 -5\n",
    "a 1 1.5\n",
    "a 1 5 6\n",
    "a infinity\n",
    "a -iNf\n",
    "a +nan\n",
    "a 1e400\n",
    "a 1e-400\n",
    "a 0x10\n",
    "a 0x1p3\n",
    "a 1_0\n",
    "a 1.\n",
    "a .\n",
    "a\n",
    "a{x=\"1\"}\n",
    "a{x=\"1\"}2\n",
    "a{x=\"1\" y=\"2\"} 1\n",
    "a{x=\"1\",,y=\"2\"} 1\n",
    "a{,x=\"1\"} 1\n",
    "a{,} 1\n",
    "a{x=\"1\",x=\"2\"} 1\n",
    "a{x:y=\"1\"} 1\n",
    "1a 1\n",
    ":a 1\n",
    "a-b 1\n",
    "a{x=1} 1\n",
    "a{x='1'} 1\n",
    "a{x=\"1} 1\n",
    "a{x=\"\\q\"} 1\n",
    "a{x=\"\\\n\"} 1\n",
    "# TYPE a\n",
    "# TYPE a info\n",
    "# TYPE a unknown\n",
    "# TYPE a  gauge\n",
    "# TYPE a gauge \n",
    "# HELP\n",
    "# HELP 1 x\n",
    "# TYPE a-b gauge\n",
    "a 1 # {x=\"1\"} 1\n",
    "{x=\"1\"} 1\n",
];
const ODD_OPENMETRICS: [&str; 34] = [
    "",
    "# EOF",
    "# EOF\n",
    "# EOF\n\n",
    "a 1\n",
    "\n# EOF\n",
    "# EOF \n",
    "# EOFa\n",
    "a 1\n# EOF\nb 1\n",
    "a  1\n# EOF\n",
    "a\t1\n# EOF\n",
    "a 1 \n# EOF\n",
    "a{ x=\"1\"} 1\n# EOF\n",
    "a{x=\"1\",} 1\n# EOF\n",
    "a{x=\"1\" } 1\n# EOF\n",
    "a {x=\"1\"} 1\n# EOF\n",
    "a{x=\"1\n\"} 1\n# EOF\n",
    "a 1 NaN\n# EOF\n",
    "a 1 -1.5\n# EOF\n",
    "a 1 1e3\n# EOF\n",
    "a_total 1 # {x=\"1\"}\n# EOF\n",
    "a_total 1 # {x=\"1\"} 1 \n# EOF\n",
    "a_total 1 # {x=\"1\",} 1\n# EOF\n",
    "a_total 1 # {} 1 NaN\n# EOF\n",
    "a_total 1 #{} 1\n# EOF\n",
    "a_total 1  # {} 1\n# EOF\n",
    "# HELP a\n# EOF\n",
    "# TYPE a untyped\n# EOF\n",
    "# TYPE a \n# EOF\n",
    "# UNIT a seconds\n# EOF\n",
    "# UNIT seconds seconds\n# EOF\n",
    "# a comment\n# EOF\n",
    "#HELP a b\n# EOF\n",
    " a 1\n# EOF\n",
];

/// Returns lines of a format with one or two random changes of bytes.
fn generated(openmetrics: bool, random: &mut StdRng) -> Body {
    const PIECES: [&[u8]; 24] = [
        b" ",
        b"  ",
        b"\t",
        b"\n",
        b"\r",
        b"\"",
        b"\\",
        b"{",
        b"}",
        b",",
        b"=",
        b"#",
        b"# ",
        b"_",
        b":",
        b"-",
        b".",
        b"e",
        b"9",
        b"x",
        b"\xff",
        b"\xc3\xa4",
        b"NaN",
        b"Inf",
    ];
    let lines: &[&str] = if openmetrics { &OPENMETRICS_LINES } else { &TEXT_LINES };
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(1..4) {
        bytes.extend_from_slice(lines.choose(random).unwrap().as_bytes());
        bytes.push(b'\n');
    }
    for _ in 0..random.random_range(0..3) {
        let position = random.random_range(0..bytes.len());
        let length = random.random_range(0..2).min(bytes.len() - position);
        let piece = if random.random_bool(0.7) { *PIECES.choose(random).unwrap() } else { &[] };
        bytes.splice(position..position + length, piece.iter().copied());
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
    if openmetrics && random.random_bool(0.95) {
        bytes.extend_from_slice(b"# EOF\n");
    }
    Body { openmetrics, bytes }
}

fn bodies() -> Vec<Body> {
    let mut random = StdRng::seed_from_u64(SEED);
    let odd = |openmetrics, texts: &[&str]| {
        texts.iter().map(|text| Body { openmetrics, bytes: text.as_bytes().to_vec() }).collect::<Vec<_>>()
    };
    let mut bodies = [odd(false, &ODD_TEXTS), odd(true, &ODD_OPENMETRICS)].concat();
    for openmetrics in [false, true] {
        let made: Vec<Body> = (0..GENERATED).map(|_| generated(openmetrics, &mut random)).collect();
        bodies.extend(made.into_iter().filter(|body| !body.has_quoted_names()));
    }
    bodies
}

/// Serves each body at its number. Returns the address.
async fn serve(bodies: Vec<Body>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = async move |Path(number): Path<usize>| {
        let body = bodies[number].clone();
        let kind = if body.openmetrics {
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        } else {
            "text/plain; version=0.0.4; charset=utf-8"
        };
        ([(header::CONTENT_TYPE, kind)], body.bytes)
    };
    let routes = Router::new().route("/{number}", get(answer));
    // Runs until the process of the test ends.
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// Returns whether each target is up, by its path, and why not. Targets that were not scraped yet
/// are missing.
async fn scraped(prometheus: &str) -> anyhow::Result<BTreeMap<String, (bool, String)>> {
    let url = format!("http://{prometheus}/api/v1/targets?state=active");
    let answer: Value = tls::http_client().get(url).send().await?.json().await?;
    let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // A busy machine may be too slow for the timeout of a scrape. The next one decides.
    let is_scraped = |target: &&Value| {
        target["health"] != "unknown" && !text(&target["lastError"]).contains("deadline exceeded")
    };
    Ok(targets
        .iter()
        .filter(is_scraped)
        .map(|target| {
            (text(&target["labels"]["path"]), (target["health"] == "up", text(&target["lastError"])))
        })
        .collect())
}

#[test]
fn what_prometheus_accepts_is_accepted_and_what_it_refuses_is_refused() {
    // The other tests count the memory of the process.
    let _alone = ALONE.lock();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(compare(bodies()));
}

async fn compare(bodies: Vec<Body>) {
    let address = serve(bodies.clone()).await;
    let paths: Vec<String> = (0..bodies.len()).map(|number| format!("/{number}")).collect();
    let prometheus = Prometheus::start_scraping(&address, &paths).unwrap();
    let all = async || {
        let found = scraped(prometheus.address()).await?;
        Ok((found.len() == paths.len()).then_some(found))
    };
    let found = wait_for("every body is scraped", all).await.unwrap();
    let mut different = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for (path, body) in paths.iter().zip(&bodies) {
        let (is_up, error) = &found[path];
        *(if *is_up { &mut accepted } else { &mut refused }) += 1;
        if *is_up != body.is_accepted() {
            different.push(format!(
                "{} {:?}: Prometheus {}",
                if body.openmetrics { "OpenMetrics" } else { "text" },
                String::from_utf8_lossy(&body.bytes),
                if *is_up { "accepts" } else { error }
            ));
        }
    }
    println!("Prometheus accepts {accepted} and refuses {refused} of {} bodies", bodies.len());
    assert!(accepted > 100 && refused > 100);
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
