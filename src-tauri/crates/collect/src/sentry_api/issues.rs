//! Unresolved issues by level, counted from the list of issues.

use std::collections::BTreeMap;

use model::{TelemetryBatch, Timestamp};
use serde::Deserialize;

use super::{
    checkpoint::Walk, client::Client, directory::Organization, failure::Failure, rate_limiter::Endpoint,
    series, series::MetricsBatch, window::HOUR,
};

/// Levels that are recorded even without an issue.
const LEVELS: [&str; 5] = ["fatal", "error", "warning", "info", "debug"];
/// Maximum number of projects, and of levels of one project, that are counted.
const MAX_COUNTS: usize = 10_000;
/// Maximum duration of a walk through the list.
const MAX_WALK: i64 = 6 * HOUR;

#[derive(Debug, Deserialize)]
struct Issue {
    level: String,
    project: Project,
}

#[derive(Debug, Deserialize)]
struct Project {
    slug: String,
}

/// The result of one page.
pub(crate) enum Step {
    /// There are more pages.
    Further(Walk),
    /// The metrics of the whole list.
    Whole(TelemetryBatch),
}

/// Requests the next page of unresolved issues. `walk` has the result of the previous pages.
pub(crate) async fn step(
    client: &Client,
    source: &str,
    organization: &Organization,
    walk: Option<Walk>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let walk = walk.filter(|walk| (0..MAX_WALK).contains(&now.since(walk.began)));
    let mut query = vec![
        ("query", "is:unresolved".to_owned()),
        // By first occurrence, which does not change during the walk.
        ("sort", "new".to_owned()),
        ("limit", "100".to_owned()),
        ("collapse", "stats".to_owned()),
    ];
    query.extend(organization.project_parameters());
    let (began, mut counts) = match walk {
        Some(walk) => {
            query.push(("cursor", walk.cursor));
            (walk.began, walk.counts)
        }
        None => (now, BTreeMap::new()),
    };
    let page = client.get::<Vec<Issue>>(Endpoint::Issues, &organization.path("issues"), &query).await?;
    for issue in page.body {
        let levels = counts.get(&issue.project.slug).map_or(0, BTreeMap::len);
        if counts.len() > MAX_COUNTS || levels > MAX_COUNTS {
            let problem = format!("issues: more than {MAX_COUNTS} projects or levels");
            return Err(Failure::Broken(problem));
        }
        *counts.entry(issue.project.slug).or_default().entry(issue.level).or_default() += 1;
    }
    Ok(match page.next {
        Some(cursor) => Step::Further(Walk { began, cursor, counts }),
        None => Step::Whole(metrics(source, organization, counts, now)),
    })
}

fn metrics(
    source: &str,
    organization: &Organization,
    mut counts: BTreeMap<String, BTreeMap<String, u64>>,
    now: Timestamp,
) -> TelemetryBatch {
    for project in organization.projects.values() {
        let levels = counts.entry(project.clone()).or_default();
        for level in LEVELS {
            levels.entry(level.to_owned()).or_default();
        }
    }
    let mut metrics = MetricsBatch::new(source, &organization.slug);
    for (project, levels) in &counts {
        for (level, count) in levels {
            metrics.at(now, &series::ISSUES, project, &[("level", level)], *count as f64);
        }
    }
    metrics.into_batch()
}
