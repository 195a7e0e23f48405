//! Release health: sessions, users and their crash-free shares.

use model::TelemetryBatch;

use super::{
    client::Client,
    directory::Organization,
    failure::Failure,
    outcomes::{Group, Groups, check_window, window_parameters},
    pages::Pages,
    rate_limiter::Endpoint,
    series::{self, Metric, MetricsBatch},
    window::Window,
};

const SESSIONS: &str = "sum(session)";
const USERS: &str = "count_unique(user)";
const CRASH_FREE_SESSIONS: &str = "crash_free_rate(session)";
const CRASH_FREE_USERS: &str = "crash_free_rate(user)";
/// Maximum number of releases, those with the most sessions.
const MAX_RELEASES: usize = 100;
const MAX_PAGES: usize = 200;

/// A query for sessions: grouping, and fields with their metrics.
struct SessionQuery {
    group_by: &'static [&'static str],
    fields: &'static [(&'static str, &'static Metric)],
    /// True if only the largest groups are stored.
    busiest: bool,
}

const SESSION_QUERIES: [SessionQuery; 3] = [
    SessionQuery {
        group_by: &["project", "environment", "session.status"],
        fields: &[(SESSIONS, &series::SESSIONS), (USERS, &series::SESSION_USERS)],
        busiest: false,
    },
    SessionQuery {
        group_by: &["project", "environment"],
        fields: &[
            (CRASH_FREE_SESSIONS, &series::CRASH_FREE_SESSIONS),
            (CRASH_FREE_USERS, &series::CRASH_FREE_USERS),
        ],
        busiest: false,
    },
    SessionQuery {
        group_by: &["project", "release", "environment"],
        fields: &[
            (SESSIONS, &series::RELEASE_SESSIONS),
            (USERS, &series::RELEASE_USERS),
            (CRASH_FREE_SESSIONS, &series::RELEASE_CRASH_FREE_SESSIONS),
            (CRASH_FREE_USERS, &series::RELEASE_CRASH_FREE_USERS),
        ],
        busiest: true,
    },
];

/// Requests sessions by project, environment, status and release.
pub(crate) async fn sessions(
    client: &Client,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<TelemetryBatch, Failure> {
    let mut metrics = MetricsBatch::new(source, &organization.slug);
    for session_query in &SESSION_QUERIES {
        for group in fetch(client, session_query, organization, window).await? {
            let project = group.project(organization, Endpoint::Sessions)?;
            let tags: Vec<(&str, &str)> = session_query.group_by[1..]
                .iter()
                .map(|key| (key.strip_prefix("session.").unwrap_or(key), group.by(key)))
                .collect();
            for (field, metric) in session_query.fields {
                if let Some(value) = group.total(field, Endpoint::Sessions)? {
                    metrics.within(window, metric, &project, &tags, value);
                }
            }
        }
    }
    Ok(metrics.into_batch())
}

async fn fetch(
    client: &Client,
    session_query: &SessionQuery,
    organization: &Organization,
    window: Window,
) -> Result<Vec<Group>, Failure> {
    let mut query: Vec<(&str, String)> =
        session_query.group_by.iter().map(|group| ("groupBy", (*group).to_owned())).collect();
    query.extend(session_query.fields.iter().map(|(field, _)| ("field", (*field).to_owned())));
    query.extend(window_parameters(window));
    query.push(("includeSeries", "0".to_owned()));
    query.push(("per_page", MAX_RELEASES.to_string()));
    if session_query.busiest {
        query.push(("orderBy", format!("-{SESSIONS}")));
    }
    query.extend(organization.project_parameters());
    let mut groups = Vec::new();
    let path = organization.path("sessions");
    let mut pages = Pages::new(client, Endpoint::Sessions, &path, &query, MAX_PAGES);
    while let Some(page) = pages.next_page::<Groups>().await? {
        check_window(&page, window, Endpoint::Sessions)?;
        groups.extend(page.groups);
        // The busiest releases are on the first page.
        if session_query.busiest {
            break;
        }
    }
    Ok(groups)
}
