//! Release health: sessions, users and the share of them without a crash.

use model::TelemetryBatch;

use super::{
    client::Client,
    directory::Organization,
    failure::Failure,
    outcomes::{Group, Groups, check_stretch, stretch},
    pace::Endpoint,
    series::{self, Figures, Metric},
    windows::Window,
};

const SESSIONS: &str = "sum(session)";
const USERS: &str = "count_unique(user)";
const CRASH_FREE_SESSIONS: &str = "crash_free_rate(session)";
const CRASH_FREE_USERS: &str = "crash_free_rate(user)";
/// The releases with most sessions that are kept apart.
const MOST_RELEASES: usize = 100;
const MOST_PAGES: usize = 200;

/// One question: how sessions are told apart, what is asked of them and how that is stored.
struct Question {
    group_by: &'static [&'static str],
    fields: &'static [(&'static str, &'static Metric)],
    /// Whether only the busiest groups are kept.
    busiest: bool,
}

const QUESTIONS: [Question; 3] = [
    Question {
        group_by: &["project", "environment", "session.status"],
        fields: &[(SESSIONS, &series::SESSIONS), (USERS, &series::SESSION_USERS)],
        busiest: false,
    },
    Question {
        group_by: &["project", "environment"],
        fields: &[
            (CRASH_FREE_SESSIONS, &series::CRASH_FREE_SESSIONS),
            (CRASH_FREE_USERS, &series::CRASH_FREE_USERS),
        ],
        busiest: false,
    },
    Question {
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

/// Sessions by project, environment, outcome and release.
pub(crate) async fn sessions(
    client: &Client,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<TelemetryBatch, Failure> {
    let mut figures = Figures::new(source, &organization.slug);
    for question in &QUESTIONS {
        for group in ask(client, question, organization, window).await? {
            let project = group.project(organization, Endpoint::Sessions)?;
            let tags: Vec<(&str, &str)> = question.group_by[1..]
                .iter()
                .map(|key| (key.strip_prefix("session.").unwrap_or(key), group.by(key)))
                .collect();
            for (field, metric) in question.fields {
                if let Some(value) = group.total(field, Endpoint::Sessions)? {
                    figures.within(window, metric, &project, &tags, value);
                }
            }
        }
    }
    Ok(figures.into_batch())
}

async fn ask(
    client: &Client,
    question: &Question,
    organization: &Organization,
    window: Window,
) -> Result<Vec<Group>, Failure> {
    let mut query: Vec<(&str, String)> =
        question.group_by.iter().map(|group| ("groupBy", (*group).to_owned())).collect();
    query.extend(question.fields.iter().map(|(field, _)| ("field", (*field).to_owned())));
    query.extend(stretch(window));
    query.push(("includeSeries", "0".to_owned()));
    query.push(("per_page", MOST_RELEASES.to_string()));
    if question.busiest {
        query.push(("orderBy", format!("-{SESSIONS}")));
    }
    query.extend(organization.project_parameters());
    let mut groups = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut query = query.clone();
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = client.get::<Groups>(Endpoint::Sessions, &organization.path("sessions"), &query).await?;
        check_stretch(&page.body, window, Endpoint::Sessions)?;
        groups.extend(page.body.groups);
        match page.next {
            Some(next) if !question.busiest => cursor = Some(next),
            _ => return Ok(groups),
        }
    }
    Err(Failure::Broken("sessions: the list has no end".to_owned()))
}
