//! The organizations and projects that are asked for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{client::Client, failure::Failure, pace::Endpoint};

/// Longer lists are taken for a server that never ends them.
const MOST_PAGES: usize = 1_000;

/// An organization with its projects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Organization {
    pub(crate) slug: String,
    /// Slugs by number.
    pub(crate) projects: BTreeMap<u64, String>,
    /// Whether these are only some of its projects.
    pub(crate) filtered: bool,
}

impl Organization {
    /// The `project` parameters of a question: the chosen ones, or all that the token may see.
    pub(crate) fn project_parameters(&self) -> Vec<(&'static str, String)> {
        if self.filtered {
            self.projects.keys().map(|id| ("project", id.to_string())).collect()
        } else {
            vec![("project", "-1".to_owned())]
        }
    }

    /// The slug of a project by its number, which stands for itself while the project is not known.
    pub(crate) fn project(&self, id: u64) -> String {
        self.projects.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// Path of an endpoint of this organization.
    pub(crate) fn path<'a>(&'a self, last: &'a str) -> [&'a str; 3] {
        ["organizations", &self.slug, last]
    }
}

#[derive(Debug, Deserialize)]
struct Named {
    slug: String,
}

#[derive(Debug, Deserialize)]
struct Project {
    id: String,
    slug: String,
}

/// Asks for the organizations and projects of the settings, or else for every one the token may see.
pub(crate) async fn load(client: &Client, settings: &config::Sentry) -> Result<Vec<Organization>, Failure> {
    let slugs = if settings.organizations.is_empty() {
        let named: Vec<Named> = all(client, Endpoint::Organizations, &["organizations"], &[]).await?;
        named.into_iter().map(|one| one.slug).collect()
    } else {
        settings.organizations.clone()
    };
    let filtered = !settings.projects.is_empty();
    let mut organizations = Vec::new();
    for slug in slugs {
        let path = ["organizations", &slug, "projects"];
        let listed: Vec<Project> = all(client, Endpoint::Projects, &path, &[]).await?;
        let projects: BTreeMap<u64, String> = listed
            .into_iter()
            .filter(|project| !filtered || settings.projects.contains(&project.slug))
            .filter_map(|project| Some((project.id.parse().ok()?, project.slug)))
            .collect();
        if !projects.is_empty() {
            organizations.push(Organization { slug, projects, filtered });
        }
    }
    Ok(organizations)
}

/// Every entry of a list, page after page.
pub(crate) async fn all<T: serde::de::DeserializeOwned + Send + 'static>(
    client: &Client,
    endpoint: Endpoint,
    path: &[&str],
    query: &[(&str, String)],
) -> Result<Vec<T>, Failure> {
    let mut entries = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut query = query.to_vec();
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = client.get::<Vec<T>>(endpoint, path, &query).await?;
        entries.extend(page.body);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(entries),
        }
    }
    Err(Failure::Broken(format!("{}: the list has no end", endpoint.name())))
}

/// A number that may come as a number or as text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
