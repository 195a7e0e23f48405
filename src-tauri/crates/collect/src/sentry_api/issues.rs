//! Unresolved issues by level, counted by walking through the list of them.

use std::collections::BTreeMap;

use model::{TelemetryBatch, Timestamp};
use serde::Deserialize;

use super::{
    client::Client, directory::Organization, failure::Failure, pace::Endpoint, progress::Walk, series,
    series::Figures, windows::HOUR,
};

/// Levels that are told even where there is no issue.
const LEVELS: [&str; 5] = ["fatal", "error", "warning", "info", "debug"];
/// A walk that takes longer would mix times too far apart.
const LONGEST_WALK: i64 = 6 * HOUR;

#[derive(Debug, Deserialize)]
struct Issue {
    level: String,
    project: Project,
}

#[derive(Debug, Deserialize)]
struct Project {
    slug: String,
}

/// What one page brought.
pub(crate) enum Step {
    /// There are more pages.
    Further(Walk),
    /// The figures of the whole list.
    Whole(TelemetryBatch),
}

/// Asks for one more page of the list of unresolved issues. `walk` is what the pages before brought.
pub(crate) async fn step(
    client: &Client,
    source: &str,
    organization: &Organization,
    walk: Option<Walk>,
    now: Timestamp,
) -> Result<Step, Failure> {
    let walk = walk.filter(|walk| (0..LONGEST_WALK).contains(&now.since(walk.began)));
    let mut query = vec![
        ("query", "is:unresolved".to_owned()),
        // By first sight: an issue does not move on the list while it is walked through.
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
        *counts.entry(issue.project.slug).or_default().entry(issue.level).or_default() += 1;
    }
    Ok(match page.next {
        Some(cursor) => Step::Further(Walk { began, cursor, counts }),
        None => Step::Whole(figures(source, organization, counts, now)),
    })
}

fn figures(
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
    let mut figures = Figures::new(source, &organization.slug);
    for (project, levels) in &counts {
        for (level, count) in levels {
            figures.at(now, &series::ISSUES, project, &[("level", level)], *count as f64);
        }
    }
    figures.into_batch()
}
