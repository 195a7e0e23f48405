//! Targets after relabelling, as in Prometheus
//! (prometheus.io/docs/prometheus/latest/configuration/configuration, "relabel_config").

use std::{net::Ipv6Addr, time::Duration};

use model::{Labels, masked_url, parse_duration};
use prometheus::relabel;
use reqwest::Url;

use super::job::Job;

/// An address to scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScrapedTarget {
    /// Name of the job, independent of the label `job`.
    job: String,
    /// Labels of the series, with `job` and `instance`.
    pub(crate) labels: Labels,
    pub(crate) url: Url,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

impl ScrapedTarget {
    /// Applies the job's rules to a discovered target. Returns none if they drop it, and an error
    /// if the result is not a valid target.
    pub(crate) fn discovered(job: &Job, found: &Labels) -> Result<Option<Self>, String> {
        let mut labels = found.clone();
        labels.retain(|_, value| !value.is_empty());
        for (name, value) in [
            ("job", job.name.clone()),
            ("__scrape_interval__", format_duration(job.interval)),
            ("__scrape_timeout__", format_duration(job.timeout)),
            ("__metrics_path__", job.metrics_path.clone()),
            ("__scheme__", job.scheme.clone()),
        ] {
            labels.entry(name.to_owned()).or_insert(value);
        }
        for (name, values) in &job.params {
            if let Some(first) = values.first() {
                labels.insert(format!("__param_{name}"), first.clone());
            }
        }
        if !relabel(&mut labels, &job.target_rules) {
            return Ok(None);
        }
        let scheme = labels.get("__scheme__").cloned().unwrap_or_else(|| "http".to_owned());
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            other => return Err(format!("{other:?} is not http or https")),
        };
        let address = labels.get("__address__").ok_or("a target without an address")?;
        if address.contains('/') {
            return Err(format!("{:?} is not a host and port", without_password(address)));
        }
        let address = with_port(address, default_port);
        let interval = duration(&labels, "__scrape_interval__")?;
        let timeout = duration(&labels, "__scrape_timeout__")?;
        if timeout > interval {
            return Err("the timeout is longer than the interval".to_owned());
        }
        let url = url(job, &labels, &scheme, &address)?;
        labels.entry("instance".to_owned()).or_insert(address);
        labels.retain(|name, _| !name.starts_with("__"));
        Ok(Some(Self { job: job.name.clone(), labels, url, interval, timeout }))
    }

    /// Returns the address for messages, without the values of parameters, which may be secrets.
    pub(crate) fn display(&self) -> String {
        masked_url(self.url.as_str())
    }

    /// Returns the key that identifies this target.
    pub(crate) fn key(&self) -> String {
        format!(
            "job {} target {:?} {} {:?} {:?}",
            self.job, self.labels, self.url, self.interval, self.timeout
        )
    }

    /// Returns the seed of the target's offset within the interval.
    pub(crate) fn schedule_seed(&self) -> String {
        format!("{:?} {}", self.labels, self.url)
    }
}

fn without_password(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

fn format_duration(duration: Duration) -> String {
    match duration.as_millis() {
        millis if millis.is_multiple_of(1000) => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}

fn duration(labels: &Labels, name: &str) -> Result<Duration, String> {
    let text = labels.get(name).map_or("", String::as_str);
    parse_duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("{name} is {text:?}, which is not a duration above 0"))
}

/// Adds the default port of the scheme, unless the address has a port.
fn with_port(address: &str, default_port: u16) -> String {
    let has_port = match address.strip_prefix('[') {
        Some(rest) => rest.split_once(']').is_some_and(|(_, port)| port.starts_with(':')),
        None => address.contains(':'),
    };
    if address.parse::<Ipv6Addr>().is_ok() {
        format!("[{address}]:{default_port}")
    } else if has_port {
        address.to_owned()
    } else {
        format!("{address}:{default_port}")
    }
}

fn url(job: &Job, labels: &Labels, scheme: &str, address: &str) -> Result<Url, String> {
    let wrong = |_| format!("{:?} is not a host and port", without_password(address));
    let mut url = Url::parse(&format!("{scheme}://{address}")).map_err(wrong)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address of a target cannot hold a user or password".to_owned());
    }
    let path = labels.get("__metrics_path__").map_or("/", String::as_str);
    // Users without knowledge of `params` write a path with a question mark.
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    url.set_path(path);
    let mut params = job.params.clone();
    for (name, value) in labels {
        if let Some(name) = name.strip_prefix("__param_") {
            let values = params.entry(name.to_owned()).or_default();
            match values.first_mut() {
                Some(first) => first.clone_from(value),
                None => values.push(value.clone()),
            }
        }
    }
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    if params.values().any(|values| !values.is_empty()) {
        let mut pairs = url.query_pairs_mut();
        for (name, values) in &params {
            for value in values {
                pairs.append_pair(name, value);
            }
        }
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use config::ScrapeTarget;

    use super::*;
    use crate::scrape::job::address;

    fn job(change: impl Fn(&mut ScrapeTarget)) -> Job {
        let mut settings = ScrapeTarget::new("node", "");
        change(&mut settings);
        Job::new(&settings).unwrap()
    }

    fn scraped(job: &Job, found: &Labels) -> ScrapedTarget {
        ScrapedTarget::discovered(job, found).unwrap().unwrap()
    }

    #[test]
    fn addresses_get_a_port_and_become_urls() {
        let job = job(|_| ());
        for (found, url, instance) in [
            ("h:9100", "http://h:9100/metrics", "h:9100"),
            ("h", "http://h/metrics", "h:80"),
            ("[::1]:9", "http://[::1]:9/metrics", "[::1]:9"),
            ("::1", "http://[::1]/metrics", "[::1]:80"),
        ] {
            let target = scraped(&job, &address(found));
            assert_eq!(target.url.as_str(), url);
            assert_eq!(target.labels["instance"], instance);
            assert_eq!(target.labels["job"], "node");
            assert_eq!(target.labels.len(), 2);
        }
        for bad in ["h/path", "", "user:pass@h:1", "h:port", "a b"] {
            let error = ScrapedTarget::discovered(&job, &address(bad)).unwrap_err();
            assert!(!error.contains("pass@"), "{error}");
        }
    }

    #[test]
    fn rules_may_change_everything_about_a_target() {
        let job = job(|settings| {
            settings
                .params
                .insert("module".into(), vec![config::Text("http".into()), config::Text("x".into())]);
            settings.relabel_configs = serde_json::from_str(
                r#"[{"source_labels":["__address__"],"target_label":"__param_target"},
                    {"source_labels":["__param_target"],"target_label":"instance"},
                    {"source_labels":["__meta_gone"],"regex":"1","action":"drop"},
                    {"regex":"__meta_(.*)","action":"labelmap"},
                    {"target_label":"__scrape_interval__","replacement":"1m"},
                    {"target_label":"__scheme__","replacement":"https"},
                    {"target_label":"__address__","replacement":"blackbox:9115"}]"#,
            )
            .unwrap();
        });
        let mut found = address("https://example.org");
        found.insert("__meta_zone".into(), "a".into());
        let target = scraped(&job, &found);
        assert_eq!(
            target.url.as_str(),
            "https://blackbox:9115/metrics?module=http&module=x&target=https%3A%2F%2Fexample.org"
        );
        assert_eq!(target.interval, Duration::from_secs(60));
        assert_eq!(target.labels["instance"], "https://example.org");
        assert_eq!(target.labels["zone"], "a");
        assert!(!target.labels.keys().any(|name| name.starts_with("__")));
        found.insert("__meta_gone".into(), "1".into());
        assert_eq!(ScrapedTarget::discovered(&job, &found).unwrap(), None);
        assert_eq!(target.display(), "https://blackbox:9115/metrics?module=***&module=***&target=***");
    }
}
