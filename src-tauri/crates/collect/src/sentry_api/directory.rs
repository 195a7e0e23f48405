//! The organizations and projects of an installation.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{client::Client, failure::Failure, pages::Pages, rate_limiter::Endpoint};

/// Maximum number of pages of a list, in case the server never ends it.
const MAX_PAGES: usize = 1_000;

/// An organization with its projects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Organization {
    pub(crate) slug: String,
    /// Slugs by number.
    pub(crate) projects: BTreeMap<u64, String>,
    /// True if the settings select some of its projects.
    pub(crate) filtered: bool,
}

impl Organization {
    /// Returns the `project` parameters: the selected projects, or all that the token may see.
    pub(crate) fn project_parameters(&self) -> Vec<(&'static str, String)> {
        if self.filtered {
            self.projects.keys().map(|id| ("project", id.to_string())).collect()
        } else {
            vec![("project", "-1".to_owned())]
        }
    }

    /// Returns the slug of a project, or its number if the project is unknown.
    pub(crate) fn project(&self, id: u64) -> String {
        self.projects.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// Returns the path of an endpoint of this organization.
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

/// Requests the organizations and projects of the settings, or all that the token may see.
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

/// Requests every page of a list.
pub(crate) async fn all<T: serde::de::DeserializeOwned + Send + 'static>(
    client: &Client,
    endpoint: Endpoint,
    path: &[&str],
    query: &[(&str, String)],
) -> Result<Vec<T>, Failure> {
    let mut entries = Vec::new();
    let mut pages = Pages::new(client, endpoint, path, query, MAX_PAGES);
    while let Some(page) = pages.next_page::<Vec<T>>().await? {
        entries.extend(page);
    }
    Ok(entries)
}

/// Reads a number or its text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
