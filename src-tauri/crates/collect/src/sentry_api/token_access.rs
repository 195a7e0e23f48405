//! The access of a token, probed before it is stored.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use config::SentryFeed;
use model::{SentryAccess, SentryFeedAccess, SentryOrganization, Timestamp};
use runtime::{Clock, ResponseBudget};

use super::{
    client::Client,
    counts::{self, LastVariant},
    directory::{self, Organization},
    failure::{Failure, scopes},
    issues, monitors, outcomes, sessions,
    window::{HOUR, Window},
};

/// Timeout of the whole probe; a user waits for it.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Probes `token` on the installation of `settings`: requests every feed of the first organization
/// once and stores nothing. A failure is part of the result, never an error.
pub async fn sentry_access(settings: &config::Sentry, token: String, clock: &Clock) -> SentryAccess {
    let mut access = SentryAccess {
        usable: false,
        message: String::new(),
        organizations: Vec::new(),
        feeds: Vec::new(),
        missing_scopes: Vec::new(),
    };
    let (given, client_clock) = (settings.clone(), clock.clone());
    let source = Arc::new(move || Ok(token.clone()));
    // One request at a time, by a person: it needs no part of the engine's budget.
    let share = ResponseBudget::default().client();
    let made = tokio::task::spawn_blocking(move || Client::new(&given, source, client_clock, share)).await;
    let client = match made {
        Ok(Ok(client)) => client,
        Ok(Err(problem)) => {
            access.message = problem;
            return access;
        }
        Err(_) => {
            access.message = "the client did not start: internal error, see the log of Binnacle".to_owned();
            return access;
        }
    };
    if clock.timeout(TIMEOUT, probe(&client, settings, clock, &mut access)).await.is_err() {
        access.message = format!(
            "no complete answer within {} s: the installation is slow or limits the request rate",
            TIMEOUT.as_secs()
        );
    }
    access
}

async fn probe(client: &Client, settings: &config::Sentry, clock: &Clock, access: &mut SentryAccess) {
    let organizations = match directory::load(client, settings).await {
        Ok(organizations) => organizations,
        Err(failure) => {
            access.message = match failure {
                Failure::Forbidden(_) => {
                    access.missing_scopes.push("org:read".to_owned());
                    "the token lacks the scope org:read".to_owned()
                }
                Failure::NotFound => {
                    "not found (404): check the address of the installation and the slugs".to_owned()
                }
                failure => failure.to_string(),
            };
            return;
        }
    };
    access.organizations = organizations
        .iter()
        .map(|one| SentryOrganization {
            slug: one.slug.clone(),
            projects: one.projects.values().cloned().collect(),
        })
        .collect();
    let Some(first) = organizations.first() else {
        access.message = "the token has access to no project of the settings".to_owned();
        return;
    };
    let mut missing = BTreeSet::new();
    for feed in SentryFeed::ALL {
        if settings.exclude.contains(&feed) {
            continue;
        }
        let failure = probe_feed(client, feed, first, clock.now()).await.err();
        if matches!(failure, Some(Failure::Forbidden(_))) {
            missing.insert(scopes(feed)[0].to_owned());
        }
        access.feeds.push(SentryFeedAccess {
            feed: feed.name().to_owned(),
            available: failure.is_none(),
            message: failure.map(|failure| failure.message_for(feed)).unwrap_or_default(),
            scopes: scopes(feed).iter().map(|scope| (*scope).to_owned()).collect(),
        });
    }
    access.missing_scopes = missing.into_iter().collect();
    access.usable = access.feeds.iter().any(|feed| feed.available);
}

async fn probe_feed(
    client: &Client,
    feed: SentryFeed,
    organization: &Organization,
    now: Timestamp,
) -> Result<(), Failure> {
    let end = client.server_now().floor(HOUR);
    let window = Window { start: end.offset(-HOUR), end };
    let last_variant = LastVariant::default();
    match feed {
        SentryFeed::Errors => counts::errors(client, &last_variant, "", organization, window).await.map(drop),
        SentryFeed::Transactions => {
            counts::transactions(client, &last_variant, "", organization, window).await.map(drop)
        }
        SentryFeed::Outcomes => outcomes::outcomes(client, "", organization, window).await.map(drop),
        SentryFeed::Sessions => sessions::sessions(client, "", organization, window).await.map(drop),
        SentryFeed::Issues => issues::step(client, "", organization, None, now).await.map(drop),
        SentryFeed::Monitors => monitors::monitors(client, "", organization, now).await.map(drop),
    }
}
