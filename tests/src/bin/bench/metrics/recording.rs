//! Metrics of a real machine, recorded from Debian's node_exporter, second by second.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use test_support::{display::Started, servers::free_port};

/// Scrapes of a recording, one a second. As many are sent, so that none repeats.
pub(crate) const SCRAPES: usize = 960;
/// Time between two scrapes.
const SCRAPE_INTERVAL: Duration = Duration::from_secs(1);

/// A recorded series.
pub(crate) struct Recorded {
    /// Labels in name order, `__name__` among them.
    pub(crate) labels: Vec<(String, String)>,
    /// True for a counter.
    pub(crate) counter: bool,
    /// One value per scrape.
    pub(crate) values: Vec<f64>,
}

/// Loads the recording in `folder`. Makes one if there is none, which takes [`SCRAPES`] seconds.
pub(crate) async fn recording(folder: &Path) -> Result<Vec<Recorded>> {
    let file = |number: usize| folder.join(format!("{number:04}.prom"));
    if !file(SCRAPES - 1).exists() {
        println!("recording this machine with node_exporter for {SCRAPES} s ...");
        fs::create_dir_all(folder)?;
        let port = free_port()?;
        let mut command = Command::new("prometheus-node-exporter");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let _exporter = Started(spawned.context("prometheus-node-exporter")?);
        let begun = Instant::now();
        for number in 0..SCRAPES {
            tokio::time::sleep_until((begun + SCRAPE_INTERVAL * (number as u32 + 1)).into()).await;
            let text = tls::http_client()
                .get(format!("http://127.0.0.1:{port}/metrics"))
                .send()
                .await?
                .text()
                .await?;
            fs::write(file(number), text)?;
        }
    }
    let mut series: HashMap<String, Recorded> = HashMap::new();
    for number in 0..SCRAPES {
        read(&fs::read_to_string(file(number))?, &mut series)?;
    }
    // Series that began or ended during the recording are dropped.
    let mut series: Vec<(String, Recorded)> =
        series.into_iter().filter(|(_, series)| series.values.len() == SCRAPES).collect();
    series.sort_by(|left, right| left.0.cmp(&right.0));
    ensure!(series.len() > 100, "the recording in {} holds {} series", folder.display(), series.len());
    Ok(series.into_iter().map(|(_, series)| series).collect())
}

fn read(text: &str, series: &mut HashMap<String, Recorded>) -> Result<()> {
    let mut kinds = HashMap::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            kinds.extend(kind.split_once(' '));
        }
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let (identity, value) = line.rsplit_once(' ').context("a line without a value")?;
        let value: f64 = value.parse().with_context(|| line.to_owned())?;
        if let Some(known) = series.get_mut(identity) {
            known.values.push(value);
            continue;
        }
        let (name, rest) = identity.split_once('{').unwrap_or((identity, "}"));
        let mut labels = vec![("__name__".to_owned(), name.to_owned())];
        let mut rest = rest.trim_end_matches('}');
        // Values of node_exporter contain no quotes.
        while let Some((label, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').context("a label without an end")?;
            // Prometheus drops labels without a value.
            if !value.is_empty() {
                labels.push((label.to_owned(), value.to_owned()));
            }
            rest = after.trim_start_matches(',');
        }
        labels.sort();
        let family = ["_sum", "_count", "_bucket"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let counter = kinds.get(name) == Some(&"counter")
            || family.is_some_and(|family| matches!(kinds.get(family), Some(&"summary" | &"histogram")));
        series.insert(identity.to_owned(), Recorded { labels, counter, values: vec![value] });
    }
    Ok(())
}
